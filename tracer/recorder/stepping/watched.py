"""Containers in local variables that can change without their variable being assigned anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import is_
from typing import Any, Final

from tracer.recorder import raw
from tracer.recorder.library_types import is_config_type
from tracer.recorder.summary import MAX_DEPTH, Summariser
from tracer.trace.redaction import is_secret_name
from tracer.trace.steps import Bound, Change, Items
from tracer.trace.values import ValueId

_LENGTH: Final = 400  # a longer container is watched by its length alone,
_GROWTH: Final = 16  # and told again when that has changed by a sixteenth: what fills it would be told with every item
_ABSENT: Final = object()
_NO_CONTAINERS: Final[list[tuple[Any, Any]]] = []
# By id, as types with a metaclass of their own could not be looked up without asking it.
_LEAVES: Final = frozenset(map(id, (type(None), bool, int, float, str, bytes, complex, type)))


class Watches:
    """The watched variables of one frame.

    Asked after every line and mostly answering no, so the question is put to all containers at once, by identity and
    in C: are their lengths, keys and values the ones that were there before?
    """

    __slots__ = (
        "_dict_values",
        "_dicts",
        "_keys",
        "_lengths",
        "_list_values",
        "_lists",
        "_sized",
        "_stale",
        "_watched",
    )

    def __init__(self) -> None:
        self._watched: dict[str, WatchedPairs | WatchedOther] = {}
        self._stale = False
        self._sized: list[Any] = []
        self._dicts: list[dict[Any, Any]] = []
        self._lists: list[list[Any]] = []
        self._lengths: list[int] = []
        self._keys: list[Any] = []
        self._dict_values: list[Any] = []
        self._list_values: list[Any] = []

    def __contains__(self, name: str) -> bool:
        return name in self._watched

    def set(self, name: str, value: Any, summaries: Summariser, number: ValueId) -> None:
        """Watch a variable's value, which was just summarised under ``number``, if it can change in place."""
        watched = None if is_secret_name(name) else _watch(value, summaries, number)
        if watched is not None:
            self._watched[name] = watched
            self._stale = True
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        if self._watched.pop(name, None) is not None:
            self._stale = True

    def changes(self, variables: dict[str, Any], summaries: Summariser) -> Iterator[Change]:
        """What changed in place since last asked."""
        if self._watched and not self._same():
            for name, watched in list(self._watched.items()):
                value = variables[name]
                if watched.outgrown:
                    number = summaries.number(value, name)
                    self._watched[name] = WatchedOther(value, number)
                    yield Bound(name, number)
                else:
                    yield from watched.changes(name, value, summaries)
            self._stale = True
        if self._stale:
            self._gather()

    def _same(self) -> bool:
        return (
            list(map(len, self._sized)) == self._lengths
            and all(map(is_, self._keys, chain.from_iterable(self._dicts)))
            and all(map(is_, self._dict_values, chain.from_iterable(map(dict.values, self._dicts))))
            and all(map(is_, self._list_values, chain.from_iterable(self._lists)))
        )

    def _gather(self) -> None:
        pairs = [pair for watched in self._watched.values() for pair in watched.containers]
        dicts = [(container, copy) for container, copy in pairs if type(copy) is dict]
        lists = [(container, copy) for container, copy in pairs if type(copy) is tuple]
        self._sized = [container for container, _ in pairs]
        self._dicts = [container for container, _ in dicts]
        self._lists = [container for container, _ in lists]
        # Of the copies: another thread could have changed the containers since.
        self._lengths = [copy if type(copy) is int else len(copy) for _, copy in pairs]
        self._keys = list(chain.from_iterable(copy for _, copy in dicts))
        self._dict_values = list(chain.from_iterable(copy.values() for _, copy in dicts))
        self._list_values = list(chain.from_iterable(copy for _, copy in lists))
        self._stale = False


