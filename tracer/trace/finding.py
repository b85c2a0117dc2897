"""Finding texts in a trace with SQL. ASCII letters count the same in either case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Frame, Items, Step
from tracer.trace.values import Config, Mapping, Sequence, ValueId, decode_value

_CONTAINERS: Final = ("mapping", "config", "sequence")

_decode_changes = msgspec.json.Decoder(list[Change]).decode


class Mentions(msgspec.Struct, frozen=True):
    """Which step first tells of a variable of this name, and of each value: itself, or in what holds it."""

    names: dict[str, int]
    values: dict[ValueId, int]


def mentions(trace: Trace) -> Mentions:
    """Read once for a trace, from all its changes."""
    known = _known.get(trace)
    if known is None:
        known = _known[trace] = _mentions(trace)
    return known


_known: WeakKeyDictionary[Trace, Mentions] = WeakKeyDictionary()


def _mentions(trace: Trace) -> Mentions:
    names: dict[str, int] = {}
    values: dict[ValueId, int] = {}
    query = "SELECT number, changes, value FROM step WHERE changes != '[]' OR value IS NOT NULL ORDER BY number"
    for step, changes, value in trace.rows(query):
        for change in _decode_changes(changes):
            if isinstance(change, Bound):
                names.setdefault(change.name, step)
                values.setdefault(change.value, step)
            elif isinstance(change, Items):
                for number in (*change.added.values(), *change.changed.values()):
                    values.setdefault(number, step)
        if value is not None:
            values.setdefault(value, step)
    _look_inside(trace, values)
    return Mentions(names, values)


def _look_inside(trace: Trace, values: dict[ValueId, int]) -> None:
    """What a container holds was stored before it: from the last to the first, each hands its step on."""
    kinds = " OR ".join(f"""data LIKE '{{"is":"{kind}"%'""" for kind in _CONTAINERS)
    for number, data in trace.rows(f"SELECT number, data FROM value WHERE {kinds} ORDER BY number DESC"):
        value, step = decode_value(data), values.get(number)
        if step is None:
            continue
        if isinstance(value, Sequence):
            inner = value.items
        else:
            inner = [item for _, item in value.items] if isinstance(value, (Mapping, Config)) else []
        for item in inner:
            if values.setdefault(item, step) > step:
                values[item] = step


def values_with(trace: Trace, text: str) -> Iterator[ValueId]:
    """The values whose summary has the text somewhere, in the order in which they were stored."""
    query = "SELECT number FROM value WHERE instr(lower(data), lower(?)) ORDER BY number"
    return (number for (number,) in trace.rows(query, _in_json(text)))


def frames_of(trace: Trace, text: str) -> Iterator[Frame]:
    """The first execution of each function that bears the text in its qualified name or its module's."""
    query = (
        "SELECT min(number) FROM frame WHERE instr(lower(module || '.' || function), lower(?))"
        " GROUP BY module, function ORDER BY 1"
    )
    return (trace.frame(number) for (number,) in trace.rows(query, text))


def first_frames(trace: Trace) -> dict[int, int]:
    """The first frame of each source file that has any."""
    rows = trace.rows("SELECT source, min(number) FROM frame GROUP BY source")
    return {int(source): int(frame) for source, frame in rows}


def steps_with(trace: Trace, kind: str, text: str) -> Iterator[Step]:
    """The steps of a kind whose data has the text somewhere, in order."""
    query = "SELECT number FROM step WHERE kind = ? AND instr(lower(data), lower(?)) ORDER BY number"
    return (trace.step(number) for (number,) in trace.rows(query, kind, _in_json(text)))


def _in_json(text: str) -> str:
    return msgspec.json.encode(text)[1:-1].decode()
