"""What changed in a frame's local variables since last asked, told by identity first."""

from __future__ import annotations

from operator import is_
from typing import Any, Final

from tracer.recorder.stepping.watched import WatchedOther, WatchedPairs, watch
from tracer.recorder.summary import Summariser
from tracer.trace.steps import Bound, Change, Unbound
from tracer.trace.values import ValueId

_HIDDEN: Final = frozenset({"__class__"})  # the cell that zero-argument super() needs, no variable of the author's


class LocalChanges:
    """Remembers the locals of one frame as they were, without keeping them alive for longer than a line."""

    def __init__(self, summaries: Summariser) -> None:
        self._summaries = summaries
        self._previous: dict[str, Any] = {}
        self._numbers: dict[str, ValueId] = {}
        self._watched: dict[str, WatchedPairs | WatchedOther] = {}

    def since_last(self, variables: dict[str, Any]) -> list[Change]:
        """The changes, in the order of the variables; ``variables`` is the frame's ``f_locals``."""
        previous = self._previous
        same_names = len(previous) == len(variables) and previous.keys() == variables.keys()
        if same_names and all(map(is_, previous.values(), variables.values())):
            changes: list[Change] = []
        else:
            changes = self._rebindings(variables)
            self._previous = dict(variables)
        for name, watched in self._watched.items():
            changes.extend(watched.changes(name, self._previous[name], self._summaries))
        return changes

    def _rebindings(self, variables: dict[str, Any]) -> list[Change]:
        previous, numbers = self._previous, self._numbers
        changes: list[Change] = []
        for name, value in variables.items():
            if (name in previous and previous[name] is value) or name in _HIDDEN or name[0] == ".":
                continue
            number = self._summaries.number(value, name)
            if numbers.get(name) != number or name in self._watched:
                numbers[name] = number
                changes.append(Bound(name, number))
            watched = watch(value, name, self._summaries, number)
            if watched is not None:
                self._watched[name] = watched
            else:
                self._watched.pop(name, None)
        for name in previous.keys() - variables.keys():
            self._watched.pop(name, None)
            if numbers.pop(name, None) is not None:
                changes.append(Unbound(name))
        return changes
