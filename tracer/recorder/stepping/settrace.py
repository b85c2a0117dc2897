"""Stepping on Python 3.10 and 3.11: a router as the interpreter's trace function.

The router declines every frame but those of targets, so only these pay for line events. What remains is the
interpreter's own cost of having a trace function; :mod:`tracer.recorder.stepping.tracing_pause` removes it where no
target can run.
"""

from __future__ import annotations

import opcode
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType, TracebackType
from typing import Any, Final

from tracer.recorder import safe_inspect
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.stepped_frame import SteppedFrame
from tracer.recorder.stepping.target_index import TargetIndex
from tracer.trace import reasons

_RETURNS: Final = frozenset(opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opcode.opmap)

TraceFunction = Callable[[FrameType, str, Any], Any]


class _Thread(threading.local):
    """The stepper of a thread, and how often it is paused there."""

    stepper: SettraceStepper | None = None
    paused = 0


_thread = _Thread()


class SettraceStepper:
    """Steps the index's targets in this thread, and with ``all_threads`` in those started from now on."""

    def __init__(self, recording: Recording, index: TargetIndex, *, lines: bool, all_threads: bool) -> None:
        self.recording = recording
        self._index = index
        self._lines = lines
        self._all_threads = all_threads
        self.router = self._make_router()
        self._before: Any = None
        self._before_threads: Any = None
        self._on = False
        self.too_deep = False  # a step was lost where the stack was full, and where nothing could be called to say so

    def start(self) -> None:
        self._before = sys.gettrace()
        if self._before is not None:
            self.recording.skip(reasons.TRACE_FUNCTION.format(name=type(self._before).__name__), reasons.SET_ASIDE)
        if self._all_threads:
            self._before_threads = threading.gettrace() if hasattr(threading, "gettrace") else None
            threading.settrace(self.router)
        self._on = True
        _thread.stepper, _thread.paused = self, 0
        sys.settrace(self.router)

    def stop(self) -> None:
        if not self._on:
            return
        self.keep_on()
        self._on = False  # threads that go on will remove the router themselves
        _thread.stepper = None
        if sys.gettrace() in (self.router, None):  # otherwise the program has set its own, and wants to keep it
            sys.settrace(self._before)
        if self._all_threads and (not hasattr(threading, "gettrace") or threading.gettrace() is self.router):
            threading.settrace(self._before_threads)

    def keep_on(self) -> None:
        """Check whether the load switched this thread's stepping off, and switch it on again.

        The interpreter does so when the stack is too deep to call a trace function, and the program itself can. A
        trace function that the program has set stays.
        """
        if _thread.stepper is not self or _thread.paused or self.recording.stopping:
            return
        if self.too_deep:
            self.too_deep = False
            self.recording.skip(reasons.STEPPING, reasons.STACK_FULL)
        current = sys.gettrace()
        if current is self.router:
            return
        step = self.recording.steps
        if current is not None:
            self.recording.skip(
                reasons.OTHER_TRACE_FUNCTION,
                reasons.OTHER_TRACE_FUNCTION_SET.format(function=_name(current), step=step),
            )
            return
        self.recording.skip(reasons.STEPS_BEFORE.format(step=step), reasons.SWITCHED_ON_AGAIN)
        self._watch_again(sys._getframe())
        sys.settrace(self.router)

    def _watch_again(self, frame: FrameType | None) -> None:
        """Step the lines of those stepped frames again that still run; the others have ended."""
        stack: list[SteppedFrame] = self.recording.thread.stack
        known = {(stepped.frame_id, stepped.code): stepped for stepped in stack}
        for stepped in stack:
            stepped.may_end_unseen = True
        while frame is not None:
            found = known.get((id(frame), frame.f_code))
            if found is not None and not found.opaque and frame.f_trace is None:
                frame.f_trace = _trace_frame(found, self.recording, self)
            frame = frame.f_back
        if stack:
            stack[-1].close_if_ended()

    def _make_router(self) -> TraceFunction:
        names, own_files, find = self._index.names, self._index.model_code.files, self._index.lookup
        recording, lines, trace_frame, thread = self.recording, self._lines, _trace_frame, _thread

        def router(frame: FrameType, event: str, arg: Any) -> TraceFunction | None:
            code = frame.f_code
            if code.co_name not in names and code.co_filename not in own_files:
                return None
            if not self._on:  # a thread that goes on after the recording
                sys.settrace(None)
                return None
            try:
                entry = find(frame)
                if entry is None:
                    return None
                thread.stepper = self
                stepped = SteppedFrame(recording, entry.target, frame, entry.probes, lines, entry.opaque)
                # Every event of a frame updates its dictionary of local variables, so this frame gets none.
                stepped.may_end_unseen = entry.opaque
                stepped.entered(frame)
                if entry.opaque:
                    return None
                frame.f_trace_lines = stepped.steps_lines
                return trace_frame(stepped, recording, self)
            except RecursionError:
                # Called from here, note() would raise one more, and that would be the program's. So it goes on and
                # runs into its own.
                self.too_deep = True
                return None
            except Exception as error:
                recording.guard.note("stepping", error)
                return None

        return router


def _name(function: Any) -> str:
    return (
        safe_inspect.text((safe_inspect.instance_dict(function) or {}).get("__qualname__"))
        or safe_inspect.text(
            getattr(function, "__qualname__", None) if safe_inspect.module_name(type(function)) == "builtins" else None
        )
        or safe_inspect.type_name(type(function))
    )


def _trace_frame(stepped: SteppedFrame, recording: Recording, stepper: SettraceStepper) -> TraceFunction:
    """Return the local trace function of one frame."""

    def trace(frame: FrameType, event: str, arg: Any) -> TraceFunction | None:
        try:
            if event == "line":
                stepped.reached_line(frame, frame.f_lineno)
                if not stepped.steps_lines:
                    frame.f_trace_lines = False
            elif event == "return":
                if arg is None and not _at_return(frame):
                    stepped.unwound(frame, None)
                else:
                    stepped.returned(frame, arg)
            elif event == "exception":
                stepped.raised(frame, arg[1], arg[2])
        except RecursionError:  # as in the router
            stepper.too_deep = True
        except Exception as error:
            recording.guard.note("stepping", error)
        return trace

    return trace


def _at_return(frame: FrameType) -> bool:
    """Return whether the frame is at a return instruction: a frame that an exception leaves also reports None."""
    return frame.f_code.co_code[frame.f_lasti] in _RETURNS


def unstepped() -> AbstractContextManager[None]:
    """Pause stepping inside the ``with`` block: for what the recorder does in the middle of traced code."""
    stepper = _thread.stepper
    return nullcontext() if stepper is None else Paused(stepper)


class Paused:
    """Removes the stepper's trace function inside the ``with`` block, and sets it again after it."""

    __slots__ = ("_on", "_stepper")

    def __init__(self, stepper: SettraceStepper) -> None:
        self._stepper = stepper
        self._on = False

    def __enter__(self) -> None:
        router = self._stepper.router
        if sys.gettrace() is not router:
            try:
                self._stepper.keep_on()
            except Exception as error:
                self._stepper.recording.guard.note("stepping", error)
            if sys.gettrace() is not router:
                return
        self._on = True
        _thread.paused += 1
        sys.settrace(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._on:
            self._on = False
            _thread.paused -= 1
            if sys.gettrace() is None:  # otherwise the program has set its own meanwhile
                sys.settrace(self._stepper.router)