class WatchedPairs:
    """A dictionary, or a configuration object's instance dictionary: told key by key."""

    __slots__ = ("_contents", "_copy", "_inner", "_items", "_pairs", "containers")

    def __init__(self, contents: dict[Any, Any], summaries: Summariser) -> None:
        self._contents = contents
        self._pairs = dict(summaries.top_items)  # of the summary just made
        self._copy: dict[Any, Any] = {}
        # Both by the key's id: a key could have its own idea of a hash. The copy keeps the keys alive.
        self._items: dict[int, Any] = {}
        self._inner: dict[int, list[tuple[Any, Any]]] = {}
        self._take_copy(dict(contents), {})

    @property
    def outgrown(self) -> bool:
        """Whether it has become too large to be told key by key."""
        return len(self._contents) > _LENGTH

    def changes(self, name: str, value: Any, summaries: Summariser) -> Iterator[Change]:
        if not _mutated(self.containers):
            return
        old, new = self._pairs, {}
        items, inside = self._items, self._inner
        # Copied before it is summarised: what another thread changes in between is seen the next time.
        copy = dict(self._contents)
        unchanged = {
            id(key)
            for key, item in copy.items()
            if items.get(id(key), _ABSENT) is item and not _mutated(inside.get(id(key), _NO_CONTAINERS))
        }
        self._take_copy(copy, {key: inside.get(key, _NO_CONTAINERS) for key in unchanged})
        for key, item in copy.items():
            shown = summaries.key(key)
            told = id(key) in unchanged and shown in old
            new[shown] = old[shown] if told else summaries.number(item, shown, 1)
        added = {key: number for key, number in new.items() if key not in old}
        changed = {key: number for key, number in new.items() if key in old and old[key] != number}
        removed = [key for key in old if key not in new]
        self._pairs = new
        if added or changed or removed:
            yield Items(name, added, changed, removed)

    def _take_copy(self, copy: dict[Any, Any], same: dict[int, list[tuple[Any, Any]]]) -> None:
        """Keep a copy of what is there now; ``same`` holds the inner containers of keys that did not change."""
        self._copy = copy
        self._items = dict(zip(map(id, self._copy), self._copy.values(), strict=True))
        self._inner = {}
        for key, item in self._items.items():
            if id(type(item)) not in _LEAVES:
                inner = same[key] if key in same else list(_containers(item, MAX_DEPTH - 1))
                if inner:
                    self._inner[key] = inner
        self.containers: list[tuple[Any, Any]] = [(self._contents, self._copy)]
        self.containers.extend(chain.from_iterable(self._inner.values()))


class WatchedOther:
    """A list, set, tuple, very large dictionary or dictionary of a special kind: told as a whole."""

    __slots__ = ("_number", "containers")
    outgrown: Final = False

    def __init__(self, value: Any, number: ValueId) -> None:
        self._number = number
        self.containers = list(_containers(value, MAX_DEPTH))

    def changes(self, name: str, value: Any, summaries: Summariser) -> Iterator[Change]:
        if _mutated(self.containers):
            self.containers = list(_containers(value, MAX_DEPTH))
            number = summaries.number(value, name)
            if number != self._number:
                self._number = number
                yield Bound(name, number)


def _watch(value: Any, summaries: Summariser, number: ValueId) -> WatchedPairs | WatchedOther | None:
    kind = type(value)
    if id(kind) in _LEAVES:
        return None
    if kind is dict or is_config_type(kind):
        contents = value if kind is dict else _attributes(value)
        return WatchedPairs(contents, summaries) if len(contents) <= _LENGTH else WatchedOther(value, number)
    watched = WatchedOther(value, number) if kind is list or kind is set or kind is tuple else None
    return watched if watched is not None and watched.containers else None


def _attributes(value: Any) -> dict[str, Any]:
    """A configuration's own dictionary: an empty one too, which its constructor is about to fill."""
    found = raw.instance_dict(value)
    return {} if found is None else found


def _containers(value: Any, depth: int) -> Iterator[tuple[Any, Any]]:
    """The mutable containers in a value, each with a copy (or its length) to compare with.

    Only exact built-in types: a subclass could answer for itself.
    """
    kind = type(value)
    if id(kind) in _LEAVES:
        return
    if kind is tuple:
        if depth and len(value) <= _LENGTH:
            for item in value:
                yield from _containers(item, depth - 1)
        return
    if kind is dict or kind is list or kind is set:
        contents: Any = value
    elif is_config_type(kind):
        contents = _attributes(value)
    else:
        return
    if len(contents) > _LENGTH:
        yield contents, len(contents)
        return
    copy = dict(contents) if isinstance(contents, dict) else tuple(contents)
    yield contents, copy
    if depth:
        for item in copy if isinstance(copy, tuple) else copy.values():
            if id(type(item)) not in _LEAVES:
                yield from _containers(item, depth - 1)


def _mutated(containers: list[tuple[Any, Any]]) -> bool:
    for container, copy in containers:
        if type(copy) is int:
            if abs(len(container) - copy) * _GROWTH >= copy:
                return True
        elif (
            len(copy) != len(container)
            or not all(map(is_, copy, container))
            or (type(copy) is dict and not all(map(is_, copy.values(), container.values())))
        ):
            return True
    return False
