"""The loads of walkthroughs: which of them a trace records, and a trace's load as a walkthrough writes it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath
from typing import Any, Final

import msgspec

from tracer.analysis.loading_calls import loading_calls, loads_a_model
from tracer.analysis.locals import state_at
from tracer.analysis.value_format import to_json
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.walkthrough.format import Load, Walkthrough

_DTYPES: Final = ("dtype", "torch_dtype")
_BY_ITSELF: Final = (None, "AutoModel", "AutoModelForCausalLM")  # what a load takes where no class is named


def load_name_for(walkthrough: Walkthrough, trace: Trace) -> str | None:
    """Return the name of the load that a trace records; of several candidates, the one with most in common."""
    own, peft = load_of_trace(trace), "peft" in trace.stages()
    model = trace.meta.model_name
    same = {
        name: load
        for name, load in walkthrough.loads.items()
        if PurePath(load.fixture).name == model and (load.peft is not None) == peft and _is_of(own, load)
    }
    return max(same, key=lambda name: _in_common(same[name], own), default=None)


def load_of_trace(trace: Trace) -> Load:
    """Return a description of the load that a trace records, as far as the trace shows it."""
    call, given = _call(trace)
    trust = given.pop("trust_remote_code", None)
    dtype = next((given.pop(name) for name in _DTYPES if name in given), None)
    stages = trace.stages()
    return Load(
        fixture=_model(trace),
        kwargs=given,
        dtype=str(dtype).removeprefix("torch.") if dtype is not None else None,
        tokenizer="tokenizer" in stages or "processor" in stages,
        forward="forward" in stages,
        generate=sum(1 for _ in trace.steps(kinds=["token-generated"])),
        auto_class=None if call in _BY_ITSELF else call,
        trust=call is None or trust is True,
    )


def loads_entry(load: Load, fixtures: Collection[str]) -> dict[str, Any] | None:
    """Return the ``loads`` entry of a file; None for the load of the demo.

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


def _is_of(own: Load, load: Load) -> bool:
    """Return whether a recorded load does all that a load does, with the same arguments."""
    alike = (
        load.kwargs == own.kwargs,
        load.dtype == own.dtype,
        load.trust == own.trust,
        load.tokenizer == own.tokenizer,
        load.auto_class in (own.auto_class, *(() if own.auto_class else _BY_ITSELF)),
        own.forward or not load.forward,
        own.generate > 0 or not load.generate,
    )
    return all(alike)


def _in_common(load: Load, own: Load) -> int:
    return (load.forward == own.forward) + ((load.generate > 0) == (own.generate > 0))


def _model(trace: Trace) -> str:
    meta = trace.meta
    return meta.model_folder if meta.asked == "<model>" and meta.model_folder is not None else meta.model_name


def _call(trace: Trace) -> tuple[str | None, dict[str, Any]]:
    """Return the class that the user loads a model with, and its keyword arguments that are plain values."""
    calls = [one for one in loading_calls(trace) if loads_a_model(trace, one)]
    if not calls:
        return None, {}
    name = calls[-1].call.partition(".")[0]
    try:
        states = state_at(trace, calls[-1].step)
        local = states[0].variables.get("kwargs") if states else None
        kwargs = local.value(trace) if local is not None else None
        pairs = kwargs.items if isinstance(kwargs, v.Mapping) else []
        found = {key: _plain(trace, number) for key, number in pairs}
    except DanglingNumber:
        return name, {}
    return name, {key: value for key, value in found.items() if not (isinstance(value, dict) and "is" in value)}


def _plain(trace: Trace, number: int) -> Any:
    value = trace.value(number)
    return value.text if isinstance(value, v.Named) else to_json(trace, number)
