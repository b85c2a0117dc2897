"""Finding texts in a trace with SQL. ASCII letters count the same in either case.

Of a text as long as no value's is, only the beginning is compared here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Frame, Items
from tracer.trace.values import Config, Mapping, Sequence, Value, ValueId, decode_value

_LONGEST: Final = 1_000  # characters; SQLite refuses patterns of more than 50,000 bytes

_decode_data = msgspec.json.Decoder(dict[str, Any]).decode
_decode_changes = msgspec.json.Decoder(list[Change]).decode


class Mentions(msgspec.Struct, frozen=True):
    """Which step first tells of a variable of this name, and of each value: itself, or in what holds it."""

    names: dict[str, int]
    values: dict[ValueId, int]


def mentions(trace: Trace) -> Mentions:
    """Read once for a trace, from all its changes."""
    known = _known.get(trace)
    if known is None:
        with trace.readable():
            known = _known[trace] = _mentions(trace)
    return known


_known: WeakKeyDictionary[Trace, Mentions] = WeakKeyDictionary()


def _mentions(trace: Trace) -> Mentions:
    names: dict[str, int] = {}
    values: dict[ValueId, int] = {}
    query = "SELECT number, changes, value FROM step WHERE changes != '[]' OR value IS NOT NULL ORDER BY number"
    for step, changes, value in trace.rows(tuple[int, str, int | None], query):
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
    query = f"SELECT number, data FROM value WHERE {_are('mapping', 'config', 'sequence')} ORDER BY number DESC"
    for number, data in trace.rows(tuple[int, str], query):
        step = values.get(number)
        if step is not None:
            for item in _held(decode_value(data)):
                if values.setdefault(item, step) > step:
                    values[item] = step


def _held(value: Value) -> list[ValueId]:
    if isinstance(value, Sequence):
        return value.items
    return [item for _, item in value.items] if isinstance(value, (Mapping, Config)) else []


def values_with(trace: Trace, text: str) -> Iterator[ValueId]:
    """The values whose summary may have the text somewhere, in the order in which they were stored."""
    where = "data LIKE ? ESCAPE '!'"
    if "." in text:  # module and name stand apart there
        where += f" OR {_are('class', 'function')}"
    query = f"SELECT number FROM value WHERE {where} ORDER BY number"
    return (number for (number,) in trace.rows(tuple[int], query, _pattern(_in_json(text))))


def _are(*kinds: str) -> str:
    """The condition that a value is of one of these kinds, as :mod:`tracer.trace.values` writes it."""
    return " OR ".join(f"""data LIKE '{{"is":"{kind}"%'""" for kind in kinds)


def frames_of(trace: Trace, text: str) -> Iterator[Frame]:
    """The first execution of each function that bears the text in its qualified name or its module's."""
    query = (
        "SELECT min(number) FROM frame WHERE module || '.' || function LIKE ? ESCAPE '!'"
        " GROUP BY module, function ORDER BY 1"
    )
    return (trace.frame(number) for (number,) in trace.rows(tuple[int], query, _pattern(text[:_LONGEST])))


def first_frames(trace: Trace) -> dict[int, int]:
    """The first frame of each source file that has any."""
    return dict(trace.rows(tuple[int, int], "SELECT source, min(number) FROM frame GROUP BY source"))


def data_with(trace: Trace, kind: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The data of a kind's steps that has the text somewhere, each with the step's number, in order."""
    query = "SELECT number, data FROM step WHERE kind = ? AND data LIKE ? ESCAPE '!' ORDER BY number"
    for number, data in trace.rows(tuple[int, str], query, kind, _pattern(_in_json(text))):
        with trace.readable():
            decoded = _decode_data(data)
        yield number, decoded


def _in_json(text: str) -> str:
    return msgspec.json.encode(text[:_LONGEST])[1:-1].decode()


def _pattern(text: str) -> str:
    return f"%{re.sub('[!%_]', _escaped, text)}%"


def _escaped(found: re.Match[str]) -> str:
    return f"!{found[0]}"


def slowest_step(trace: Trace, stage: str) -> tuple[int, float]:
    """Return the step of a stage after which most time passed until the trace's next step, and how many seconds."""
    query = (
        "SELECT this.number, following.time - this.time AS spent FROM step AS this"
        " JOIN step AS following ON following.number = this.number + 1 WHERE this.stage = ? ORDER BY spent DESC LIMIT 1"
    )
    for number, spent in trace.rows(tuple[int, int], query, stage):
        return number, spent / 1e9
    return 0, 0.0
