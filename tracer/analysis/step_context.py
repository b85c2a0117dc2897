"""The context of a step: its place in the sources, and the statement that made its changes.

A ``line`` step comes before its line runs, so the changes of a statement are recorded with the next step of its frame.
:func:`statement_changes` and :func:`changing_step` match the changes with the statement that made them.
"""

from __future__ import annotations

from typing import NamedTuple

from tracer.trace.reading import Trace
from tracer.trace.steps import Change, Step


class StepPlace(NamedTuple):
    """``place`` is ``<root>/file.py:12 in function``; empty for a step outside every stepped function."""

    stage: str
    place: str


def step_place(trace: Trace, number: int) -> StepPlace | None:
    """Return the place of a step; None if there is no such step."""
    try:
        step = trace.step(number)
    except IndexError:
        return None
    if step.source is None or step.line is None:
        return StepPlace(step.stage, "")
    path = trace.source_paths().get(step.source, "?")
    function = trace.frame(step.frame).function if step.frame is not None else "?"
    return StepPlace(step.stage, f"{path}:{step.line} in {function}")


def changing_step(trace: Trace, step: Step) -> Step:
    """Return the step whose statement made the changes that are recorded with ``step``.

    A call made its own: they are the arguments it bound. For any other step it is the statement of its frame that was
    last begun, and not a step that a probe made meanwhile.
    """
    if step.frame is None or step.event == "call":
        return step
    for event in ("line", "call"):
        number = trace.nearest(step.number, backwards=True, frame=step.frame, event=event)
        if number is not None:
            return trace.step(number)
    return step


def statement_changes(trace: Trace, step: Step) -> list[Change]:
    """Return what the statement that ``step`` begins changed; for a call the arguments it bound.

    Nothing is known about a statement after which the frame has no further step.
    """
    if step.frame is None or step.event not in ("line", "call"):
        return []
    own = step.changes if step.event == "call" else []
    after = trace.nearest(step.number, frame=step.frame, event="line")
    end = len(trace) if after is None else after + 1
    later = trace.changes(step.frame, step.number + 1, end)
    return [*own, *(change for _, changes in later for change in changes)]
