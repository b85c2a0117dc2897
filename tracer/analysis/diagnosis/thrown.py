"""The exception that ended a load, or that kept a pass from running, with its whole traceback."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tracer.analysis.diagnosis.exceptions import RecordedException
from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.trace.events import ChainedException, NotDone, Recorded, Traceback, TracebackFrame

# Functions that only hand on what they are called with: torch's between a module and whoever calls it, transformers'
# decorators (utils/generic.py, utils/output_capturing.py, utils/deprecation.py), what kept the outputs of layers up to
# 5.0 (`wrapped_forward`), and what a GradientCheckpointingLayer has around its `forward` (`__call__` from 4.53 on,
# `forward_with_checkpointing` in 5.23).
_CALLING = ("_call_impl", "_wrapped_call_impl")
_DECORATORS = ("wrapper", "wrapped_func", "wrapped_forward")
_LAYERS = "/modeling_layers.py"
_OF_LAYERS = ("__call__", "forward_with_checkpointing")


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
        """The innermost frame that does not just hand on its arguments: who called what could not be called."""
        return next((frame for frame in reversed(self.frames) if not _hands_on(frame)), None)

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


def imported_by_package(failure: RecordedException) -> bool:
    """Return whether an installed package, imported by the model's code, was what asked for it."""
    frames = failure.frames
    last = max((at for at, frame in enumerate(frames) if frame.is_remote), default=-1)
    return any(
        not in_library(frame) and "/importlib/" not in frame.file.replace("\\", "/") for frame in frames[last + 1 :]
    )


def _hands_on(frame: TracebackFrame) -> bool:
    function = frame.function.rpartition(".")[2]
    if function in _CALLING:
        return True
    if not in_library(frame):
        return False
    return function in _DECORATORS or (function in _OF_LAYERS and frame.file.replace("\\", "/").endswith(_LAYERS))


_INSTALLED: Final = re.compile(r"^<(?!model>|cwd>|home>|tmp>)[\w-]+>|[/\\](?:site|dist)-packages[/\\]|^<?frozen")


def is_users(frame: TracebackFrame) -> bool:
    """Return whether a frame is code of the model or of whoever loads it, and of no installed package."""
    return frame.is_remote or _INSTALLED.search(frame.file) is None


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
