"""Changes of a frame's local variables: which were set, by identity first, and what changed inside containers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, compress, islice
from operator import is_, is_not
from typing import Any, Final

from tracer.recorder import safe_inspect
from tracer.recorder.library_values import is_config_type
from tracer.recorder.summary import MAX_DEPTH, Summariser
from tracer.trace.redaction.names import is_secret_name
from tracer.trace.steps import Bound, Change, Items, Unbound
from tracer.trace.values import ValueId

_HIDDEN: Final = frozenset({"__class__"})  # the cell that zero-argument super() needs, not a variable of the author's
_LENGTH: Final = 400  # of a longer container only the length is tracked,
_GROWTH: Final = (
    16  # and it is recorded again when that has changed by a sixteenth: not with every item while it is filled
)
# By id: looking up a type could run its metaclass's `__hash__`.
_LEAVES: Final = frozenset(map(id, (type(None), bool, int, float, str, bytes, complex, type)))

_ABSENT: Final = object()


class LocalChanges:
    """Remembers the locals of one frame, without keeping them alive for longer than a line.

    Args:
        summaries: makes the summaries of their values.
        caller: the locals of the frame that called this one.
        asked_again: whether changes will be asked for more than once.
    """

    def __init__(self, summaries: Summariser, caller: LocalChanges | None = None, *, asked_again: bool = True) -> None:
        self._asked_again = asked_again
        self._summaries = summaries
        self._caller = caller
        self._previous: dict[str, Any] = {}
        self._numbers: dict[str, ValueId] = {}
        self._mutations = MutationTracker()

    def since_last(self, variables: dict[str, Any]) -> list[Change]:
        """Return the changes in the order of the variables; ``variables`` is the frame's ``f_locals``."""
        previous = self._previous
        changes: list[Change] = []
        known = len(previous)
        if known <= len(variables) and all(map(is_, previous, variables)):
            # As nearly always: old names come first, new ones after them.
            changed = list(compress(variables.items(), map(is_not, previous.values(), variables.values())))
            if known < len(variables):
                changed.extend(islice(variables.items(), known, None))
        else:
            changed = [pair for pair in variables.items() if previous.get(pair[0], _ABSENT) is not pair[1]]
            changes.extend(self._deletions(variables))
        if changed or changes:
            changes[:0] = self._bindings(changed)
            if self._asked_again:
                self._previous = dict(variables)
        changes.extend(self._mutations.changes(self._previous, self._summaries))
        return changes

    def _bindings(self, changed: list[tuple[str, Any]]) -> list[Change]:
        numbers, mutations = self._numbers, self._mutations
        changes: list[Change] = []
        for name, value in changed:
            if name in _HIDDEN or name[0] == ".":
                continue
            items: list[tuple[str, ValueId]] = []
            has_items = type(value) is dict or is_config_type(type(value))
            shared = self._shared(value) if has_items else None
            if shared is None or shared.number is None or is_secret_name(name):
                shared = None
                if has_items:
                    number, items = self._summaries.number_and_items(value, name)
                else:
                    number = self._summaries.number(value, name)
            else:
                number = shared.number
            # A container with the same number may differ from what was last recorded: record it again.
            if numbers.get(name) != number or name in mutations:
                numbers[name] = number
                changes.append(Bound(name, number))
            if self._asked_again:
                mutations.set(name, value, number, items, shared)
        return changes

    def number(self, value: Any) -> ValueId:
        """Return the number of a value's summary; the value may be one of the locals."""
        shared = self._shared(value)
        return self._summaries.number(value) if shared is None or shared.number is None else shared.number

    def _shared(self, value: Any) -> DictSnapshot | None:
        """Return the snapshot of this very object here or in the caller: most are passed from frame to frame."""
        shared = self._mutations.shared(value)
        return shared if shared is not None or self._caller is None else self._caller._mutations.shared(value)

    def _deletions(self, variables: dict[str, Any]) -> Iterator[Change]:
        for name in self._previous.keys() - variables.keys():
            self._mutations.drop(name)
            if self._numbers.pop(name, None) is not None:
                yield Unbound(name)


