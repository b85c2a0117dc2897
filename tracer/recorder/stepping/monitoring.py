"""Stepping on Python 3.12 and later: ``sys.monitoring`` with events set only on the targets' own code.

Every function reports its first start, and never again if it is not a target, so the rest of the library runs at full
speed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType
from typing import Any, Final

from tracer.recorder.recording import Recording
from tracer.recorder.stepping.model_code import is_model_file
from tracer.recorder.stepping.stepped_frame import SteppedFrame
from tracer.recorder.stepping.target_index import TargetIndex
from tracer.trace import reasons

_TOOL_NAME: Final = "glm-trace"


class MonitoringStepper:
    """Steps the index's targets in every thread."""

    def __init__(self, recording: Recording, index: TargetIndex, *, lines: bool) -> None:
        self._recording = recording
        self._index = index
        self._lines = lines
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self._tool = -1
        self._events = 0
        self._targets: dict[int, tuple[CodeType, int]] = {}

    def start(self) -> None:
        """Start stepping.

        Raises:
            RuntimeError: all tool identifiers of the interpreter are taken.
        """
        monitoring = self._monitoring
        self._tool = next((tool for tool in (4, 3, 5, 2, 1, 0) if monitoring.get_tool(tool) is None), -1)
        if self._tool < 0:
            raise RuntimeError("every sys.monitoring tool identifier is taken; stop a debugger or profiler and retry.")
        self._switch_on()

    def _switch_on(self) -> None:
        monitoring = self._monitoring
        if monitoring.get_tool(self._tool) is None:
            monitoring.use_tool_id(self._tool, _TOOL_NAME)
        events = monitoring.events
        for event, callback in (
            (events.PY_START, self._started),
            (events.LINE, self._line),
            (events.PY_RETURN, partial(self._ended, SteppedFrame.returned)),
            (events.RAISE, partial(self._ended, SteppedFrame.raised)),
            (events.PY_UNWIND, partial(self._ended, SteppedFrame.unwound)),
        ):
            monitoring.register_callback(self._tool, event, callback)
        for code, wanted in self._targets.values():
            monitoring.set_local_events(self._tool, code, wanted)
        self._events = events.PY_START | events.RAISE | events.PY_UNWIND
        monitoring.set_events(self._tool, self._events)
        monitoring.restart_events()

    def keep_on(self) -> None:
        """Check whether the load switched stepping off, and switch it on again."""
        self._note_full_stack()
        monitoring = self._monitoring
        if self._tool < 0 or (
            monitoring.get_tool(self._tool) == _TOOL_NAME and monitoring.get_events(self._tool) == self._events
        ):
            return
        step = self._recording.steps
        if monitoring.get_tool(self._tool) in (None, _TOOL_NAME):
            self._recording.skip(reasons.STEPS_BEFORE.format(step=step), reasons.TOOL_TAKEN_BACK)
            for stepped in self._recording.thread.stack:
                stepped.may_end_unseen = True
            self._switch_on()
        else:
            self._recording.skip(reasons.OTHER_TOOL, reasons.TOOL_LOST.format(step=step))

    def restart(self) -> None:
        """Report starts again of functions that were not targets so far."""
        if self._tool >= 0:
            self._monitoring.restart_events()

    def stop(self) -> None:
        self._note_full_stack()
        monitoring = self._monitoring
        if self._tool < 0:
            return
        if monitoring.get_tool(self._tool) != _TOOL_NAME:  # the program has taken it
            self._tool = -1
            return
        monitoring.set_events(self._tool, 0)
        for code, _ in self._targets.values():
            monitoring.set_local_events(self._tool, code, 0)
        events = monitoring.events
        for event in (events.PY_START, events.LINE, events.PY_RETURN, events.RAISE, events.PY_UNWIND):
            monitoring.register_callback(self._tool, event, None)
        monitoring.free_tool_id(self._tool)
        self._tool = -1

    def _started(self, code: CodeType, offset: int) -> Any:
        try:
            if not self._index.may_match(code):
                return self._monitoring.DISABLE
            frame = sys._getframe(1)
            entry = self._index.lookup(frame)
            if entry is None:
                return None if is_model_file(code.co_filename) else self._monitoring.DISABLE
            if id(code) not in self._targets:
                events = self._monitoring.events
                lines = self._lines and entry.target.lines and not entry.opaque
                wanted = events.PY_RETURN | (events.LINE if lines else 0)
                self._targets[id(code)] = code, wanted
                self._monitoring.set_local_events(self._tool, code, wanted)
            self._note_full_stack()
            stepped = SteppedFrame(self._recording, entry.target, frame, entry.probes, self._lines, entry.opaque)
            stepped.entered(frame)
        except RecursionError:
            # Called from here, note() would raise one more, and that would be the program's. So it goes on and runs
            # into its own. The same holds below.
            self._recording.thread.stack_was_full = True
        except Exception as error:
            self._recording.guard.note("stepping", error)
        return None

    def _line(self, code: CodeType, line: int) -> None:
        try:
            frame = sys._getframe(1)
            stepped = self._running(code, frame)
            if stepped is not None and stepped.steps_lines:
                stepped.reached_line(frame, line)
        except RecursionError:
            self._recording.thread.stack_was_full = True
        except Exception as error:
            self._recording.guard.note("stepping", error)

    def _ended(
        self, report: Callable[[SteppedFrame, FrameType, Any], None], code: CodeType, offset: int, value: Any
    ) -> None:
        """Report a return, or an exception that is raised or leaves the frame."""
        try:
            if id(code) not in self._targets:
                return
            frame = sys._getframe(1)
            stepped = self._running(code, frame)
            if stepped is not None:
                report(stepped, frame, value)
        except RecursionError:
            self._recording.thread.stack_was_full = True
        except Exception as error:
            self._recording.guard.note("stepping", error)

    def _running(self, code: CodeType, frame: FrameType) -> SteppedFrame | None:
        """Return the stepped frame that runs now, or None for an execution of its code that is not stepped."""
        self._note_full_stack()
        stack: list[SteppedFrame] = self._recording.thread.stack
        if not stack:
            return None
        if stack[-1].code is code and stack[-1].frame_id == id(frame):
            return stack[-1]
        if not stack[-1].may_end_unseen:
            return None
        return next((known for known in reversed(stack) if known.code is code and known.frame_id == id(frame)), None)

    def _note_full_stack(self) -> None:
        """Note that a step was lost where the stack was full; it may have been the end of a frame."""
        thread = self._recording.thread
        if not thread.stack_was_full:
            return
        for stepped in thread.stack:
            stepped.may_end_unseen = True
        self._recording.skip(reasons.STEPPING, reasons.STACK_FULL)
        thread.stack_was_full = False
