"""Local variables as they were at a step: the frame's changes up to there, folded.

A frame's state is what its changes up to and including the step add up to. A ``line`` step comes before its line runs,
so its state is what that line is about to see. Of a caller, the state is that of its last step before: what its callee
did to a container since then shows in the callee, and in the caller with its next step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, TypeAlias

import msgspec

from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Frame, Items, Step, Unbound

_SPACING: Final = 512  # changing steps between two kept states of a frame
_KEPT_FRAMES: Final = 256
_State: TypeAlias = dict[str, tuple[v.ValueId, "dict[str, v.ValueId] | None", int]]  # what a Local holds


class Local(msgspec.Struct, frozen=True, gc=False):
    """What a local variable held.

    Attributes:
        number: of the summary that was made when it was last bound.
        pairs: a dictionary's or configuration's pairs as they stood, if it changed in place since; else None.
        since: the step that last bound it or changed it in place.
    """

    number: v.ValueId
    pairs: dict[str, v.ValueId] | None
    since: int

    def value(self, trace: Trace) -> v.Value:
        """The summary as it stood at the step."""
        bound = trace.value(self.number)
        if self.pairs is None or not isinstance(bound, (v.Mapping, v.Config)):
            return bound
        left_out = max(0, bound.length - len(bound.items))
        return msgspec.structs.replace(bound, length=left_out + len(self.pairs), items=list(self.pairs.items()))


class LocalChange(msgspec.Struct, frozen=True):
    """What a step says has happened to one variable since the frame's step before.

    ``before`` is None where the name was new, ``after`` where it was deleted. The keys tell what changed in place, with
    the numbers of the values: ``changed`` has the old and the new one.
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
    """A frame as it stood at a step.

    Attributes:
        frame: which execution of which function.
        step: the frame's last step up to there: what is told here is as of that step.
        source: number of the file it stood in, or None.
        line: the line it stood at, or None.
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
    """The states of a trace's frames. Keep one for a trace: it remembers states it has folded."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._folded = lru_cache(maxsize=_KEPT_FRAMES)(self._new_folded)

    def at(self, number: int) -> list[FrameState]:
        """The frame of a step and its callers, innermost first; empty for a step outside every stepped function.

        Raises:
            IndexError: there is no step of that number.
        """
        trace = self._trace
        step = trace.step(number)
        if step.frame is None:
            return []
        states = [self._innermost(step, step.frame)]
        for parent in callers(trace, step.frame):
            found = trace.nearest(states[-1].step, backwards=True, frame=parent)
            if found is None:
                break
            last = trace.step(found)
            frame, variables = trace.frame(parent), _locals(self._folded(parent).upto(found))
            states.append(FrameState(frame, found, last.source, last.line, variables, []))
        return states

    def _innermost(self, step: Step, frame: int) -> FrameState:
        before = self._folded(frame).upto(step.number - 1)
        fold = _Fold(before)
        fold.take(step.number, step.changes, self._trace)
        after = fold.state()
        changed = list(_differences(before, after, step.changes, self._trace))
        return FrameState(self._trace.frame(frame), step.number, step.source, step.line, _locals(after), changed)

    def _new_folded(self, frame: int) -> _FoldedFrame:
        return _FoldedFrame(self._trace, frame)


def callers(trace: Trace, frame: int) -> Iterator[int]:
    """The frames that called this one, innermost first; to an end even where a file made by hand goes in circles."""
    seen = {frame}
    while (parent := trace.frame(frame).parent) is not None and parent not in seen:
        yield parent
        seen.add(parent)
        frame = parent


def state_at(trace: Trace, number: int) -> list[FrameState]:
    """:meth:`Variables.at`, for one step of a trace. Who asks for many keeps a :class:`LocalsHistory`."""
    return LocalsHistory(trace).at(number)


class _FoldedFrame:
    """The states of one frame, some of which are kept."""

    def __init__(self, trace: Trace, frame: int) -> None:
        self._trace = trace
        self._frame = frame
        self._steps = [-1]
        self._states: list[_State] = [{}]

    def upto(self, number: int) -> _State:
        """The variables after a step; not to be changed."""
        at = bisect_right(self._steps, number) - 1
        fold, furthest = _Fold(self._states[at]), at == len(self._steps) - 1
        changes = self._trace.changes(self._frame, self._steps[at] + 1, number + 1)
        for count, (step, told) in enumerate(changes, 1):
            fold.take(step, told, self._trace)
            if furthest and count % _SPACING == 0:
                self._steps.append(step)
                self._states.append(fold.state())
        return fold.state()


class _Fold:
    """Lays changes over variables. A container's pairs are copied before they are first written to."""

    def __init__(self, state: _State) -> None:
        self._state = dict(state)
        self._own: set[str] = set()  # variables whose pairs are nobody else's

    def state(self) -> _State:
        """The variables as they are now, for good."""
        self._own.clear()
        return dict(self._state)

    def take(self, step: int, changes: Iterable[Change], trace: Trace) -> None:
        for change in changes:
            name = change.name
            if isinstance(change, Bound):
                self._state[name] = change.value, None, step
            elif isinstance(change, Items):
                if name in self._state:
                    self._take_items(step, change, trace)
            else:
                self._state.pop(name, None)

    def _take_items(self, step: int, change: Items, trace: Trace) -> None:
        name = change.name
        number, pairs, _ = self._state[name]
        if pairs is None or name not in self._own:
            pairs = _pairs(number, pairs, trace)
            self._own.add(name)
        for key in change.removed:
            pairs.pop(key, None)
        if change.changed:
            pairs.update(change.changed)
        if change.added:
            pairs.update(change.added)
        self._state[name] = number, pairs, step


def _pairs(number: v.ValueId, pairs: dict[str, v.ValueId] | None, trace: Trace) -> dict[str, v.ValueId]:
    """A copy of the pairs in a variable; none where a file made by hand says that something else changed by key."""
    return trace.pairs(number) if pairs is None else dict(pairs)


def _locals(state: _State) -> dict[str, Local]:
    return {name: Local(*held) for name, held in state.items()}


def _differences(before: _State, after: _State, changes: Iterable[Change], trace: Trace) -> Iterable[LocalChange]:
    for name, change in {change.name: change for change in changes}.items():
        old, new = before.get(name), after.get(name)
        if isinstance(change, Items) and old is not None and new is not None and old[0] == new[0]:
            was, now = _pairs(*old[:2], trace), _pairs(*new[:2], trace)
            yield LocalChange(
                name, Local(*old), Local(*new),
                added={key: now[key] for key in now if key not in was},
                changed={key: (was[key], now[key]) for key in now if key in was and was[key] != now[key]},
                removed={key: was[key] for key in was if key not in now},
            )  # fmt: skip
        elif old is not None or new is not None:
            yield LocalChange(name, None if old is None else Local(*old), None if new is None else Local(*new))


_PAIRS: Final = 64  # of a container put together anew; like a recorded one it tells its real length

ValuePath: TypeAlias = "tuple[str | int, ...]"
"""A variable, then the attributes and keys that lead from it to a value."""


class LocalsState:
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

    def value(self, path: ValuePath) -> v.Value | None:
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


def _inner(value: v.Value | None, key: str | int) -> v.ValueId | None:
    if isinstance(value, (v.Mapping, v.Config)) and isinstance(key, str):
        return dict(value.items).get(key)
    if isinstance(value, v.Sequence) and value.type in ("list", "tuple") and isinstance(key, int):
        return value.items[key] if 0 <= key < len(value.items) else None
    return None
