"""One execution of one stepped function: turns interpreter events into steps."""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Callable, Mapping
from types import CodeType, FrameType, TracebackType
from typing import Any, Final, NamedTuple

from tracer.recorder import safe_inspect
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.code_objects import arguments_of, qualified_name, statement_starts
from tracer.recorder.stepping.local_changes import LocalChanges
from tracer.recorder.stepping.targets import Sections, Target
from tracer.recorder.tracebacks import below
from tracer.trace import reasons
from tracer.trace.values import ValueId

_TAKES_OVER: Final = dis.opmap.get("PUSH_EXC_INFO")
MAX_LINES: Final = 50_000  # line steps of one frame; a longer loop is noted, not recorded

_LOADS: Final = ("from_pretrained", "from_config")

_sections: dict[int, tuple[CodeType, Sections]] = {}


class FrameEvent(NamedTuple):
    """What a probe sees of an event in a frame.

    ``value`` is what was returned or raised; ``caller`` the nearest stepped caller. ``from_below`` is whether an
    exception that arrives here came out of a call, and was not raised by the function itself.
    """

    variables: Mapping[str, Any]
    value: Any
    caller: SteppedFrame | None
    recording: Recording
    from_below: bool = False


Probe = Callable[[FrameEvent], "tuple[str, dict[str, Any]] | None"]
"""Returns the meaning of a frame event as step kind and data; None if it has none."""


