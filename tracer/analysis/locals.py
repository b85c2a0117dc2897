"""Local variables as they were at a step: the recorded changes of a frame, applied up to there.

A frame's state is the result of its changes up to and including the step. A ``line`` step comes before its line runs,
so its state is what that line is about to see. A caller's state is that of its last step before: what its callee did to
a container since then is recorded in the callee, and in the caller with its next step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final, TypeAlias

import msgspec

from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Frame, Items

SNAPSHOT_SPACING: Final = 512  # changing steps between two snapshots of a frame
_CACHED_FRAMES: Final = 256
_CACHED_CALLERS: Final = 64
_MAX_PAIRS: Final = 64  # of a container that changed in place, where a path leads to it; its length stays the real one

ValuePath: TypeAlias = "tuple[str | int, ...]"
"""A variable, then the attributes and keys that lead from it to a value."""


class Local(msgspec.Struct, frozen=True, gc=False):
    """What a local variable held.

    Attributes:
        number: of the summary that was made when it was last bound.
        pairs: the pairs of a dictionary or configuration if it changed in place since then; else None.
        since: the step that last bound it or changed it in place.
    """

    number: v.ValueId
    pairs: dict[str, v.ValueId] | None
    since: int

    def value(self, trace: Trace) -> v.Value:
        """Return the summary as it was at the step."""
        return _with_pairs(trace.value(self.number), self.pairs)


_Snapshot: TypeAlias = "dict[str, tuple[v.ValueId, dict[str, v.ValueId] | None, int]]"  # the fields of each Local


class LocalsState:
    """The local variables of one frame, kept up to date as its changes are applied.

    This is the one place that applies recorded changes. Changes that do not fit, as a file made by hand can hold them,
    are dropped. A container's pairs are copied before they are first changed, so snapshots stay as they are.
    """

    def __init__(self, trace: Trace, snapshot: _Snapshot | None = None) -> None:
        self._trace = trace
        self._held: _Snapshot = dict(snapshot) if snapshot is not None else {}
        self._copied: set[str] = set()  # variables whose pairs no snapshot shares
        self._values: dict[str, v.Value] = {}  # summaries of containers that changed in place, until they change again

    def apply(self, step: int, changes: Iterable[Change]) -> None:
        """Apply what a step changed."""
        for change in changes:
            name = change.name
            if isinstance(change, Bound):
                self._held[name] = change.value, None, step
                self._values.pop(name, None)
            elif isinstance(change, Items):
                if name in self._held:
                    self._apply_items(step, change)
            else:
                self._held.pop(name, None)
                self._values.pop(name, None)

    def snapshot(self) -> _Snapshot:
        """Return the variables as they are now; later changes do not affect it."""
        self._copied.clear()
        return dict(self._held)

    def numbers(self) -> dict[str, v.ValueId]:
        """Return the number of the summary that each variable was last bound to."""
        return {name: number for name, (number, _, _) in self._held.items()}

    def number(self, name: str) -> v.ValueId | None:
        """Return the number of the summary that a variable was last bound to; None where there is no such variable."""
        held = self._held.get(name)
        return None if held is None else held[0]

    def local(self, name: str) -> Local | None:
        """Return a variable as it is now."""
        held = self._held.get(name)
        return None if held is None else Local(*held)

    def bound(self, name: str) -> v.Value | None:
        """Return the summary that a variable was last bound to, without what changed in place since."""
        return self._summary(self.number(name))

    def pairs(self, name: str) -> dict[str, v.ValueId]:
        """Return the pairs that a variable's dictionary or configuration has now; they must not be changed."""
        held = self._held.get(name)
        if held is None:
            return {}
        return self._pairs_of(held[0]) if held[1] is None else held[1]

    def value(self, path: ValuePath) -> v.Value | None:
        """Return the value that a path leads to at this moment; None where that is not recorded."""
        name = path[0] if path else None
        held = self._held.get(name) if isinstance(name, str) else None
        if not isinstance(name, str) or held is None:
            return None
        number, pairs, _ = held
        if pairs is None:
            return self._follow(number, path[1:])
        if len(path) == 1:
            return self._changed_value(name, number, pairs)
        key = path[1]
        return self._follow(pairs.get(key) if isinstance(key, str) else None, path[2:])

    def holds_key(self, name: str, key: str) -> bool | None:
        """Return whether a dictionary in a variable has a key; None where not all of its keys are recorded."""
        value = self.bound(name)
        if not isinstance(value, v.Mapping) or value.type != "dict" or len(value.items) != value.length:
            return None
        pairs = self._held[name][1]
        return key in pairs if pairs is not None else any(key == known for known, _ in value.items)

    def _apply_items(self, step: int, change: Items) -> None:
        name = change.name
        number, pairs, _ = self._held[name]
        if pairs is None:
            pairs = self._pairs_of(number)
        elif name not in self._copied:
            pairs = dict(pairs)
        self._copied.add(name)
        for key in change.removed:
            pairs.pop(key, None)
        if change.changed:
            pairs.update(change.changed)
        if change.added:
            pairs.update(change.added)
        self._held[name] = number, pairs, step
        self._values.pop(name, None)

    def _pairs_of(self, number: v.ValueId) -> dict[str, v.ValueId]:
        """Return a copy of a summary's pairs; none where it has none, as a file made by hand can claim."""
        value = self._summary(number)
        return dict(value.items) if isinstance(value, (v.Mapping, v.Config)) else {}

    def _changed_value(self, name: str, number: v.ValueId, pairs: dict[str, v.ValueId]) -> v.Value | None:
        if name not in self._values:
            value = self._summary(number)
            if not isinstance(value, (v.Mapping, v.Config)):
                return None
            self._values[name] = _with_pairs(value, pairs, _MAX_PAIRS)
        return self._values[name]

    def _follow(self, number: v.ValueId | None, keys: ValuePath) -> v.Value | None:
        value = self._summary(number)
        for key in keys:
            value = self._summary(_inner(value, key))
        return value

    def _summary(self, number: v.ValueId | None) -> v.Value | None:
        try:
            return None if number is None else self._trace.value(number)
        except DanglingNumber:
            return None


