"""The state of the player: the trace, the current step, marks, and what the panes show of the step."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property, lru_cache, partial
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from tracer.analysis.cursor import Cursor
from tracer.analysis.decisions.decision import Decision
from tracer.analysis.locals import FrameState, Local, LocalsHistory, callers
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber, TracerError
from tracer.trace.queries import line_counts
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame, Step
from tracer.tui.bindings import Keymap

if TYPE_CHECKING:  # not for the first screen
    from tracer.analysis.decisions.explanation import ExplainedDecision
    from tracer.analysis.loops import Loop, Turns
    from tracer.analysis.syntax import StatementNode, SyntaxTrees
    from tracer.i18n import Lang
    from tracer.tui.palette import Entry

_SHORT: Final = 500  # line steps of a frame whose loops can be counted between two pictures
_KEPT_LOOPS: Final = 64

VariablePath = tuple[str, ...]
"""The name of a variable and the keys that lead into it."""
Place = tuple[int, int]
"""A source and a line of it."""


class JumpList:
    """The steps that were left by jumps, to go back to and forth again as a browser does with its pages."""

    def __init__(self, limit: int = 200) -> None:
        self._back: deque[int] = deque(maxlen=limit)
        self._forth: deque[int] = deque(maxlen=limit)

    def leave(self, number: int) -> None:
        """Remember a step that is left by a jump; what was ahead is forgotten."""
        self._back.append(number)
        self._forth.clear()

    def back(self, here: int) -> int | None:
        """Return the step that the last jump left, None if there is none; ``here`` is the current one."""
        return self._along(self._back, self._forth, here)

    def forth(self, here: int) -> int | None:
        """Return the step that :meth:`back` left, None if there is none."""
        return self._along(self._forth, self._back, here)

    @staticmethod
    def _along(there: deque[int], behind: deque[int], here: int) -> int | None:
        while there:
            number = there.pop()
            if number != here:
                behind.append(here)
                return number
        return None


class PinnedValue(NamedTuple):
    """What a pinned path leads to at the step.

    Attributes:
        path: the name of a variable, and the keys that lead into it.
        value: None where there is nothing.
        caller: the caller that has the variable; None for the frame of the step.
        changed: whether the step changed it.
    """

    path: VariablePath
    value: v.Value | None
    caller: Frame | None
    changed: bool


class PlayerState:
    """The state that all panes share. Only the player changes it."""

    def __init__(self, trace: Trace, start: int = 0, keymap: Keymap = Keymap()) -> None:  # noqa: B008 - it can't change
        self.trace = trace
        self.keymap = keymap
        self.cursor = Cursor(trace, start)
        self.paths = trace.source_paths()
        self.jumps = JumpList()
        self.bookmarks: set[int] = set()
        self.breakpoints: set[Place] = set()
        self.hits: Sequence[int] = ()
        self.searched: list[str] = []
        self.palette: dict[Lang, list[Entry]] = {}
        self.selected_variable: str | None = None
        self._explained: list[ExplainedDecision] | None = None
        self._explaining = Lock()
        self.pinned: list[VariablePath] = []
        self._variables = LocalsHistory(trace)
        self.source_lines = lru_cache(maxsize=128)(self._lines)
        self.line_counts = lru_cache(maxsize=128)(partial(line_counts, trace))
        self.decisions_of = lru_cache(maxsize=128)(self._decisions_of)
        self._innermost = lru_cache(maxsize=8)(self._variables.innermost)
        self._callers = lru_cache(maxsize=8)(self._variables.callers)
        self._chain = lru_cache(maxsize=128)(partial(_with_callers, trace))
        self._statement_at = lru_cache(maxsize=8)(self._find_statement)
        self._syntax: SyntaxTrees | None = None
        self._turns: dict[Loop, Turns] = {}

    @property
    def empty(self) -> bool:
        """Whether the trace has no steps."""
        return len(self.trace) == 0

    @cached_property
    def loads(self) -> list[int]:
        """The steps of the calls that load a model, in order."""
        from tracer.analysis.loading_calls import loading_calls, loads_a_model  # not for the first screen

        return [call.step for call in loading_calls(self.trace) if loads_a_model(self.trace, call)]

    @property
    def number(self) -> int:
        return self.cursor.number

    @property
    def step(self) -> Step:
        return self.cursor.step

    @property
    def frame_state(self) -> FrameState | None:
        """The frame of the step with its variables; None outside every stepped function."""
        return None if self.empty else self._innermost(self.number)

    @property
    def frames(self) -> list[Frame]:
        """The frame of the step and its callers, innermost first."""
        return [] if self.empty or self.step.frame is None else self._chain(self.step.frame)

    def caller_state(self, frame: int) -> FrameState | None:
        """Return a caller of the frame with its variables as they were when it made the call."""
        return next((caller for caller in self._callers(self.number) if caller.frame.number == frame), None)

    def frame(self) -> Frame | None:
        """Return the frame that the step belongs to, if any."""
        if self.empty or self.step.frame is None:
            return None
        try:
            return self.trace.frame(self.step.frame)
        except DanglingNumber:
            return None

    def place(self) -> Place | None:
        """Return the source and line of the step, if it has them."""
        if self.empty or self.step.source is None or self.step.line is None:
            return None
        return self.step.source, self.step.line

    def statement(self) -> StatementNode | None:
        """Return the statement that the step is at, if its source can be parsed."""
        frame, place = self.frame(), self.place()
        return None if frame is None or place is None else self._statement_at(frame, place)

    def loop(self) -> Loop | None:
        """Return the innermost loop that the step is in, among those of its frame."""
        from tracer.analysis.loops import loop_around

        frame, statement = self.frame(), self.statement()
        return None if frame is None or statement is None else loop_around(frame.number, statement)

    def turns(self, loop: Loop) -> Turns | None:
        """Return the turns of a loop; None if finding them takes long and nobody has yet: see :meth:`keep_turns`."""
        from tracer.analysis.loops import turns

        if loop not in self._turns:
            if sum(self.line_counts(loop.frame).values()) > _SHORT:
                return None
            self.keep_turns(loop, turns(self.trace, loop))
        return self._turns[loop]

    def keep_turns(self, loop: Loop, turns: Turns) -> None:
        """Remember the turns of a loop, and of a few before it."""
        self._turns[loop] = turns
        if len(self._turns) > _KEPT_LOOPS:
            del self._turns[next(iter(self._turns))]

    def toggle_pin(self, path: VariablePath) -> bool:
        """Pin a variable, or what a path leads to in it, or remove the pin; return whether it is pinned."""
        if path in self.pinned:
            self.pinned.remove(path)
            return False
        self.pinned.append(path)
        return True

    def pinned_values(self) -> list[PinnedValue]:
        """Return the values of what is pinned, in this frame or in the nearest caller that has the variable."""
        return [self._pinned_value(path) for path in self.pinned]

    def _pinned_value(self, path: VariablePath) -> PinnedValue:
        name, here = path[0], self.frame_state
        if here is None:
            return PinnedValue(path, None, None, changed=False)
        change = next((one for one in here.changed if one.name == name), None)
        if name in here.variables:
            value = self._follow(here.variables[name], path)
            changed = change is not None and self._follow(change.before, path) != value
            return PinnedValue(path, value, None, changed)
        for caller in self._variables.each_caller(self.number):
            if name in caller.variables:
                return PinnedValue(path, self._follow(caller.variables[name], path), caller.frame, changed=False)
        return PinnedValue(path, None, None, changed=change is not None)

    def _follow(self, local: Local | None, path: VariablePath) -> v.Value | None:
        try:
            value = None if local is None else local.value(self.trace)
            for key in path[1:]:
                number = None if value is None else dict(inside(value)).get(key)
                value = None if number is None else self.trace.value(number)
        except DanglingNumber:
            return None
        return value

    def current_decision(self) -> Decision | None:
        """Return the decision made at this step, if any."""
        from tracer.analysis.decisions.tracker import may_decide  # not for the first screen

        frame, statement = self.frame(), self.statement()
        if frame is None or statement is None or not may_decide(statement.node):
            return None
        return next((one for one in self.decisions_of(frame.number) if one.step == self.number), None)

    def explained(self, trace: Trace) -> list[ExplainedDecision]:
        """Return the decisions that explain the load, by step; they are worked out once.

        This takes long: it is for background threads, which have opened the ``trace`` of their own.

        Raises:
            TracerError: the trace is damaged.
        """
        from tracer.analysis.decisions.explanation import explanation  # not for the first screen

        with self._explaining:
            if self._explained is None:
                self._explained = explanation(trace)
            return self._explained

    @property
    def explaining_steps(self) -> list[int] | None:
        """The steps of the decisions that explain the load; None until they are worked out."""
        return None if self._explained is None else [one.decision.step for one in self._explained]

    def next_decision(self, *, back: bool = False) -> int | None:
        """Go to the nearest step at which a frame decided anything: in this frame first, then in any."""
        if self.empty:
            return None
        frame = self.frame()
        if frame is not None:
            steps = [decision.step for decision in self.decisions_of(frame.number)]
            found = self.cursor.previous_of(steps) if back else self.cursor.next_of(steps)
            if found is not None:
                return found
        return self.cursor.caller() if back else self.cursor.out()

    def toggle_bookmark(self) -> bool:
        """Set a bookmark at the step, or remove it; return whether it is set."""
        self.bookmarks.symmetric_difference_update({self.number})
        return self.number in self.bookmarks

    def next_bookmark(self) -> int | None:
        """Go to the next bookmark; after the last one to the first."""
        marks = sorted(self.bookmarks)
        return self.cursor.next_of(marks) or (self.cursor.go(marks[0]) if marks else None)

    def toggle_breakpoint(self, line: int) -> bool | None:
        """Set a breakpoint at a line of the source, or remove it; return whether it is set, None without a source."""
        place = self.place()
        if place is None:
            return None
        at = place[0], line
        self.breakpoints.symmetric_difference_update({at})
        return at in self.breakpoints

    def run_to_breakpoint(self, *, back: bool = False) -> int | None:
        """Go to where a line with a breakpoint is reached next, or was last reached before."""
        cursor, start = self.cursor, self.number
        found = []
        for source, line in self.breakpoints:
            number = cursor.previous_line(source, line) if back else cursor.next_line(source, line)
            if number is not None:
                found.append(number)
            cursor.go(start)
        return cursor.go(max(found) if back else min(found)) if found else None

    def _find_statement(self, frame: Frame, place: Place) -> StatementNode | None:
        from tracer.analysis.syntax import SyntaxTrees

        if self._syntax is None:
            self._syntax = SyntaxTrees(self.trace)
        syntax = self._syntax(place[0])
        function = syntax.function(frame) if syntax is not None and place[0] == frame.source else None
        if syntax is None or function is None:
            return None
        return syntax.statements_by_line(function).get(place[1])

    def _lines(self, source: int) -> list[str]:
        """Return the lines of a source as Python counts them; none if the trace does not have it."""
        try:
            text = self.trace.source(source).text
        except DanglingNumber:
            return []
        return [line.rstrip("\n") for line in StringIO(text, newline=None)]

    def _decisions_of(self, frame: int) -> list[Decision]:
        from tracer.analysis.decisions.tracker import decisions  # not for the first screen

        try:
            return list(decisions(self.trace, frame=frame))
        except (TracerError, RecursionError):  # the decisions of a damaged frame are unknown
            return []


def inside(value: v.Value) -> list[tuple[str, v.ValueId]]:
    """Return the pairs of a container."""
    if isinstance(value, (v.Mapping, v.Config)):
        return list(value.items)
    if isinstance(value, v.Sequence):
        return [(str(index), number) for index, number in enumerate(value.items)]
    return []


def _with_callers(trace: Trace, frame: int) -> list[Frame]:
    return [trace.frame(number) for number in (frame, *callers(trace, frame))]