class SteppedFrame:
    """Emits the steps of a frame. The interpreter hooks call its methods; it never keeps the frame itself.

    Args:
        opaque: whether its local variables must not be read while it runs.

    Attributes:
        may_end_unseen: whether the interpreter may not report its end.
    """

    __slots__ = (
        "_called_directly", "_changes", "_lines", "_probes", "_raised", "_raised_step", "_raised_value", "_raw_line",
        "_recording", "_sections", "_starts", "_statement", "_whole", "_with_lines", "caller", "code", "frame_id",
        "line", "may_end_unseen", "number", "opaque", "source", "stage", "target", "variables",
    )  # fmt: skip

    def __init__(
        self,
        recording: Recording,
        target: Target,
        frame: FrameType,
        probes: Mapping[str, Probe],
        with_lines: bool,
        opaque: bool = False,
    ) -> None:
        code = frame.f_code
        stack = recording.thread.stack
        if stack and stack[-1].may_end_unseen:
            stack[-1].close_if_ended()
        self.opaque = opaque
        self.may_end_unseen = False
        self.target = target
        self.code = code
        self.frame_id = id(frame)  # valid while the frame runs, which is as long as it is used
        self.caller: SteppedFrame | None = stack[-1] if stack else None
        back = frame.f_back
        self._called_directly = self.caller is not None and id(back) == self.caller.frame_id
        self.source = recording.source_number(code.co_filename)
        self.line = code.co_firstlineno
        self._recording = recording
        self._probes = probes
        self._with_lines = with_lines and target.lines and not opaque
        self._changes = LocalChanges(
            recording.summaries, None if self.caller is None else self.caller._changes, asked_again=self._with_lines
        )
        self._lines = 0 if self._with_lines else MAX_LINES
        self._starts = statement_starts(code) if self._with_lines else {}
        self._statement = self._raw_line = -1
        # The last exception that is still propagating here: only its id, or it would live longer, with all its frames.
        self._raised: int | None = None
        self._raised_step = -1
        self._raised_value: ValueId | None = None
        self._whole: str | None = recording.whole_stage or (target.stage if target.whole else None)
        if self.caller is not None and self.caller._whole is not None:
            self._whole = self.caller._whole
        inherited = self.caller.stage if self.caller is not None else recording.thread.stage
        self.stage = self._whole or target.stage or inherited
        self._sections = _sections_of(code, target) if target.sections and self._whole is None else None
        self.variables: Mapping[str, Any] = {}
        module = frame.f_globals.get("__name__", "")
        self.number = recording.new_frame(
            module if type(module) is str else "", qualified_name(code), self.source, code.co_firstlineno
        )
        stack.append(self)

    @property
    def is_load(self) -> bool:
        """Whether it loads something, unlike a pass through the model's own code, say."""
        return self.target.function.endswith(_LOADS)

    @property
    def steps_lines(self) -> bool:
        return self._lines < MAX_LINES

    def entered(self, frame: FrameType) -> None:
        variables = arguments_of(frame) if self.opaque else frame.f_locals
        listener = self._recording.on_call.get(self.target.function)
        if listener is not None:
            self._recording.guard.call(f"call of {self.target.function}", listener, variables)
        self._emit("call", variables, None)
        if self.opaque:
            self.variables = {}  # or it would keep what the function itself has dropped

    def reached_line(self, frame: FrameType, line: int) -> None:
        if self._raised is not None and id(sys.exc_info()[1]) != self._raised and not _is_about_to_handle(frame):
            self._raised = None  # it was caught and may be gone: another exception could get its id
        before, self._raw_line = self._raw_line, line
        statement = self._starts.get(line, line)
        if statement == self._statement and not (
            line == before == statement and frame.f_lasti in _loop_starts(self.code)
        ):
            return  # still the same statement, unless it is a loop on one line
        self._statement = self.line = line = statement
        if self._sections is not None:
            self.stage = self._sections.stage(line)
        self._lines += 1
        if self._lines == MAX_LINES:
            place = f"{qualified_name(frame.f_code)} (frame {self.number})"
            self._recording.skip(place, reasons.TOO_MANY_LINES.format(count=MAX_LINES))
        self._emit("line", frame.f_locals, None)

    def raised(self, frame: FrameType, error: BaseException, traceback: TracebackType | None = None) -> None:
        """Record an exception; ``traceback`` is given before Python 3.12, where the exception itself gets it later."""
        if issubclass(type(error), (StopIteration, GeneratorExit)) or self._is_known(error, frame, traceback):
            return
        self._raised = id(error)
        self._set_line(frame)
        self._emit("raise", self._locals_of(frame), error, traceback=traceback)

    def returned(self, frame: FrameType, value: Any) -> None:
        self._set_line(frame)
        if self.caller is None and self.is_load:
            self._recording.loads += 1
        try:
            self._emit("return", self._locals_of(frame), value, has_value=True)
        finally:
            self._close()

    def unwound(self, frame: FrameType, error: BaseException | None) -> None:
        self._set_line(frame)
        try:
            self._emit("unwind", self._locals_of(frame), error)
        finally:
            self._close()

    def _is_known(self, error: BaseException, frame: FrameType, traceback: TracebackType | None) -> bool:
        """Return whether an exception is reported again: it is raised once more, or a ``with`` passes it on."""
        if id(error) != self._raised:
            return False
        if self.steps_lines:
            return True
        # Without lines, nothing shows that the exception before was caught and is gone; then this one passed here once.
        return _times_here(traceback or safe_inspect.traceback_of(error), frame) > 1

    def close_if_ended(self, error: BaseException | None = None, traceback: TracebackType | None = None) -> None:
        """Close this frame, the innermost one, if it has ended unreported; then its callers likewise.

        Its end becomes a step if it is known: an exception that is seen now has passed through it, or its caller is a
        frame that would have seen an exception. ``error`` has just arrived in the frame that runs now.
        """
        stack: list[SteppedFrame] = self._recording.thread.stack
        closed = self._close_if_ended(error, traceback)
        while closed and stack and stack[-1].may_end_unseen:
            closed = stack[-1]._close_if_ended(error, traceback)

    def _close_if_ended(self, error: BaseException | None, traceback: TracebackType | None) -> bool:
        running: FrameType | None = sys._getframe()
        while running is not None:
            if id(running) == self.frame_id and running.f_code is self.code:
                return False
            running = running.f_back
        seen = sys.exc_info()[1] if error is None else error
        try:
            if seen is not None and safe_inspect.came_through(seen, self.code, traceback):
                self._emit("unwind", self.variables, seen)
            elif self._called_directly and self.caller is not None and not self.caller.may_end_unseen:
                self._emit("return", self.variables, None)
        finally:
            self._close()
        return True

    def _locals_of(self, frame: FrameType) -> Any:
        return self.variables if self.opaque else frame.f_locals

    def _set_line(self, frame: FrameType) -> None:
        if frame.f_lineno:
            self.line = self._starts.get(frame.f_lineno, frame.f_lineno)

    def _emit(
        self,
        event: str,
        variables: Any,
        value: Any,
        has_value: bool = False,
        traceback: TracebackType | None = None,
    ) -> None:
        recording = self._recording
        stack = recording.thread.stack
        if stack and stack[-1] is not self and stack[-1].may_end_unseen:
            stack[-1].close_if_ended(value if event == "raise" else None, traceback)
        if type(variables) is not dict:
            variables = dict(variables)  # from Python 3.13 on it is a view that would keep the frame alive
        if recording.limit is not None and event in ("call", "line"):
            recording.check_limit(self.stage)
        self.variables = variables
        seen_at = self._seen_at(value, traceback) if event in ("raise", "unwind") else None
        described = self._described(event, value, traceback) if seen_at is None else None
        with recording.lock:  # the values and the step that refers to them are numbered together
            changes = self._changes.since_last(variables) if self._with_lines or event == "call" else []
            kind, data = event, None
            probe = self._probes.get(event)
            if probe is not None and not (self.may_end_unseen and event == "return" and not has_value):
                from_below = event == "raise" and below(traceback or safe_inspect.traceback_of(value)) is not None
                meaning = self._call_probe(probe, variables, value, from_below)
                if meaning is not None:
                    kind, data = meaning[0], recording.clean_data(meaning[1])
            if described:
                data = {**(data or {}), **described}
            shown = self._changes.number(value) if has_value or value is not None else None
            if event == "raise":
                self._raised_value = shown
            elif event == "unwind" and shown is None:
                shown = self._raised_value
            number = recording.step(
                self.stage, kind, event=event, frame=self.number, source=self.source, line=self.line, changes=changes,
                value=shown, data=data,
            )  # fmt: skip
        self._follow_exception(event, value, number, seen_at)

    def _follow_exception(self, event: str, value: Any, number: int, seen_at: int | None) -> None:
        """Note where an exception was first seen: it passes through many frames."""
        thread = self._recording.thread
        if event == "raise":
            self._raised_step = number if seen_at is None else seen_at
            self._recording.note_raise(value, self._raised_step, self.code, in_load=thread.stack[0].is_load)
        leaves = event == "unwind" and self._raised is not None and (value is None or id(value) == self._raised)
        thread.in_flight = (self._raised, self._raised_step, self.code) if leaves else None

    def _seen_at(self, error: BaseException, traceback: TracebackType | None) -> int | None:
        """Return the step at which an exception was first seen that has just left a stepped function; else None."""
        in_flight = self._recording.thread.in_flight
        if in_flight is None or in_flight[0] != id(error):
            return None
        return in_flight[1] if safe_inspect.came_through(error, in_flight[2], traceback) else None

    def _described(self, event: str, error: Any, traceback: TracebackType | None) -> dict[str, Any] | None:
        """Return the traceback of an exception that is seen for the first time."""
        ends_unseen = event == "unwind" and error is not None and self._raised is None
        if event != "raise" and not ends_unseen:
            return None
        if issubclass(type(error), (StopIteration, GeneratorExit)):
            return None
        return self._recording.describe(error, traceback, self.code, self.line)

    def _call_probe(
        self, probe: Probe, variables: Mapping[str, Any], value: Any, from_below: bool
    ) -> tuple[str, dict[str, Any]] | None:
        seen = FrameEvent(variables, value, self.caller, self._recording, from_below)
        meaning: tuple[str, dict[str, Any]] | None = self._recording.guard.call(
            f"probe {self.target.function}", probe, seen
        )
        return meaning

    def _close(self) -> None:
        stack = self._recording.thread.stack
        while stack and stack[-1] is not self:
            stack.pop()  # a frame whose end was never reported
        if stack:
            stack.pop()
        self._changes = LocalChanges(self._recording.summaries)  # drop the frame's values
        self._raised = None
        self.variables = {}


