"""The exception that ended a load, or that kept a pass from running, with its whole traceback."""

from __future__ import annotations

from typing import NamedTuple

from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.trace.events import ChainedException, NotDone, Recorded, Traceback, TracebackFrame

_CALLING = ("_call_impl", "_wrapped_call_impl")  # torch's functions between a module and whoever calls it


class Thrown(NamedTuple):
    """An exception, whether a stepped function saw it or not.

    Attributes:
        error: ``module.Class``, or ``Class`` if it is built in.
        text: its message; empty if it has none, or none that could be read.
        frames: the traceback, the innermost last; empty where none was recorded.
        chained: the exceptions that it was raised from or while handling.
        step: the step that shows it, if there is one.
    """

    error: str
    text: str
    frames: list[TracebackFrame]
    chained: list[ChainedException]
    step: int | None

    @property
    def name(self) -> str:
        return self.error.rpartition(".")[2]

    @property
    def raised_in(self) -> TracebackFrame | None:
        """The frame that raised it."""
        return self.frames[-1] if self.frames else None

    @property
    def caller(self) -> TracebackFrame | None:
        """The innermost frame outside of torch's dispatch: who called what could not be called."""
        found = (frame for frame in reversed(self.frames) if frame.function.rpartition(".")[2] not in _CALLING)
        return next(found, None)

    def passes(self, *functions: str) -> bool:
        """Return whether it came through one of these functions of the library."""
        return any(in_library(frame) and frame.function.rpartition(".")[2] in functions for frame in self.frames)


def thrown(load: RecordedLoad) -> Thrown | None:
    """Return the exception that ended a load."""
    if not load.error:
        return None
    seen = load.failure.step if load.failure is not None else None
    failure = load.trace.meta.failure
    if failure is None:
        return Thrown(load.error, load.message, [], [], seen)
    return Thrown(failure.error, failure.message or load.message, _known(failure.traceback), failure.chained, seen)


def behind(skipped: Recorded[NotDone]) -> Thrown | None:
    """Return the exception that kept a pass from running."""
    event = skipped.event
    if event.error is None:
        return None
    return Thrown(event.error, event.message or "", _known(event.traceback or []), event.chained, skipped.step.number)


def in_library(frame: TracebackFrame) -> bool:
    """Return whether a frame is transformers' own."""
    return not frame.is_remote and frame.file.replace("\\", "/").startswith("<transformers>/")


def is_own(module: str | None) -> bool:
    """Return whether a class of this module, or with this qualified name, is neither the library's nor torch's."""
    return module is not None and module.partition(".")[0] not in (
        "transformers",
        "torch",
        "peft",
        "tokenizers",
        "builtins",
    )


def _known(traceback: Traceback) -> list[TracebackFrame]:
    return [frame for frame in traceback if frame is not None]
