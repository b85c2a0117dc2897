"""The configuration that the model was built with, attribute by attribute."""

from __future__ import annotations

from collections.abc import Iterator

from tracer.analysis.diff.difference import Difference, Table, table_differences
from tracer.analysis.value_format import to_json
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Step


def compare_configs(a: Trace, b: Trace) -> Iterator[Difference]:
    yield from table_differences("config", "config", _attributes(a), _attributes(b))


def _attributes(trace: Trace) -> Table:
    """The attributes of the last configuration that a ``from_pretrained`` or ``from_dict`` returned."""
    found: Table = {}
    for step in trace.steps(kinds=["config-built"]):
        config = _config(trace, step)
        if config is not None:
            pairs = ((name, to_json(trace, number)) for name, number in config.items)
            found = {name: (value, step.number) for name, value in pairs}
    return found


def _config(trace: Trace, step: Step) -> v.Config | None:
    """The configuration that a step returned, alone or first of several things."""
    try:
        value = None if step.value is None else trace.value(step.value)
        if isinstance(value, v.Sequence) and value.items:
            value = trace.value(value.items[0])
    except DanglingNumber:
        return None
    return value if isinstance(value, v.Config) else None
