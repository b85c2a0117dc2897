"""Where a step stands, in words."""

from __future__ import annotations

from typing import NamedTuple

from tracer.trace.reading import Trace


class Place(NamedTuple):
    """``place`` is ``<root>/file.py:12 in function``; empty for a step outside every stepped function."""

    stage: str
    place: str


def place_of(trace: Trace, number: int) -> Place | None:
    """The place of a step, or None when there is no such step."""
    try:
        step = trace.step(number)
    except IndexError:
        return None
    if step.source is None or step.line is None:
        return Place(step.stage, "")
    path = trace.source_paths().get(step.source, "?")
    function = trace.frame(step.frame).function if step.frame is not None else "?"
    return Place(step.stage, f"{path}:{step.line} in {function}")
