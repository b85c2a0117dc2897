"""A position in a trace, and the moves from it, forwards and backwards.

Every move returns the number of the step that it reached, or None if there is none; then the cursor has not moved.

A thread's steps are on levels: one for each of its frames, nested, and the outermost level, which has its steps outside
every stepped function and the first steps of the frames that no stepped function called. ``over`` and ``over_back``
undo each other on a level; from the end of a frame, ``over`` leads to the caller, and ``over_back`` from there passes
over the call.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

from tracer.analysis.locals import callers
from tracer.trace.queries import nearest_of_stages
from tracer.trace.reading import Trace
from tracer.trace.steps import Step


class Cursor:
    """A cursor at a step. In an empty trace it is at 0, where there is no step, and no move leads anywhere.

    Raises:
        IndexError: there is no step of that number.
    """

    def __init__(self, trace: Trace, number: int = 0) -> None:
        self.trace = trace
        self._number = number
        self._first_calls = lru_cache(maxsize=64)(trace.first_calls)
        if len(trace) or number:
            trace.step(number)

    @property
    def number(self) -> int:
        return self._number

    @property
    def step(self) -> Step:
        return self.trace.step(self._number)

    def go(self, number: int) -> int | None:
        """Go to a step by its number."""
        return self._at(number if 0 <= number < len(self.trace) else None)

    def first(self) -> int | None:
        return self.go(0)

    def last(self) -> int | None:
        return self.go(len(self.trace) - 1)

    # By number, in any thread.

    def next(self) -> int | None:
        return self.go(self._number + 1)

    def previous(self) -> int | None:
        return self.go(self._number - 1)

    # Along calls, within the thread.

    def into(self) -> int | None:
        """Go to the thread's next step: into the function that is called, if one is."""
        return self._at(self._in_thread())

    def into_back(self) -> int | None:
        """Go to the thread's previous step: into the function that was called, if one was."""
        return self._at(self._in_thread(backwards=True))

    def over(self) -> int | None:
        """Go to the frame's next step; after its last to a caller's next one, then to the outermost level."""
        return self._at(self._after(self._number, self._frame()))

    def over_back(self) -> int | None:
        """Go to the frame's previous step; from its first to the step that made the call."""
        frame = self._frame()
        back = None if frame is None else self.trace.nearest(self._number, backwards=True, frame=frame)
        return self._at(self._called_from(self._number, frame) if back is None else back)

    def out(self) -> int | None:
        """Go to a caller's next step after the frame's last, or to the next one on the outermost level."""
        frame = self._frame()
        if frame is None:
            return None
        last = self.trace.nearest(len(self.trace), backwards=True, frame=frame)
        return self._at(self._after(self._number if last is None else last, frame))

    def caller(self) -> int | None:
        """Go to the caller's step that made the call."""
        frame = self._frame()
        parent = None if frame is None else self.trace.frame(frame).parent
        first = None if frame is None else self.trace.nearest(-1, frame=frame)
        if parent is None or first is None:
            return None
        return self._at(self.trace.nearest(first, backwards=True, frame=parent))

    # By meaning.

    def next_stage(self) -> int | None:
        """Go to where the next run of steps of another stage begins."""
        if not len(self.trace):
            return None
        found = self._other_stage(self._number, self.step.stage)
        return self._at(None if found is None else found[0])

    def previous_stage(self) -> int | None:
        """Go to where the previous run of steps of another stage began."""
        if not len(self.trace):
            return None
        end = self._other_stage(self._number, self.step.stage, backwards=True)
        if end is None:
            return None
        before = self._other_stage(*end, backwards=True)
        return self.go(0 if before is None else before[0] + 1)

    def next_line(self, source: int, line: int) -> int | None:
        """Go to where a line of a source runs next."""
        return self._at(self.trace.nearest(self._number, source=source, line=line, event="line"))

    def previous_line(self, source: int, line: int) -> int | None:
        """Go to where a line of a source last ran before."""
        return self._at(self.trace.nearest(self._number, backwards=True, source=source, line=line, event="line"))

    def next_change(self, name: str) -> int | None:
        """Go to the next step that bound, deleted or changed in place a variable of the current frame."""
        return self._change(name, self._number + 1, len(self.trace))

    def previous_change(self, name: str) -> int | None:
        """Go to the previous step that changed a variable of the current frame."""
        return self._change(name, 0, self._number, backwards=True)

    def next_of(self, numbers: Sequence[int]) -> int | None:
        """Go to the next of these steps, which are in order, such as the hits of a search."""
        at = bisect_right(numbers, self._number)
        return self.go(numbers[at]) if at < len(numbers) else None

    def previous_of(self, numbers: Sequence[int]) -> int | None:
        """Go to the previous one of these steps."""
        at = bisect_left(numbers, self._number)
        return self.go(numbers[at - 1]) if at else None

    def _at(self, number: int | None) -> int | None:
        if number is not None:
            self._number = number
        return number

    def _frame(self) -> int | None:
        return self.step.frame if len(self.trace) else None

    def _in_thread(self, backwards: bool = False) -> int | None:
        if not len(self.trace):
            return None
        return self.trace.nearest(self._number, backwards=backwards, thread=self.step.thread)

    def _after(self, number: int, frame: int | None) -> int | None:
        for level in () if frame is None else (frame, *callers(self.trace, frame)):
            found = self.trace.nearest(number, frame=level)
            if found is not None:
                return found
        return self._outermost(number)

    def _called_from(self, number: int, frame: int | None) -> int | None:
        for level in () if frame is None else callers(self.trace, frame):
            found = self.trace.nearest(number, backwards=True, frame=level)
            if found is not None:
                return found
        return self._outermost(number, backwards=True)

    def _outermost(self, number: int, backwards: bool = False) -> int | None:
        """Return the nearest step on the thread's outermost level."""
        if not len(self.trace):
            return None
        thread = self.step.thread
        found = self.trace.nearest(number, backwards=backwards, thread=thread, outside=True)
        calls = self._first_calls(thread)
        if backwards:
            call = calls[at - 1] if (at := bisect_left(calls, number)) else None
        else:
            call = calls[at] if (at := bisect_right(calls, number)) < len(calls) else None
        return min((n for n in (found, call) if n is not None), key=lambda n: abs(n - number), default=None)

    def _other_stage(self, number: int, stage: str, backwards: bool = False) -> tuple[int, str] | None:
        """Return the nearest step that is in another stage, with its stage."""
        others = [other for other in self.trace.stages() if other != stage]
        return nearest_of_stages(self.trace, number, others, backwards=backwards)

    def _change(self, name: str, start: int, stop: int, backwards: bool = False) -> int | None:
        frame = self._frame()
        if frame is None:
            return None
        steps = self.trace.changes(frame, start, stop, backwards=backwards)
        found = (number for number, changes in steps if any(change.name == name for change in changes))
        return self._at(next(found, None))
