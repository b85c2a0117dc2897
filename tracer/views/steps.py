"""Steps as lines of text, one a step."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from tracer.analysis.step_context import statement_changes
from tracer.analysis.value_format import format_value
from tracer.text.visible import visible, without_codes
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Step, Unbound


def step_lines(trace: Trace, *, stage: str | None = None) -> Iterator[Text]:
    """Every step: number, stage, kind, place, the statement there and what it changed, what a probe adds."""
    sources: dict[int, list[str]] = {}
    width = len(str(max(len(trace) - 1, 0)))
    for step in trace.steps(stages=None if stage is None else [stage]):
        depth = trace.frame(step.frame).depth if step.frame is not None else 0
        text = Text(f"{step.number:>{width}} ", "dim")
        text.append(f"{visible(step.stage):<13} ", "cyan")
        text.append("  " * min(depth, 10))
        text.append_text(_what(trace, step, sources))
        yield text


def _what(trace: Trace, step: Step, sources: dict[int, list[str]]) -> Text:
    text = Text()
    style = {"raise": "bold red", "unwind": "red", "call": "bold", "line": "dim"}.get(step.kind, "green")
    text.append(f"{visible(step.kind)} ", style)
    if step.event == "call" and step.frame is not None:
        text.append(visible(trace.frame(step.frame).function))
    elif step.event is not None:
        text.append(f"{step.line}: ", "dim")
        if step.event == "line":
            text.append(visible(_source_line(trace, step, sources)))
    if step.value is not None:
        text.append(f"→ {visible(format_value(trace, step.value))}")
    for name, value in step.data.items():
        if value is not None and name != "keys":
            text.append(f" {visible(name)}=", "dim")
            text.append(visible(without_codes(value) if isinstance(value, str) else str(value)))
    if changes := statement_changes(trace, step):
        text.append("  # ", "dim")
        text.append(visible(", ".join(change_text(trace, change) for change in changes)), "yellow")
    return text


def _source_line(trace: Trace, step: Step, sources: dict[int, list[str]]) -> str:
    if step.source is None or step.line is None:
        return ""
    if step.source not in sources:
        sources[step.source] = trace.source(step.source).text.splitlines()
    lines = sources[step.source]
    return lines[step.line - 1].strip() if 0 < step.line <= len(lines) else ""


def change_text(trace: Trace, change: Change) -> str:
    """Return a change as a person would write it."""
    if isinstance(change, Bound):
        return f"{change.name} = {format_value(trace, change.value, 40)}"
    if isinstance(change, Unbound):
        return f"del {change.name}"
    added = [f"+{key}={format_value(trace, value, 30)}" for key, value in change.added.items()]
    changed = [f"{key}={format_value(trace, value, 30)}" for key, value in change.changed.items()]
    removed = [f"−{key}" for key in change.removed]
    return f"{change.name}[{', '.join([*added, *changed, *removed])}]"
