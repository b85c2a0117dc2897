"""What ``why`` says of a hub model that did not arrive: the hub's answers, each in a load of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.hub import Answer, Hub, HubLoads, running_hub
from tests.support.small_models import tiny_llama
from tracer.analysis.diagnosis import diagnose
from tracer.trace.reading import open_trace

MODEL: Final = "harbour/llama"
GATED: Final = {"X-Error-Code": "GatedRepo", "X-Error-Message": "you are not in the authorized list"}
NO_HUB: Final = {"Content-Type": "text/html"}


def leave_it(method: str, path: str) -> Answer | None:
    return None


def on_config(answer: Answer) -> Callable[[str, str], Answer | None]:
    return lambda method, path: answer if path.endswith("/config.json") else None


def on_weights(answer: Callable[[bytes], Answer]) -> Callable[[str, str], Answer | None]:
    def given(method: str, path: str) -> Answer | None:
        return answer(Path(path.removeprefix("/cdn")).read_bytes()) if path.startswith("/cdn") else None

    return given


@dataclass(frozen=True)
class Trouble:
    """What a hub does to a load, and what is said of it."""

    kind: str
    model: str = MODEL
    answers: Callable[[str, str], Answer | None] = leave_it
    options: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    remedy: str | None = None


TROUBLES: Final = {
    "gated": Trouble("hub-gated", "harbour/gated", values={"file": "config.json"}),
    "gated for this account": Trouble("hub-not-admitted", answers=lambda method, path: Answer(403, GATED)),
    "missing repository": Trouble("hub-no-repository", "harbour/no-such-model"),
    "missing revision": Trouble("hub-no-revision", options={"kwargs": {"revision": "v9"}}, values={"revision": "v9"}),
    "wrong token": Trouble(
        "hub-token-refused",
        answers=lambda method, path: Answer(401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
        variables={"HF_TOKEN": "hf_" + "Wrong" * 7},
    ),
    "an answer that says no more": Trouble("model-not-found", answers=lambda method, path: Answer(404)),
    "no config.json": Trouble("hub-no-config", "harbour/empty"),
    "no weights": Trouble("weights-missing", "harbour/weightless", values={"in": "harbour/weightless"}),
    "offline": Trouble("hub-not-asked", variables={"HF_HUB_OFFLINE": "1"}, values={"setting": "HF_HUB_OFFLINE=1"}),
    "local files only": Trouble(
        "hub-not-asked",
        options={"kwargs": {"local_files_only": True}},
        values={"setting": "local_files_only=True"},
    ),
    "refused connection": Trouble(
        "hub-unreachable", variables={"HF_ENDPOINT": "http://127.0.0.1:9"}, values={"endpoint": "http://127.0.0.1:9"}
    ),
    "error 500": Trouble("hub-error", answers=on_config(Answer(500)), values={"status": 500}, remedy="try-later"),
    "error 429": Trouble("hub-error", answers=on_config(Answer(429)), values={"status": 429}, remedy="ask-less-often"),
    "a page": Trouble("hub-not-a-hub", answers=on_config(Answer(200, NO_HUB, b"<html>log in</html>"))),
    "weights: error 500": Trouble(
        "hub-error", answers=on_weights(lambda _: Answer(500)), values={"file": "model.safetensors", "status": 500}
    ),
    "weights: cut": Trouble(
        "hub-cut",
        answers=on_weights(lambda body: Answer(200, {}, body, cut_at=1000)),
        values={"file": "model.safetensors"},
    ),
    "weights: wrong size": Trouble(
        "hub-other-size",
        answers=on_weights(lambda body: Answer(200, {}, body[:-100])),
        values={"file": "model.safetensors"},
    ),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("repositories")
    with running_hub() as hub:
        llama = tiny_llama(folder / "llama")
        hub.add(MODEL, llama)
        hub.add("harbour/gated", llama, gated=True)
        empty = folder / "empty"
        empty.mkdir()
        (empty / "README.md").write_text("nothing yet")
        hub.add("harbour/empty", empty)
        weightless = Path(shutil.copytree(llama, folder / "weightless"))
        (weightless / "model.safetensors").unlink()
        hub.add("harbour/weightless", weightless)
        yield hub


EVERYDAY: Final = {"gated", "missing repository", "offline", "error 500", "weights: error 500"}
assert TROUBLES.keys() >= EVERYDAY
SOME: Final = [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in TROUBLES]


@pytest.mark.parametrize("name", SOME)
def test_the_cause_is_what_the_hub_did(hub: Hub, tmp_path: Path, name: str) -> None:
    trouble = TROUBLES[name]
    hub.answers = trouble.answers
    loads = HubLoads(tmp_path, hub, tmp_path / "home", **trouble.variables)
    options: dict[str, Any] = {"forward": False, "processor": False, **trouble.options}
    try:
        result = loads.record_anew(work="load", model=trouble.model, **options)
    finally:
        hub.answers = leave_it
    assert result.outcome.status == "failed"
    token = trouble.variables.get("HF_TOKEN", "no token")
    assert token.encode() not in result.path.read_bytes()
    assert token not in f"{result.outcome}{result.native}"
    with open_trace(result.path) as trace:
        (cause,) = diagnose(trace).causes
    assert cause.kind == trouble.kind
    expected = {} if trouble.kind == "weights-missing" else {"model": trouble.model}
    expected |= {"endpoint": hub.url} if "endpoint" in cause.values else {}
    assert cause.values.items() >= {**expected, **trouble.values}.items()
    assert trouble.remedy in (None, cause.remedy)