def _times_here(traceback: TracebackType | None, frame: FrameType) -> int:
    """Count how often an exception has passed through this very frame."""
    times = 0
    while traceback is not None:
        times += traceback.tb_frame is frame
        traceback = traceback.tb_next
    return times


def _is_about_to_handle(frame: FrameType) -> bool:
    """Return whether an exception is about to enter a handler, where ``sys.exc_info()`` has it from then on.

    From Python 3.11 on, a handler begins by taking the exception over, and that of a ``with`` is a line of its own.
    """
    return _TAKES_OVER is not None and frame.f_code.co_code[frame.f_lasti] == _TAKES_OVER


@functools.lru_cache(maxsize=4096)
def _loop_starts(code: CodeType) -> frozenset[int]:
    """Return the offsets that the code jumps back to, except those of comprehensions, which Python 3.12 inlines.

    Python 3.12.1 reports a line twice in a row for other reasons as well.
    """
    jumps = {*dis.hasjrel, *dis.hasjabs}
    instructions = list(dis.get_instructions(code))
    items = {item.offset for item in instructions if item.opname == "FOR_ITER"}
    back = {item.argval for item in instructions if item.opcode in jumps and item.argval <= item.offset}
    return frozenset(back - items)


def _sections_of(code: CodeType, target: Target) -> Sections:
    known = _sections.get(id(code))
    if known is None:
        assert target.stage is not None
        known = _sections[id(code)] = (code, Sections(code, target.stage, target.sections))
    return known[1]
