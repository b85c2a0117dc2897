"""The local variables of one frame, kept up to date as its steps go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Unbound

Path: TypeAlias = "tuple[str | int, ...]"
"""A variable, then the attributes and keys that lead from it to a value."""


class Folded:
    """Variables by their values' numbers. Changes that do not fit, as a file made by hand can hold, are dropped."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._numbers: dict[str, v.ValueId] = {}
        self._pairs: dict[str, dict[str, v.ValueId]] = {}  # of containers that changed in place, as they are now

    def apply(self, changes: Sequence[Change]) -> None:
        """Go on by one step."""
        for change in changes:
            name = change.name
            if isinstance(change, Bound):
                self._numbers[name] = change.value
                self._pairs.pop(name, None)
            elif isinstance(change, Unbound):
                self._numbers.pop(name, None)
                self._pairs.pop(name, None)
            elif name in self._numbers:
                pairs = self._own_pairs(name)
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

    def keys(self, name: str) -> set[str] | None:
        """All keys of a dictionary in a variable; None where they are not recorded whole."""
        value = self.value((name,))
        if not isinstance(value, v.Mapping) or value.type != "dict" or len(value.items) != value.length:
            return None
        return {key for key, _ in value.items}

    def _own_pairs(self, name: str) -> dict[str, v.ValueId]:
        if name not in self._pairs:
            value = self._summary(self._numbers[name])
            self._pairs[name] = dict(value.items) if isinstance(value, (v.Mapping, v.Config)) else {}
        return self._pairs[name]

    def _as_it_is_now(self, name: str) -> v.Value | None:
        value, pairs = self._summary(self._numbers[name]), self._pairs[name]
        if not isinstance(value, (v.Mapping, v.Config)):
            return None
        kind = type(value)
        return kind(value.type, max(value.length - len(value.items), 0) + len(pairs), list(pairs.items()))

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
