"""A trace as JSON: one object for the whole, or one object a line for each step."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec

from tracer.analysis.diff import Comparison
from tracer.analysis.stage_summary import summarize_stages
from tracer.analysis.value_format import to_json
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Step, Unbound

_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]+")


def summary(trace: Trace, *, stage: str | None = None) -> dict[str, Any]:
    """``{"meta", "outcome", "stages": [{"stage", "steps", "seconds", "facts": […]}]}``."""
    stages = [msgspec.to_builtins(one) for one in summarize_stages(trace) if stage is None or one.stage == stage]
    meta = {key: value for key, value in trace.meta.items() if key != "outcome"}
    return {"meta": meta, "outcome": trace.outcome, "stages": stages}


def steps(trace: Trace, *, stage: str | None = None) -> Iterator[dict[str, Any]]:
    """Each step as an object, values and names filled in."""
    paths = trace.source_paths()
    for step in trace.steps(stages=None if stage is None else [stage]):
        yield _step(trace, step, paths)


def comparison(compared: Comparison, topics: Collection[str] = ()) -> dict[str, Any]:
    """``{"a", "b", "same", "differences": […]}``, of these topics or of all."""
    a, b = (side._asdict() for side in compared.sides)
    differences = [msgspec.to_builtins(one) for one in compared.differences if not topics or one.topic in topics]
    return {"a": a, "b": b, "same": not compared.differences, "differences": differences}


def encode(made: Any, *, indent: int = 0) -> str:
    """JSON text that a terminal can't obey: what is not printable is escaped, also where JSON does not ask for it."""
    text = (
        msgspec.json.format(msgspec.json.encode(made), indent=indent).decode()
        if indent
        else msgspec.json.encode(made).decode()
    )
    return _UNPRINTABLE.sub(lambda match: "".join(map(_escape, match.group())), text)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


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
        made["value"] = to_json(trace, step.value)
    return made


def _change(trace: Trace, change: Change) -> dict[str, Any]:
    if isinstance(change, Bound):
        return {"name": change.name, "set": to_json(trace, change.value)}
    if isinstance(change, Unbound):
        return {"name": change.name, "deleted": True}
    return {
        "name": change.name,
        "added": {key: to_json(trace, value) for key, value in change.added.items()},
        "changed": {key: to_json(trace, value) for key, value in change.changed.items()},
        "removed": change.removed,
    }
