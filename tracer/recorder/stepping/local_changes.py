"""Changes of a frame's local variables, compared by identity first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, islice
from operator import is_, is_not
from typing import Any, Final

from tracer.recorder.library_values import is_config_type
from tracer.recorder.stepping.mutation import DictSnapshot, MutationTracker
from tracer.recorder.summary import Summariser
from tracer.trace.redaction.names import is_secret_name
from tracer.trace.steps import Bound, Change, Unbound
from tracer.trace.values import ValueId

_HIDDEN: Final = frozenset({"__class__"})  # the cell that zero-argument super() needs, not a variable of the author's

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
