"""Stepping on Python 3.10 and 3.11: a router as the interpreter's trace function.

The router declines every frame but those of targets, so line events cost only there. What remains is the
interpreter's own price for having a trace function; :mod:`tracer.recorder.curtains` takes it off where no target
can be.
"""

from __future__ import annotations

import opcode
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType, TracebackType
from typing import Any, Final

from tracer.recorder.recording import Recording
from tracer.recorder.stepping.catalogue import Catalogue
from tracer.recorder.stepping.stepped_frame import SteppedFrame

_RETURNS: Final = frozenset(opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opcode.opmap)

TraceFunction = Callable[[FrameType, str, Any], Any]


class SettraceStepper:
    """Steps the catalogue's targets in this thread, and with ``all_threads`` in those started from now on."""

    def __init__(self, recording: Recording, catalogue: Catalogue, *, lines: bool, all_threads: bool) -> None:
        self._recording = recording
        self._catalogue = catalogue
        self._lines = lines
        self._all_threads = all_threads
        self.router = self._make_router()
        self._before: Any = None
        self._before_threads: Any = None
        self._on = False

    def start(self) -> None:
        self._before = sys.gettrace()
        if self._before is not None:
            self._recording.skip(
                f"trace function {type(self._before).__name__}",
                "set aside while recording: Python allows one at a time",
            )
        if self._all_threads:
            self._before_threads = threading.gettrace() if hasattr(threading, "gettrace") else None
            threading.settrace(self.router)
        self._on = True
        sys.settrace(self.router)

    def stop(self) -> None:
        if not self._on:
            return
        self._on = False  # and threads that go on will take the router off by themselves
        sys.settrace(self._before)
        if self._all_threads:
            threading.settrace(self._before_threads)

    def _make_router(self) -> TraceFunction:
        names, own_files, find = self._catalogue.names, self._catalogue.own.files, self._catalogue.find
        recording, lines, trace_frame = self._recording, self._lines, _trace_frame

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
                stepped = SteppedFrame(recording, entry.target, frame, entry.probes, lines)
                stepped.entered(frame)
            except Exception as error:
                recording.skip("stepping", f"{type(error).__name__}: {error}")
                return None
            frame.f_trace_lines = stepped.steps_lines
            return trace_frame(stepped, recording)

        return router


def _trace_frame(stepped: SteppedFrame, recording: Recording) -> TraceFunction:
    """The local trace function of one frame."""
    last_error: list[BaseException | None] = [None]

    def trace(frame: FrameType, event: str, arg: Any) -> TraceFunction | None:
        try:
            if event == "line":
                stepped.reached_line(frame, frame.f_lineno)
                if not stepped.steps_lines:
                    frame.f_trace_lines = False
            elif event == "return":
                if arg is None and not _at_return(frame):
                    stepped.unwound(frame, last_error[0])
                else:
                    stepped.returned(frame, arg)
                last_error[0] = None
            elif event == "exception":
                last_error[0] = arg[1]
                stepped.raised(frame, arg[1])
        except Exception as error:
            recording.skip("stepping", f"{type(error).__name__}: {error}")
        return trace

    return trace


def _at_return(frame: FrameType) -> bool:
    """Whether the frame stands at a return instruction: a frame that an exception leaves also reports None."""
    return frame.f_code.co_code[frame.f_lasti] in _RETURNS


def stepping_trace_function() -> TraceFunction | None:
    """The router, if it is this thread's trace function now."""
    current: Any = sys.gettrace()
    return current if getattr(current, "__module__", None) == __name__ else None


def unstepped() -> AbstractContextManager[None]:
    """No stepping inside the ``with`` block: for what the recorder does in the middle of traced code."""
    router = stepping_trace_function()
    return nullcontext() if router is None else Paused(router)


class Paused:
    """No trace function inside the ``with`` block, if it is the given router; the same one again after it."""

    __slots__ = ("_on", "_router")

    def __init__(self, router: TraceFunction) -> None:
        self._router = router
        self._on = False

    def __enter__(self) -> None:
        self._on = sys.gettrace() is self._router
        if self._on:
            sys.settrace(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._on:
            sys.settrace(self._router)