def locals_after(trace: Trace, frame: int, step: int) -> LocalsState:
    """Return the local variables of a frame after a step."""
    state = LocalsState(trace)
    for number, changes in trace.changes(frame, 0, step + 1):
        state.apply(number, changes)
    return state


def _with_pairs(bound: v.Value, pairs: dict[str, v.ValueId] | None, most: int | None = None) -> v.Value:
    """Return a container's summary with the pairs that it has now, at most so many of them."""
    if pairs is None or not isinstance(bound, (v.Mapping, v.Config)):
        return bound
    left_out = max(0, bound.length - len(bound.items))
    return msgspec.structs.replace(bound, length=left_out + len(pairs), items=list(islice(pairs.items(), most)))


def _inner(value: v.Value | None, key: str | int) -> v.ValueId | None:
    if isinstance(value, (v.Mapping, v.Config)) and isinstance(key, str):
        return dict(value.items).get(key)
    if isinstance(value, v.Sequence) and value.type in ("list", "tuple") and isinstance(key, int):
        return value.items[key] if 0 <= key < len(value.items) else None
    return None


class LocalChange(msgspec.Struct, frozen=True):
    """What a step recorded about one variable since the frame's previous step.

    ``before`` is None where the name was new, ``after`` where it was deleted. The pairs that changed in place are given
    by key, with the numbers of the values: ``changed`` has the old and the new one.
    """

    name: str
    before: Local | None
    after: Local | None
    added: dict[str, v.ValueId] = {}
    changed: dict[str, tuple[v.ValueId, v.ValueId]] = {}
    removed: dict[str, v.ValueId] = {}

    @property
    def in_place(self) -> bool:
        """Whether the container in it changed, and not the variable."""
        return bool(self.added or self.changed or self.removed)


class FrameState(msgspec.Struct, frozen=True):
    """A frame as it was at a step.

    Attributes:
        frame: which execution of which function.
        step: the frame's last step up to there; the state is that of this step.
        source: number of the file that it was in, or None.
        line: the line that it was at, or None.
        variables: the locals by name, in the order in which the names were first bound.
        changed: what the step changed; empty for callers.
    """

    frame: Frame
    step: int
    source: int | None
    line: int | None
    variables: dict[str, Local]
    changed: list[LocalChange]

    @property
    def function(self) -> str:
        return self.frame.function


