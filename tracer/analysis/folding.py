"""The local variables of one frame, kept up to date as its steps go by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final, TypeAlias

from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Unbound

_PAIRS: Final = 64  # of a container put together anew; like a recorded one it tells its real length

Path: TypeAlias = "tuple[str | int, ...]"
"""A variable, then the attributes and keys that lead from it to a value."""


class Folded:
    """Variables by their values' numbers. Changes that do not fit, as a file made by hand can hold, are dropped."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._numbers: dict[str, v.ValueId] = {}
        self._pairs: dict[str, dict[str, v.ValueId]] = {}  # of containers that changed in place, as they are now
        self._now: dict[str, v.Value] = {}  # summaries put together of those, until they change again

    def apply(self, changes: Sequence[Change]) -> None:
        """Go on by one step."""
        for change in changes:
            name = change.name
            if isinstance(change, Bound):
                self._numbers[name] = change.value
                self._forget(name)
            elif isinstance(change, Unbound):
                self._numbers.pop(name, None)
                self._forget(name)
            elif name in self._numbers:
                pairs = self._own_pairs(name)
                self._now.pop(name, None)
                for key in change.removed:
                    pairs.pop(key, None)
                pairs.update(change.added)
                pairs.update(change.changed)

    def value(self, path: Path) -> v.Value | None:
        """What a path leads to at this moment; None where that is not recorded."""
        name = path[0] if path else None
        if not isinstance(name, str) or name not in self._numbers:
            return None
        if name not in self._pairs:
            return self._follow(self._numbers[name], path[1:])
        if len(path) == 1:
            return self._as_it_is_now(name)
        key = path[1]
        return self._follow(self._pairs[name].get(key) if isinstance(key, str) else None, path[2:])

    def holds_key(self, name: str, key: str) -> bool | None:
        """Whether a dictionary in a variable has a key; None where its keys are not recorded whole."""
        number = self._numbers.get(name)
        value = self._summary(number)
        if not isinstance(value, v.Mapping) or value.type != "dict" or len(value.items) != value.length:
            return None
        return key in self._pairs[name] if name in self._pairs else any(key == there for there, _ in value.items)

    def _own_pairs(self, name: str) -> dict[str, v.ValueId]:
        if name not in self._pairs:
            value = self._summary(self._numbers[name])
            self._pairs[name] = dict(value.items) if isinstance(value, (v.Mapping, v.Config)) else {}
        return self._pairs[name]

    def _forget(self, name: str) -> None:
        if name in self._pairs:
            del self._pairs[name]
            self._now.pop(name, None)

    def _as_it_is_now(self, name: str) -> v.Value | None:
        if name in self._now:
            return self._now[name]
        value, pairs = self._summary(self._numbers[name]), self._pairs[name]
        if not isinstance(value, (v.Mapping, v.Config)):
            return None
        kind = type(value)
        length = max(value.length - len(value.items), 0) + len(pairs)
        now = self._now[name] = kind(value.type, length, list(islice(pairs.items(), _PAIRS)))
        return now

    def _follow(self, number: v.ValueId | None, keys: Path) -> v.Value | None:
        value = self._summary(number)
        for key in keys:
            value = self._summary(_inner(value, key))
        return value

    def _summary(self, number: v.ValueId | None) -> v.Value | None:
        try:
            return None if number is None else self._trace.value(number)
        except DanglingNumber:
            return None


def _inner(value: v.Value | None, key: str | int) -> v.ValueId | None:
    if isinstance(value, (v.Mapping, v.Config)) and isinstance(key, str):
        return dict(value.items).get(key)
    if isinstance(value, v.Sequence) and value.type in ("list", "tuple") and isinstance(key, int):
        return value.items[key] if 0 <= key < len(value.items) else None
    return None
