"""Which functions were called, and how often."""

from __future__ import annotations

from collections.abc import Iterator

from tracer.analysis.diff.difference import Difference
from tracer.analysis.diff.names import function_name
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame


def compare_calls(a: Trace, b: Trace) -> Iterator[Difference]:
    """Functions that were called on one side only; then those called more often on one side."""
    mine, theirs = calls_by_function(a), calls_by_function(b)
    for name, frames in mine.items():
        if name not in theirs:
            yield Difference("calls", "call-only-a", name, len(frames), None, (_first_step(a, frames[0]), None))
    for name, frames in theirs.items():
        if name not in mine:
            yield Difference("calls", "call-only-b", name, None, len(frames), (None, _first_step(b, frames[0])))
    for name, frames in mine.items():
        others = theirs.get(name, frames)
        if len(frames) != len(others):
            steps = (_first_step(a, frames[0]), _first_step(b, others[0]))
            yield Difference("calls", "call-count", name, len(frames), len(others), steps)


def calls_by_function(trace: Trace) -> dict[str, list[Frame]]:
    """The executions of every stepped function."""
    found: dict[str, list[Frame]] = {}
    for frame in trace.frames():
        found.setdefault(function_name(frame.function), []).append(frame)
    return found


def _first_step(trace: Trace, frame: Frame) -> int | None:
    return next((step.number for step in trace.steps(frame=frame.number)), None)
