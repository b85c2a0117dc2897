"""Check that what probes record is of the types that readers know."""

from __future__ import annotations

from typing import Any

import msgspec

from tracer.trace.events import EVENT_TYPES, Event, Raised
from tracer.trace.reading import Trace

_TYPES = {type_.kind: type_ for type_ in EVENT_TYPES}
_OF_AN_EXCEPTION = {"traceback", "chained", "hidden"}


def assert_events_are_typed(trace: Trace) -> None:
    """Check each step with data: all of its fields are known, and each has the type that it is read as."""
    for step in trace.steps():
        data = dict(step.data)
        if step.event in ("raise", "unwind") and "traceback" in data:
            _assert_typed(step.number, {name: data.pop(name) for name in _OF_AN_EXCEPTION & data.keys()}, Raised)
        if data:
            assert step.kind in _TYPES, f"step {step.number} of the kind {step.kind} has data"
            _assert_typed(step.number, data, _TYPES[step.kind])


def _assert_typed(number: int, data: dict[str, Any], type_: type[Event]) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(type_)}
    assert data.keys() <= known, f"step {number}, {type_.kind}: {data.keys() - known}"
    msgspec.convert(data, type_)