class LocalsHistory:
    """The states of a trace's frames. Keep one for a trace: it remembers the states it has computed."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._history = lru_cache(maxsize=_CACHED_FRAMES)(self._new_history)
        self._waiting = lru_cache(maxsize=_CACHED_CALLERS)(self._as_it_waits)

    def at(self, number: int) -> list[FrameState]:
        """Return the frame of a step and its callers, innermost first; none for a step outside every stepped function.

        Raises:
            IndexError: there is no step of that number.
        """
        innermost = self.innermost(number)
        return [] if innermost is None else [innermost, *self.callers(number)]

    def callers(self, number: int) -> list[FrameState]:
        """Return the callers of a step's frame, innermost first.

        Raises:
            IndexError: there is no step of that number.
        """
        return list(self.each_caller(number))

    def each_caller(self, number: int) -> Iterator[FrameState]:
        """Yield the same, each as it is asked for.

        Raises:
            IndexError: there is no step of that number.
        """
        inner = self._trace.step(number).frame
        for parent in () if inner is None else callers(self._trace, inner):
            found = self._trace.nearest(number, backwards=True, frame=parent)
            if found is None:
                break
            yield self._waiting(parent, found)
            number = found

    def _as_it_waits(self, frame: int, step: int) -> FrameState:
        """Return a caller as it was after its last step before a call."""
        last, variables = self._trace.step(step), _locals(self._history(frame).after(step).snapshot())
        return FrameState(self._trace.frame(frame), step, last.source, last.line, variables, [])

    def innermost(self, number: int) -> FrameState | None:
        """Return the frame of a step; None for a step outside every stepped function.

        Raises:
            IndexError: there is no step of that number.
        """
        step = self._trace.step(number)
        frame = step.frame
        if frame is None:
            return None
        state = self._history(frame).after(step.number - 1)
        before = state.snapshot()
        state.apply(step.number, step.changes)
        after = state.snapshot()
        changed = list(_changes(self._trace, before, after, step.changes))
        return FrameState(self._trace.frame(frame), step.number, step.source, step.line, _locals(after), changed)

    def _new_history(self, frame: int) -> _FrameHistory:
        return _FrameHistory(self._trace, frame)


def callers(trace: Trace, frame: int) -> Iterator[int]:
    """Yield the frames that called this one, innermost first; each once, even where a file made by hand has a cycle."""
    seen = {frame}
    while (parent := trace.frame(frame).parent) is not None and parent not in seen:
        yield parent
        seen.add(parent)
        frame = parent


def state_at(trace: Trace, number: int) -> list[FrameState]:
    """Return :meth:`LocalsHistory.at` for one step of a trace. Keep a :class:`LocalsHistory` to ask for many."""
    return LocalsHistory(trace).at(number)


class _FrameHistory:
    """The states of one frame, with a snapshot every so many changes."""

    def __init__(self, trace: Trace, frame: int) -> None:
        self._trace = trace
        self._frame = frame
        self._steps = [-1]
        self._snapshots: list[_Snapshot] = [{}]

    def after(self, number: int) -> LocalsState:
        """Return the variables after a step."""
        at = bisect_right(self._steps, number) - 1
        state, furthest = LocalsState(self._trace, self._snapshots[at]), at == len(self._steps) - 1
        steps = self._trace.changes(self._frame, self._steps[at] + 1, number + 1)
        for count, (step, changes) in enumerate(steps, 1):
            state.apply(step, changes)
            if furthest and count % SNAPSHOT_SPACING == 0:
                self._steps.append(step)
                self._snapshots.append(state.snapshot())
        return state


def _locals(snapshot: _Snapshot) -> dict[str, Local]:
    return {name: Local(*held) for name, held in snapshot.items()}


def _changes(trace: Trace, before: _Snapshot, after: _Snapshot, changes: Iterable[Change]) -> Iterable[LocalChange]:
    for name, change in {change.name: change for change in changes}.items():
        old, new = before.get(name), after.get(name)
        if isinstance(change, Items) and old is not None and new is not None and old[0] == new[0]:
            was, now = (LocalsState(trace, snapshot).pairs(name) for snapshot in (before, after))
            yield LocalChange(
                name, Local(*old), Local(*new),
                added={key: now[key] for key in now if key not in was},
                changed={key: (was[key], now[key]) for key in now if key in was and was[key] != now[key]},
                removed={key: was[key] for key in was if key not in now},
            )  # fmt: skip
        elif old is not None or new is not None:
            yield LocalChange(name, None if old is None else Local(*old), None if new is None else Local(*new))
