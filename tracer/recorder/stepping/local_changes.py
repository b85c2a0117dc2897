"""What changed in a frame's local variables since last asked, told by identity first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, islice
from operator import is_, is_not
from typing import Any, Final

from tracer.recorder.stepping.watched import Watches
from tracer.recorder.summary import Summariser
from tracer.trace.steps import Bound, Change, Unbound
from tracer.trace.values import ValueId

_HIDDEN: Final = frozenset({"__class__"})  # the cell that zero-argument super() needs, no variable of the author's

_ABSENT: Final = object()


class LocalChanges:
    """Remembers the locals of one frame as they were, without keeping them alive for longer than a line."""

    def __init__(self, summaries: Summariser) -> None:
        self._summaries = summaries
        self._previous: dict[str, Any] = {}
        self._numbers: dict[str, ValueId] = {}
        self._watches = Watches()

    def since_last(self, variables: dict[str, Any]) -> list[Change]:
        """The changes, in the order of the variables; ``variables`` is the frame's ``f_locals``."""
        previous = self._previous
        changes: list[Change] = []
        known = len(previous)
        if known <= len(variables) and all(map(is_, previous, variables)):
            # As nearly always: the names that were there come first, new ones after them.
            changed = list(compress(variables.items(), map(is_not, previous.values(), variables.values())))
            if known < len(variables):
                changed.extend(islice(variables.items(), known, None))
        else:
            changed = [pair for pair in variables.items() if previous.get(pair[0], _ABSENT) is not pair[1]]
            changes.extend(self._deletions(variables))
        if changed or changes:
            changes[:0] = self._bindings(changed)
            self._previous = dict(variables)
        changes.extend(self._watches.changes(self._previous, self._summaries))
        return changes

    def _bindings(self, changed: list[tuple[str, Any]]) -> list[Change]:
        numbers, watches = self._numbers, self._watches
        changes: list[Change] = []
        for name, value in changed:
            if name in _HIDDEN or name[0] == ".":
                continue
            number = self._summaries.number(value, name)
            # A container under the same number may have another content than the one last told: say it again.
            if numbers.get(name) != number or name in watches:
                numbers[name] = number
                changes.append(Bound(name, number))
            watches.set(name, value, self._summaries, number)
        return changes

    def _deletions(self, variables: dict[str, Any]) -> Iterator[Change]:
        for name in self._previous.keys() - variables.keys():
            self._watches.drop(name)
            if self._numbers.pop(name, None) is not None:
                yield Unbound(name)
