"""Which of a walkthrough's loads a trace is of, and how a trace's load would be written down."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath
from typing import Any, Final

import msgspec

from tracer.export.naming import model_name
from tracer.replay.auto_calls import auto_calls, loads_a_model
from tracer.replay.plain import plain
from tracer.replay.variables import state_at
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.walkthrough.format import Load, Walkthrough

_DTYPES: Final = ("dtype", "torch_dtype")


def matching(walkthrough: Walkthrough, trace: Trace) -> str | None:
    """The name of the load that a trace is of: the same model and, of several such, what has most in common."""
    model = model_name(trace.meta)
    adapted = "peft" in trace.stages()
    same = {
        name: load
        for name, load in walkthrough.loads.items()
        if PurePath(load.fixture).name == model and (load.peft is not None) == adapted
    }
    if len(same) < 2:
        return next(iter(same), None)
    own = as_recorded(trace)
    return max(same, key=lambda name: _in_common(same[name], own))


def as_recorded(trace: Trace) -> Load:
    """The load that a trace is of, as far as it tells."""
    given = _given(trace)
    dtype = next((given.pop(name) for name in _DTYPES if name in given), None)
    stages = trace.stages()
    return Load(
        fixture=_model(trace),
        kwargs=given,
        dtype=str(dtype).removeprefix("torch.") if dtype is not None else None,
        tokenizer="tokenizer" in stages,
        forward="forward" in stages,
        generate=sum(1 for _ in trace.steps(kinds=["token-generated"])),
    )


def written(load: Load, fixtures: Collection[str]) -> dict[str, Any] | None:
    """What stands under ``loads`` in a file; None for the load of the demo.

    Args:
        load: the load.
        fixtures: the names of the bundled model directories.
    """
    name = PurePath(load.fixture).name
    bundled = next((one for one in fixtures if PurePath(one).name == name), None)
    load = msgspec.structs.replace(load, fixture=bundled or load.fixture)
    if load == Load():
        return None
    usual, fields = msgspec.to_builtins(Load()), msgspec.to_builtins(load)
    return {"mine": {key: value for key, value in fields.items() if value != usual[key]}}


def _in_common(load: Load, own: Load) -> int:
    alike = (
        load.kwargs == own.kwargs,
        load.dtype == own.dtype,
        load.tokenizer == own.tokenizer,
        load.forward == own.forward,
        (load.generate > 0) == (own.generate > 0),
    )
    return sum(alike)


def _model(trace: Trace) -> str:
    asked, roots = trace.meta.get("asked"), trace.meta.get("roots")
    if asked == "<model>" and isinstance(roots, dict) and isinstance(roots.get("model"), str):
        return str(roots["model"])
    return model_name(trace.meta)


def _given(trace: Trace) -> dict[str, Any]:
    """The keyword arguments that the user gave, where they are plain."""
    calls = [one for one in auto_calls(trace) if loads_a_model(trace, one)]
    if not calls:
        return {}
    try:
        states = state_at(trace, calls[-1].step)
        local = states[0].variables.get("kwargs") if states else None
        kwargs = local.value(trace) if local is not None else None
        pairs = kwargs.items if isinstance(kwargs, v.Mapping) else []
        found = {name: _plain(trace, number) for name, number in pairs}
    except DanglingNumber:
        return {}
    found.pop("trust_remote_code", None)
    return {name: value for name, value in found.items() if not (isinstance(value, dict) and "is" in value)}


def _plain(trace: Trace, number: int) -> Any:
    value = trace.value(number)
    return value.text if isinstance(value, v.Named) else plain(trace, number)
