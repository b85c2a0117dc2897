"""Find text in a trace with SQL. Case is ignored for ASCII letters.

Only the beginning of a text longer than any value's is compared.
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
    """The first step that mentions each variable name, and each value: by itself or inside a container."""

    names: dict[str, int]
    values: dict[ValueId, int]


def mentions(trace: Trace) -> Mentions:
    """Return the mentions in all of a trace's changes, collected once per trace."""
    known = _known.get(trace)
    if known is None:
        with trace.readable():
            known = _known[trace] = _mentions(trace)
    return known


def keep_mentions(trace: Trace, found: Mentions) -> None:
    """Keep the mentions that another thread has collected from the same file."""
    _known[trace] = found


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
    """Pass each container's step on to its items, from the last value to the first: items are stored before
    containers."""
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
    """Yield the values whose summary may contain the text, in the order in which they were stored."""
    where = "data LIKE ? ESCAPE '!'"
    if "." in text:  # module and name are separate fields
        where += f" OR {_are('class', 'function')}"
    query = f"SELECT number FROM value WHERE {where} ORDER BY number"
    return (number for (number,) in trace.rows(tuple[int], query, _pattern(_in_json(text))))


def _are(*kinds: str) -> str:
    """Return the SQL condition for values of these kinds, as :mod:`tracer.trace.values` encodes them."""
    return " OR ".join(f"""data LIKE '{{"is":"{kind}"%'""" for kind in kinds)


def frames_of(trace: Trace, text: str) -> Iterator[Frame]:
    """Yield the first execution of each function whose module or qualified name contains the text."""
    query = (
        "SELECT min(number) FROM frame WHERE module || '.' || function LIKE ? ESCAPE '!'"
        " GROUP BY module, function ORDER BY 1"
    )
    return (trace.frame(number) for (number,) in trace.rows(tuple[int], query, _pattern(text[:_LONGEST])))


def first_calls(trace: Trace, limit: int) -> list[tuple[int, str, str]]:
    """Return the functions that ran, in that order, each as its first step, its qualified name and its module."""
    query = (
        "SELECT (SELECT min(number) FROM step WHERE frame = first), function, module FROM"
        " (SELECT min(number) AS first, function, module FROM frame GROUP BY module, function ORDER BY 1 LIMIT ?)"
    )
    found = trace.rows(tuple[int | None, str, str], query, limit)
    return [(step, function, module) for step, function, module in found if step is not None]


def first_modules(trace: Trace, limit: int) -> list[tuple[int, str, str]]:
    """Return the modules that were called, each as its first step, its path and its class."""
    first: dict[str, tuple[int, str]] = {}
    query = "SELECT number, data FROM step WHERE kind = 'module-entered' ORDER BY number LIMIT ?"
    for step, data in trace.rows(tuple[int, str], query, 10 * limit):
        with trace.readable():
            decoded = _decode_data(data)
        path, kind = decoded.get("path"), decoded.get("class")
        if isinstance(path, str) and path and len(first) < limit:
            first.setdefault(path, (step, kind if isinstance(kind, str) else ""))
    return [(step, path, kind) for path, (step, kind) in first.items()]


def first_frames(trace: Trace) -> dict[int, int]:
    """Return the first frame of each source file that has frames."""
    return dict(trace.rows(tuple[int, int], "SELECT source, min(number) FROM frame GROUP BY source"))


def data_with(trace: Trace, kind: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and data of the steps of a kind whose data contains the text, in order."""
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


def slowest_step(trace: Trace, stage: str, start: int = 0, stop: int | None = None) -> tuple[int, float]:
    """Return the step of a stage that is followed by the longest time until the next step, and that time in seconds."""
    query = (
        "SELECT this.number, following.time - this.time AS spent FROM step AS this"
        " JOIN step AS following ON following.number = this.number + 1"
        " WHERE this.stage = ? AND this.number >= ? AND this.number < ? ORDER BY spent DESC LIMIT 1"
    )
    for number, spent in trace.rows(tuple[int, int], query, stage, start, len(trace) if stop is None else stop):
        return number, spent / 1e9
    return 0, 0.0
