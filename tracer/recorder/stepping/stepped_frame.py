"""One execution of one stepped function: turns interpreter events into steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

from tracer.recorder.recording import Recording
from tracer.recorder.sections import Sections
from tracer.recorder.stepping.local_changes import LocalChanges
from tracer.recorder.stepping.names import qualified_name
from tracer.recorder.stepping.statements import statement_starts
from tracer.recorder.targets import Target

MAX_LINES: Final = 50_000  # line steps of one frame; a loop beyond that is noted, not recorded

_LOADS: Final = ("from_pretrained", "from_config")

_sections: dict[int, tuple[CodeType, Sections]] = {}


class Observed(NamedTuple):
    """What a probe sees of a frame event.

    ``value`` is what was returned or raised; ``caller`` the nearest stepped caller.
    """

    variables: Mapping[str, Any]
    value: Any
    caller: SteppedFrame | None
    recording: Recording


Probe = Callable[[Observed], "tuple[str, dict[str, Any]] | None"]
"""Gives a frame event its meaning: the step kind and its data; None where it has none."""


class SteppedFrame:
    """Emits the steps of a frame. The interpreter hooks call its methods; it never keeps the frame itself."""

    __slots__ = (
        "_changes", "_lines", "_probes", "_raised", "_raised_step", "_raw_line", "_recording", "_sections", "_starts",
        "_statement", "_whole", "_with_lines",
        "caller", "code", "frame_id", "line", "number", "source", "stage", "target", "variables",
    )  # fmt: skip

    def __init__(
        self, recording: Recording, target: Target, frame: FrameType, probes: Mapping[str, Probe], with_lines: bool
    ) -> None:
        code = frame.f_code
        stack = recording.thread.stack
        self.target = target
        self.code = code
        self.frame_id = id(frame)  # valid for as long as the frame runs, which is as long as it is asked for
        self.caller: SteppedFrame | None = stack[-1] if stack else None
        self.source = recording.source_number(code.co_filename)
        self.line = code.co_firstlineno
        self._recording = recording
        self._probes = probes
        self._with_lines = with_lines and target.lines
        self._changes = LocalChanges(
            recording.summaries, None if self.caller is None else self.caller._changes, asked_again=self._with_lines
        )
        self._lines = 0 if self._with_lines else MAX_LINES
        self._starts = statement_starts(code) if self._with_lines else {}
        self._statement = self._raw_line = -1
        self._raised: BaseException | None = None
        self._raised_step = -1
        self._whole: str | None = recording.whole_stage or (target.stage if target.whole else None)
        if self.caller is not None and self.caller._whole is not None:
            self._whole = self.caller._whole
        inherited = self.caller.stage if self.caller is not None else recording.thread.stage
        self.stage = self._whole or target.stage or inherited
        self._sections = _sections_of(code, target) if target.sections and self._whole is None else None
        self.variables: Mapping[str, Any] = {}
        module = frame.f_globals.get("__name__", "")
        self.number, _depth = recording.new_frame(
            module if type(module) is str else "", qualified_name(code), self.source, code.co_firstlineno
        )
        stack.append(self)

    @property
    def is_load(self) -> bool:
        """Whether it loads something, as opposed to a pass through the model's own code, say."""
        return self.target.function.endswith(_LOADS)

    @property
    def steps_lines(self) -> bool:
        return self._lines < MAX_LINES

    def entered(self, frame: FrameType) -> None:
        variables = frame.f_locals
        listener = self._recording.on_call.get(self.target.function)
        if listener is not None:
            listener(variables)
        self._emit("call", variables, None)

    def reached_line(self, frame: FrameType, line: int) -> None:
        before, self._raw_line = self._raw_line, line
        statement = self._starts.get(line, line)
        if statement == self._statement and not (line == before == statement):
            return  # still the same statement; its own line twice in a row is a loop on one line
        self._statement = self.line = line = statement
        if self._sections is not None:
            self.stage = self._sections.stage(line)
        self._lines += 1
        if self._lines == MAX_LINES:
            place = f"{qualified_name(frame.f_code)} (frame {self.number})"
            self._recording.skip(place, f"after {MAX_LINES} line steps in one frame its further lines are not recorded")
        self._emit("line", frame.f_locals, None)

    def raised(self, frame: FrameType, error: BaseException) -> None:
        # The interpreter reports an exception again where a `finally` or `with` passes it on.
        if error is self._raised or issubclass(type(error), (StopIteration, GeneratorExit)):
            return
        self._raised = error
        self._stands_at(frame)
        self._emit("raise", frame.f_locals, error)

    def returned(self, frame: FrameType, value: Any) -> None:
        self._stands_at(frame)
        if self.caller is None and self.is_load:
            self._recording.loads += 1
        try:
            self._emit("return", frame.f_locals, value, has_value=True)
        finally:
            self._close()

    def unwound(self, frame: FrameType, error: BaseException | None) -> None:
        self._stands_at(frame)
        try:
            self._emit("unwind", frame.f_locals, error if error is not None else self._raised)
        finally:
            self._close()

    def _stands_at(self, frame: FrameType) -> None:
        if frame.f_lineno:
            self.line = self._starts.get(frame.f_lineno, frame.f_lineno)

    def _emit(self, event: str, variables: Any, value: Any, has_value: bool = False) -> None:
        recording = self._recording
        if type(variables) is not dict:
            variables = dict(variables)  # from Python 3.13 on a view that would keep the frame alive
        if recording.limit is not None and event in ("call", "line"):
            recording.check_limit(self.stage)
        self.variables = variables
        with recording.lock:  # the numbers of values and of the step that holds them belong together
            changes = self._changes.since_last(variables) if self._with_lines or event == "call" else []
            kind, data = event, None
            probe = self._probes.get(event)
            if probe is not None:
                meaning = self._ask(probe, variables, value)
                if meaning is not None:
                    kind, data = meaning[0], recording.clean_data(meaning[1])
            number = recording.step(
                self.stage, kind, event=event, frame=self.number, source=self.source, line=self.line, changes=changes,
                value=self._changes.number(value) if has_value or value is not None else None, data=data,
            )  # fmt: skip
        self._follow_exception(event, value, number)

    def _follow_exception(self, event: str, value: Any, number: int) -> None:
        """An exception passes through many frames; what counts is where it was first seen."""
        thread = self._recording.thread
        if event == "raise":
            flying = thread.in_flight
            self._raised_step = flying[1] if flying is not None and flying[0] == id(value) else number
            self._recording.note_raise(value, self._raised_step, self.code, in_load=thread.stack[0].is_load)
        thread.in_flight = (id(value), self._raised_step) if event == "unwind" and value is self._raised else None

    def _ask(self, probe: Probe, variables: Mapping[str, Any], value: Any) -> tuple[str, dict[str, Any]] | None:
        try:
            return probe(Observed(variables, value, self.caller, self._recording))
        except Exception as error:  # a probe meets releases it was not written for; the load must not notice
            self._recording.skip(f"probe {self.target.function}", f"{type(error).__name__}: {error}")
            return None

    def _close(self) -> None:
        stack = self._recording.thread.stack
        while stack and stack[-1] is not self:
            stack.pop()  # a frame whose end was never reported
        if stack:
            stack.pop()
        self._changes = LocalChanges(self._recording.summaries)  # let go of the frame's values
        self._raised = None
        self.variables = {}


def _sections_of(code: CodeType, target: Target) -> Sections:
    known = _sections.get(id(code))
    if known is None:
        assert target.stage is not None
        known = _sections[id(code)] = (code, Sections(code, target.stage, target.sections))
    return known[1]