class MutationTracker:
    """Snapshots of the containers in one frame's variables.

    It is asked for changes after every line, and there are rarely any. So all containers are compared at once, by
    identity and in C: are their lengths, keys and values the same as before?
    """

    __slots__ = (
        "_dict_values",
        "_dicts",
        "_keys",
        "_lengths",
        "_list_values",
        "_lists",
        "_sized",
        "_snapshots",
        "_stale",
    )

    def __init__(self) -> None:
        self._snapshots: dict[str, DictSnapshot | ContainerSnapshot] = {}
        self._stale = False
        self._sized: list[Any] = []
        self._dicts: list[dict[Any, Any]] = []
        self._lists: list[list[Any]] = []
        self._lengths: list[int] = []
        self._keys: list[Any] = []
        self._dict_values: list[Any] = []
        self._list_values: list[Any] = []

    def __contains__(self, name: str) -> bool:
        return name in self._snapshots

    def shared(self, value: Any) -> DictSnapshot | None:
        """Return the snapshot of this very object, if the object has not changed since it was summarised."""
        for snapshot in self._snapshots.values():
            if type(snapshot) is DictSnapshot and snapshot.value is value:
                return snapshot if snapshot.number is not None and not _mutated(snapshot.containers) else None
        return None

    def set(
        self,
        name: str,
        value: Any,
        number: ValueId,
        items: list[tuple[str, ValueId]],
        shared: DictSnapshot | None = None,
    ) -> None:
        """Track a variable's value, which was just summarised under ``number``, if it can change in place.

        ``items`` are those of its summary, ``shared`` is the snapshot that another variable has of it.
        """
        snapshot: DictSnapshot | ContainerSnapshot | None
        if is_secret_name(name):
            snapshot = None
        else:
            snapshot = _snapshot_of(value, number, items) if shared is None else shared.clone()
        if snapshot is not None:
            self._snapshots[name] = snapshot
            self._stale = True
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        if self._snapshots.pop(name, None) is not None:
            self._stale = True

    def changes(self, variables: dict[str, Any], summaries: Summariser) -> Iterator[Change]:
        """Yield what changed in place since the last call."""
        if self._snapshots and not self._same():
            for name, snapshot in list(self._snapshots.items()):
                value = variables[name]
                if snapshot.outgrown:
                    number = summaries.number(value, name)
                    self._snapshots[name] = ContainerSnapshot(value, number)
                    yield Bound(name, number)
                else:
                    yield from snapshot.changes(name, value, summaries)
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
        pairs = [pair for snapshot in self._snapshots.values() for pair in snapshot.containers]
        dicts = [(container, copy) for container, copy in pairs if type(copy) is dict]
        lists = [(container, copy) for container, copy in pairs if type(copy) is tuple]
        self._sized = [container for container, _ in pairs]
        self._dicts = [container for container, _ in dicts]
        self._lists = [container for container, _ in lists]
        # From the copies: another thread could have changed the containers since.
        self._lengths = [copy if type(copy) is int else len(copy) for _, copy in pairs]
        self._keys = list(chain.from_iterable(copy for _, copy in dicts))
        self._dict_values = list(chain.from_iterable(copy.values() for _, copy in dicts))
        self._list_values = list(chain.from_iterable(copy for _, copy in lists))
        self._stale = False


