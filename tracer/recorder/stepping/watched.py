"""Containers in local variables that can change without their variable being assigned anew."""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import Any, Final

from tracer.recorder.summary import Summariser, is_config_type
from tracer.trace.steps import Bound, Change, Items
from tracer.trace.values import ValueId

_DEPTH: Final = 3
_LENGTH: Final = 400  # a longer container is watched by its length alone
_NO_PAIR: Final = object()


def watch(value: Any, name: str, summaries: Summariser, number: ValueId) -> WatchedPairs | WatchedOther | None:
    """A watch over a value that was just summarised under ``number``; None for one that can't change in place."""
    kind = type(value)
    if kind is dict or (kind not in _LEAVES and (issubclass(kind, dict) or is_config_type(kind))):
        contents = value if issubclass(kind, dict) else object.__getattribute__(value, "__dict__")
        if dict.__len__(contents) <= _LENGTH:
            return WatchedPairs(contents, summaries)
        return WatchedOther(value, number)
    if kind is list or kind is set or kind is tuple:
        return WatchedOther(value, number)
    return None


class WatchedPairs:
    """A dictionary, or a configuration object's instance dictionary: told key by key."""

    __slots__ = ("_contents", "_copy", "_inner", "_pairs")

    def __init__(self, contents: dict[Any, Any], summaries: Summariser) -> None:
        self._contents = contents
        self._copy = dict(dict.items(contents))
        self._inner = [pair for item in self._copy.values() for pair in _containers(item, _DEPTH)]
        self._pairs = summaries.pairs(contents)

    def changes(self, name: str, value: Any, summaries: Summariser) -> Iterator[Change]:
        if not self._changed():
            return
        old, old_copy = self._pairs, self._copy
        new: dict[str, ValueId] = {}
        for key, item in dict.items(self._contents):
            shown = summaries.key(key)
            if old_copy.get(key, _NO_PAIR) is item and shown in old and type(item) in _LEAVES:
                new[shown] = old[shown]
            else:
                new[shown] = summaries.number(item, shown, 1)
        added = {key: number for key, number in new.items() if key not in old}
        changed = {key: number for key, number in new.items() if key in old and old[key] != number}
        removed = [key for key in old if key not in new]
        self._pairs, self._copy = new, dict(dict.items(self._contents))
        self._inner = [pair for item in self._copy.values() for pair in _containers(item, _DEPTH)]
        if added or changed or removed:
            yield Items(name, added, changed, removed)

    def _changed(self) -> bool:
        contents, copy = self._contents, self._copy
        return (
            dict.__len__(contents) != len(copy)
            or not all(map(is_, copy.values(), dict.values(contents)))
            or not all(map(is_, copy, dict.__iter__(contents)))
            or (bool(self._inner) and _mutated(self._inner))
        )


class WatchedOther:
    """A list, set, tuple or very large dictionary: told as a whole."""

    __slots__ = ("_inner", "_number")

    def __init__(self, value: Any, number: ValueId) -> None:
        self._number = number
        self._inner = list(_containers(value, _DEPTH))

    def changes(self, name: str, value: Any, summaries: Summariser) -> Iterator[Change]:
        if self._inner and _mutated(self._inner):
            self._inner = list(_containers(value, _DEPTH))
            number = summaries.number(value, name)
            if number != self._number:
                self._number = number
                yield Bound(name, number)


def _containers(value: Any, depth: int) -> Iterator[tuple[Any, Any]]:
    """The mutable containers in a value, each with a copy (or its length) to compare with."""
    kind = type(value)
    if kind in _LEAVES:
        return
    if kind is dict:
        contents: Any = value
    elif kind is list:
        contents = value
    elif kind is set:
        yield value, len(value)
        return
    elif kind is tuple:
        if depth and len(value) <= _LENGTH:
            for item in value:
                yield from _containers(item, depth - 1)
        return
    elif is_config_type(kind):
        contents = object.__getattribute__(value, "__dict__")
    else:
        return
    if len(contents) > _LENGTH:
        yield contents, len(contents)
        return
    copy = dict(contents) if type(contents) is dict else tuple(contents)
    yield contents, copy
    if depth:
        for item in copy.values() if isinstance(copy, dict) else copy:
            yield from _containers(item, depth - 1)


def _mutated(watched: list[tuple[Any, Any]]) -> bool:
    for container, copy in watched:
        if type(copy) is int:
            if len(container) != copy:
                return True
        elif len(copy) != len(container) or not all(map(is_, copy, container)):
            return True
        elif type(copy) is dict and not all(map(is_, copy.values(), container.values())):
            return True
    return False


_LEAVES: Final = frozenset({type(None), bool, int, float, str, bytes, complex, type})
