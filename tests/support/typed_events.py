"""Check that what probes record is of the types that readers know."""

from __future__ import annotations

import msgspec

from tracer.trace.events import EVENT_TYPES
from tracer.trace.reading import Trace

_TYPES = {type_.kind: type_ for type_ in EVENT_TYPES}


def assert_events_are_typed(trace: Trace) -> None:
    """Check each step with data: all of its fields are known, and each has the type that it is read as."""
    for step in trace.steps():
        if step.data:
            assert step.kind in _TYPES, f"step {step.number} of the kind {step.kind} has data"
            type_ = _TYPES[step.kind]
            known = {field.encode_name for field in msgspec.structs.fields(type_)}
            assert step.data.keys() <= known, f"step {step.number}, {step.kind}: {step.data.keys() - known}"
            msgspec.convert(step.data, type_)