class DictSnapshot:
    """A dictionary, or a configuration object's instance dictionary, whose changes are recorded key by key."""

    __slots__ = ("_contents", "_copy", "_inner", "_pairs", "containers", "number", "value")

    def __init__(self, value: Any, contents: dict[Any, Any], number: ValueId, items: list[tuple[str, ValueId]]) -> None:
        self.value = value
        self.number: ValueId | None = number  # of its summary; None when it has changed since that was made
        self._contents = contents
        self._pairs = dict(items)  # of the summary
        self._copy = dict(contents)
        # By the key's id: a key could have its own `__hash__`. The copy keeps the keys alive.
        self._inner: dict[int, tuple[Any, Any, list[tuple[Any, Any]]]] = {}
        self._scan_items(self._copy.items())

    def clone(self) -> DictSnapshot:
        """Return a copy for another variable."""
        other = DictSnapshot.__new__(DictSnapshot)
        other.value, other.number, other._contents, other._copy = self.value, self.number, self._contents, self._copy
        other._pairs, other._inner, other.containers = dict(self._pairs), dict(self._inner), self.containers
        return other

    @property
    def outgrown(self) -> bool:
        """Whether it has become too large to be recorded key by key."""
        return len(self._contents) > _LENGTH

    def changes(self, name: str, value: Any, summaries: Summariser) -> Iterator[Change]:
        if not _mutated(self.containers):
            return
        self.number = None
        # Copied before it is summarised: what another thread changes in between is seen the next time.
        before, self._copy = self._copy, dict(self._contents)
        if self._has_only_grown(before):
            yield from self._changes_of(name, self._changed_pairs(before), [], summaries)
        else:
            yield from self._all_changes(name, summaries)

    def _has_only_grown(self, before: dict[Any, Any]) -> bool:
        """Return whether the old keys come first, as nearly always, and all keys are written differently."""
        return len(before) <= len(self._copy) and all(map(is_, before, self._copy)) and len(self._pairs) == len(before)

    def _changed_pairs(self, before: dict[Any, Any]) -> list[tuple[Any, Any]]:
        """Return the pairs that are new, have another value, or hold a container that has changed."""
        now = self._copy
        changed_pairs = list(compress(now.items(), map(is_not, before.values(), now.values())))
        changed_pairs.extend(islice(now.items(), len(before), None))
        seen = {id(key) for key, _ in changed_pairs}
        inside = self._inner.items()
        changed_pairs.extend((key, item) for at, (key, item, inner) in inside if at not in seen and _mutated(inner))
        return changed_pairs

    def _changes_of(
        self, name: str, pairs: Collection[tuple[Any, Any]], removed: list[str], summaries: Summariser
    ) -> Iterator[Change]:
        added: dict[str, ValueId] = {}
        changed: dict[str, ValueId] = {}
        self._scan_items(pairs)
        for shown, item in {summaries.key(key): item for key, item in pairs}.items():
            number, old = summaries.number(item, shown, 1), self._pairs.get(shown)
            if number != old:
                (added if old is None else changed)[shown] = self._pairs[shown] = number
        if added or changed or removed:
            yield Items(name, added, changed, removed)

    def _all_changes(self, name: str, summaries: Summariser) -> Iterator[Change]:
        now = {summaries.key(key) for key in self._copy}
        removed = [shown for shown in self._pairs if shown not in now]
        for shown in removed:
            del self._pairs[shown]
        self._inner = {}
        yield from self._changes_of(name, self._copy.items(), removed, summaries)

    def _scan_items(self, pairs: Collection[tuple[Any, Any]]) -> None:
        """Track the containers in these items instead of those that were in their place."""
        for key, item in pairs:
            inner = [] if id(type(item)) in _LEAVES else list(_containers(item, MAX_DEPTH - 1))
            if inner:
                self._inner[id(key)] = (key, item, inner)
            else:
                self._inner.pop(id(key), None)
        self.containers: list[tuple[Any, Any]] = [(self._contents, self._copy)]
        self.containers.extend(chain.from_iterable(inner for _, _, inner in self._inner.values()))


class ContainerSnapshot:
    """A list, set, tuple, very large dictionary or special kind of dictionary, recorded again as a whole."""

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


def _snapshot_of(
    value: Any, number: ValueId, items: list[tuple[str, ValueId]]
) -> DictSnapshot | ContainerSnapshot | None:
    kind = type(value)
    if id(kind) in _LEAVES:
        return None
    if kind is dict or is_config_type(kind):
        contents = value if kind is dict else _attributes(value)
        if len(contents) > _LENGTH:
            return ContainerSnapshot(value, number)
        return DictSnapshot(value, contents, number, items)
    snapshot = ContainerSnapshot(value, number) if kind is list or kind is set or kind is tuple else None
    return snapshot if snapshot is not None and snapshot.containers else None


def _attributes(value: Any) -> dict[str, Any]:
    """Return a configuration's instance dictionary, also an empty one, which its constructor is about to fill."""
    found = safe_inspect.instance_dict(value)
    return {} if found is None else found


def _containers(value: Any, depth: int) -> Iterator[tuple[Any, Any]]:
    """Yield the mutable containers in a value, each with a copy (or its length) to compare with.

    Only exact built-in types: a subclass could run code of its own.
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
