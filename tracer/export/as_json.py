"""A trace as JSON: one object for the whole, or one object a line for each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tracer.replay.journey import journey
from tracer.replay.plain import plain
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Step, Unbound


def summary(trace: Trace, *, stage: str | None = None) -> dict[str, Any]:
    """``{"meta", "outcome", "stages": [{"stage", "steps", "seconds", "facts": […]}]}``."""
    stages = [msgspec.to_builtins(one) for one in journey(trace) if stage is None or one.stage == stage]
    meta = {key: value for key, value in trace.meta.items() if key != "outcome"}
    return {"meta": meta, "outcome": trace.outcome, "stages": stages}


def steps(trace: Trace, *, stage: str | None = None) -> Iterator[dict[str, Any]]:
    """Each step as an object, values and names filled in."""
    paths = trace.source_paths()
    for step in trace.steps(stages=None if stage is None else [stage]):
        yield _step(trace, step, paths)


def _step(trace: Trace, step: Step, paths: dict[int, str]) -> dict[str, Any]:
    frame = trace.frame(step.frame) if step.frame is not None else None
    made: dict[str, Any] = {
        "number": step.number,
        "time": step.time,
        "thread": step.thread,
        "stage": step.stage,
        "kind": step.kind,
        "event": step.event,
        "frame": step.frame,
        "function": f"{frame.module}.{frame.function}" if frame is not None else None,
        "file": paths.get(step.source) if step.source is not None else None,
        "line": step.line,
        "changes": [_change(trace, change) for change in step.changes],
        "data": step.data,
    }
    if step.value is not None:
        made["value"] = plain(trace, step.value)
    return made


def _change(trace: Trace, change: Change) -> dict[str, Any]:
    if isinstance(change, Bound):
        return {"name": change.name, "set": plain(trace, change.value)}
    if isinstance(change, Unbound):
        return {"name": change.name, "deleted": True}
    return {
        "name": change.name,
        "added": {key: plain(trace, value) for key, value in change.added.items()},
        "changed": {key: plain(trace, value) for key, value in change.changed.items()},
        "removed": change.removed,
    }
