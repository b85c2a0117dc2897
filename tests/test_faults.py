"""A fault in the recorder never affects the load: whatever breaks, the load ends as it does unrecorded.

Every patch that a load meets and every function of the recorder is broken in turn.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

pytest.importorskip("torch")

import tracer.recorder
from tests.conftest import FIXTURES
from tests.support.forked import in_fork

MODELS = {"bert-tiny": "AutoModel", "glm-4v-tiny": "AutoModelForCausalLM"}

# Code between the recorder and the load, or called before and after the load: the guard can't catch a fault there.
BETWEEN = {
    "guard": None,  # the guard itself
    "patches": None,
    "session": {"start", "stop", "finish", "__init__", "__enter__", "__exit__", "detach_after_fork"},
    "code_guard": None,  # consent: if in doubt, nothing runs
    "child": None, "run_load": None, "in_process": None,
    "model.weightless": None, "model.lora": None, "feeding.inputs": None,  # create what is loaded and the inputs
    "model.generation": {"generate", "put", "end", "stop", "watch", "_unused"},
    "model.model_watch": {"passes", "stop"},
    "model.forward": {"watch_operators"},
    "model.construction": {"stop"},
    "recording": {"stage", "check_limit", "detach_after_fork", "finish", "_close", "skip"},  # the purpose of a limit is to end the load
    "stepping.settrace": {"start", "stop", "unstepped", "__init__", "__enter__", "__exit__"},
    "stepping.monitoring": {"start", "stop", "_started", "_line", "_returned", "_raised", "_unwound"},
    "stepping.model_code": {"steps_passes"},
    "stepping.tracing_pause": {"_wrapped", "_pausing", "_holds"},
    "probes.messages": {"write", "writelines", "_accept", "__getattr__", "__iter__", "finish"},
}  # fmt: skip


def functions() -> dict[str, FunctionType]:
    """Return every function and method of the recorder that a load may reach, by its full name."""
    found = {}
    for info in pkgutil.walk_packages(tracer.recorder.__path__, "tracer.recorder."):
        module = importlib.import_module(info.name)
        name = info.name.removeprefix("tracer.recorder.")
        between: set[str] | None = BETWEEN.get(name, set())
        if between is None:
            continue
        for owner in [module, *(one for one in vars(module).values() if inspect.isclass(one))]:
            if getattr(owner, "__module__", info.name) != info.name:
                continue
            for member, value in list(vars(owner).items()):
                value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                value = getattr(value, "__wrapped__", value)
                mine = isinstance(value, FunctionType) and value.__module__ == info.name
                if mine and member not in between and not value.__code__.co_freevars:
                    found[f"{name}.{value.__qualname__}"] = value
    return found


def breaks(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a fault of our own")


def load(name: str) -> dict[str, Any]:
    """Load a bundled model and return the result."""
    import torch
    import transformers

    model = str(FIXTURES / name)
    torch.manual_seed(3)
    try:
        made = getattr(transformers, MODELS[name]).from_pretrained(model, trust_remote_code=True)
    except Exception as error:
        return {"error": repr(error)}
    return {
        "class": type(made).__name__,
        "sum": sum(float(value.double().sum()) for value in made.parameters()),
        "made": made,
    }


def run(made: Any, generates: bool) -> Any:
    import torch

    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        logits = made(input_ids=ids)[0]
    return float(logits.double().sum())


def recorded(name: str, folder: Path, switch: Callable[[bool], None], lines: bool = True) -> dict[str, Any]:
    """Do the same while recording; ``switch`` breaks something, and repairs it before recording is stopped."""
    from tracer.recorder.model.model_watch import ModelOptions
    from tracer.recorder.session import Session

    journal = folder / "journal"
    journal.unlink(missing_ok=True)
    session = Session(journal, model=str(FIXTURES / name), lines=lines, model_options=ModelOptions(statistics=True))
    with session:
        switch(True)
        try:
            found = load(name)
            if "made" in found:
                with session.model.passes(found["made"], "forward"):
                    found["pass"] = run(found["made"], False)
        except BaseException as error:
            found = {"reached": repr(error)}
        finally:
            switch(False)
    session.finish(None)
    found.pop("made", None)
    return found


def unrecorded(name: str) -> dict[str, Any]:
    found = load(name)
    found["pass"] = run(found.pop("made"), False)
    return found


def _each_patch(name: str, folder: str, alone: bool) -> dict[str, Any]:
    """Return the results of loads in which all patches break before or after the call and, if asked, each one alone."""
    from tracer.recorder.guard import Guard, Watch, Watching

    around = Guard.around
    seen: set[str] = set()
    broken: tuple[str | None, str] = ("", "")

    def breaking(self: Guard, label: str, original: Any, watch: Watch) -> Any:
        seen.add(label)

        def watching(*args: Any, **kwargs: Any) -> Watching:
            if broken[0] in (None, label) and broken[1] == "before":
                breaks()
            inner = watch(*args, **kwargs)
            try:
                next(inner)
            except StopIteration:
                return
            ending = yield
            if broken[0] in (None, label) and broken[1] == "after":
                breaks()
            try:
                inner.send(ending)
            except StopIteration:
                return

        return around(self, label, original, watching)

    Guard.around = breaking  # type: ignore[method-assign]
    unrecorded(name)
    expected = unrecorded(name)
    found: dict[str, Any] = {"expected": expected, "nothing": recorded(name, Path(folder), lambda on: None)}
    assert len(seen) > 5, seen
    for label in [*(sorted(seen) if alone else ()), None]:
        for when in ("before", "after"):
            broken = (label, when)
            found[f"{label} {when}"] = recorded(name, Path(folder), lambda on: None)
    return found


def test_all_patches_break(tmp_path: Path) -> None:
    found = in_fork(_each_patch, "bert-tiny", str(tmp_path), False)
    expected = found.pop("expected")
    assert "error" not in expected
    assert found == dict.fromkeys(("nothing", "None before", "None after"), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert-tiny", "glm-4v-tiny"])
def test_a_patch_that_breaks(name: str, tmp_path: Path) -> None:
    found = in_fork(_each_patch, name, str(tmp_path), True)
    expected = found.pop("expected")
    assert "error" not in expected
    assert len(found) > 15
    assert {what: one for what, one in found.items() if one != expected} == {}


def _each_function(name: str, folder: str, part: int, parts: int) -> dict[str, Any]:
    unrecorded(name)
    found: dict[str, Any] = {"expected": unrecorded(name)}
    for place, function in sorted(functions().items())[part::parts]:
        code = function.__code__

        def switch(on: bool, function: FunctionType = function, code: Any = code) -> None:
            function.__code__ = breaks.__code__ if on else code

        found[place] = recorded(name, Path(folder), switch)
    return found


PARTS = 4


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_function_that_breaks(part: int, tmp_path: Path) -> None:
    found = in_fork(_each_function, "bert-tiny", str(tmp_path), part, PARTS)
    expected = found.pop("expected")
    assert len(found) > 30
    assert {what: one for what, one in found.items() if one != expected} == {}


def test_every_patch_is_watched() -> None:
    """An attribute is set without the guard only where no recorder code runs, or where it catches its own faults."""
    bare = set(_set_by_hand())
    assert bare <= {"stepping.tracing_pause", "code_guard", "model.weightless", "probes.messages"}, bare


def _set_by_hand() -> Iterator[str]:
    folder = Path(tracer.recorder.__file__).parent
    for path in folder.rglob("*.py"):
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        if name != "patches" and "patches.set(" in path.read_text(encoding="utf-8"):
            yield name
