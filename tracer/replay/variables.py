"""Local variables as they were at a step: the frame's changes up to there, folded.

A frame's state is what its changes up to and including the step add up to. A ``line`` step comes before its line runs,
so its state is what that line is about to see. Of a caller, the state is that of its last step before: what its callee
did to a container since then shows in the callee, and in the caller with its next step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from tracer.trace import values as v
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Frame, Items, Step, Unbound

_SPACING: Final = 512  # changing steps between two kept states of a frame
_KEPT_FRAMES: Final = 256
_MAX_CALLERS: Final = 10_000  # deeper than any interpreter goes, but a file made by hand can go in circles


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


class Difference(msgspec.Struct, frozen=True):
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
    changed: list[Difference]

    @property
    def function(self) -> str:
        return self.frame.function


class Variables:
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
        while (parent := states[-1].frame.parent) is not None and len(states) < _MAX_CALLERS:
            found = trace.nearest(states[-1].step, backwards=True, frame=parent)
            if found is None:
                break
            last = trace.step(found)
            frame = trace.frame(parent)
            states.append(FrameState(frame, found, last.source, last.line, self._folded(parent).upto(found), []))
        return states

    def _innermost(self, step: Step, frame: int) -> FrameState:
        before = self._folded(frame).upto(step.number - 1)
        after = dict(before)
        _Fold(after).take(step.number, step.changes, self._trace)
        changed = list(_differences(before, after, step.changes, self._trace))
        return FrameState(self._trace.frame(frame), step.number, step.source, step.line, after, changed)

    def _new_folded(self, frame: int) -> _FoldedFrame:
        return _FoldedFrame(self._trace, frame)


def state_at(trace: Trace, number: int) -> list[FrameState]:
    """:meth:`Variables.at`, for one step of a trace. Who asks for many keeps a :class:`Variables`."""
    return Variables(trace).at(number)


class _FoldedFrame:
    """The states of one frame, some of which are kept."""

    def __init__(self, trace: Trace, frame: int) -> None:
        self._trace = trace
        self._frame = frame
        self._steps = [-1]
        self._states: list[dict[str, Local]] = [{}]

    def upto(self, number: int) -> dict[str, Local]:
        """The variables after a step; the caller must not change them."""
        at = bisect_right(self._steps, number) - 1
        fold, furthest = _Fold(dict(self._states[at])), at == len(self._steps) - 1
        changes = self._trace.changes(self._frame, self._steps[at] + 1, number + 1)
        for count, (step, told) in enumerate(changes, 1):
            fold.take(step, told, self._trace)
            if furthest and count % _SPACING == 0:
                self._steps.append(step)
                self._states.append(fold.state())
        return fold.variables


class _Fold:
    """Lays changes over variables. A container's pairs are copied before they are first written to."""

    def __init__(self, variables: dict[str, Local]) -> None:
        self.variables = variables
        self._own: set[str] = set()

    def state(self) -> dict[str, Local]:
        """The variables as they are now, for good."""
        self._own.clear()
        return dict(self.variables)

    def take(self, step: int, changes: Iterable[Change], trace: Trace) -> None:
        for change in changes:
            name = change.name
            if isinstance(change, Bound):
                self.variables[name] = Local(change.value, None, step)
                self._own.discard(name)
            elif isinstance(change, Unbound):
                self.variables.pop(name, None)
                self._own.discard(name)
            elif name in self.variables:
                self._take_items(step, change, trace)

    def _take_items(self, step: int, change: Items, trace: Trace) -> None:
        local = self.variables[change.name]
        pairs = local.pairs
        if pairs is None or change.name not in self._own:
            pairs = _pairs(local, trace)
            self._own.add(change.name)
        for key in change.removed:
            pairs.pop(key, None)
        pairs.update(change.changed)
        pairs.update(change.added)
        self.variables[change.name] = Local(local.number, pairs, step)


def _pairs(local: Local, trace: Trace) -> dict[str, v.ValueId]:
    """A copy of the pairs in a variable; none where a file made by hand says that something else changed by key."""
    if local.pairs is not None:
        return dict(local.pairs)
    bound = trace.value(local.number)
    return dict(bound.items) if isinstance(bound, (v.Mapping, v.Config)) else {}


def _differences(
    before: dict[str, Local], after: dict[str, Local], changes: Iterable[Change], trace: Trace
) -> Iterable[Difference]:
    told = {change.name: change for change in changes}
    for name, change in told.items():
        old, new = before.get(name), after.get(name)
        if old is None and new is None:
            continue
        if isinstance(change, Items) and old is not None and new is not None and old.number == new.number:
            was, now = _pairs(old, trace), _pairs(new, trace)
            yield Difference(
                name, old, new,
                added={key: now[key] for key in now if key not in was},
                changed={key: (was[key], now[key]) for key in now if key in was and was[key] != now[key]},
                removed={key: was[key] for key in was if key not in now},
            )  # fmt: skip
        else:
            yield Difference(name, old, new)
