"""A step, and a variable's value, as text to copy or to read at full length."""

from __future__ import annotations

from contextlib import suppress

from rich.text import Text

from tracer.analysis.step_context import statement_changes, step_place
from tracer.analysis.value_format import format_summary
from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.tui.playing import Playing
from tracer.views.phrases import stage_name
from tracer.views.show import change_text

_LINES = 2_000
_DEPTH = 6


def whole_step(playing: Playing, lang: Lang) -> str:
    """The step with its place, statement, changes and data, as a person would paste it into a question."""
    step = playing.step
    place = step_place(playing.trace, step.number)
    head = [f"step {step.number}", stage_name(step.stage, lang), step.kind, place.place if place else ""]
    lines = [" · ".join(filter(None, head))]
    where = playing.place()
    if where is not None:
        lines.extend(f"    {line.strip()}" for line in playing.lines(where[0])[where[1] - 1 : where[1]])
    lines.extend(f"  # {change_text(playing.trace, change)}" for change in statement_changes(playing.trace, step))
    lines.extend(f"  {name}: {value}" for name, value in step.data.items() if value not in (None, ""))
    if step.value is not None:
        with suppress(DanglingNumber):
            lines.append(f"  value: {format_summary(playing.trace, playing.trace.value(step.value), 200)}")
    return "\n".join(visible(line) for line in lines)


def whole_value(playing: Playing, value: v.Value) -> Text:
    """A value with everything that was recorded of it, one line for each thing inside."""
    lines: list[str] = []
    _add(playing, value, "", 0, lines)
    return Text("\n".join(lines))


def _add(playing: Playing, value: v.Value, name: str, depth: int, lines: list[str]) -> None:
    if len(lines) >= _LINES:
        return
    head = f"{'  ' * depth}{visible(name)}{': ' if name else ''}"
    inside: list[tuple[str, v.ValueId]] = []
    if isinstance(value, (v.Mapping, v.Config)):
        inside = list(value.items)
    elif isinstance(value, v.Sequence):
        inside = [(str(index), number) for index, number in enumerate(value.items)]
    if not inside or depth >= _DEPTH:
        text = value.value if isinstance(value, v.Text) else format_summary(playing.trace, value, 400)
        lines.extend(f"{head if index == 0 else ''}{visible(line)}" for index, line in enumerate(text.split("\n")))
        return
    lines.append(f"{head}{visible(value.type)} ({len(inside)})")  # type: ignore[union-attr]
    for key, number in inside:
        try:
            _add(playing, playing.trace.value(number), key, depth + 1, lines)
        except DanglingNumber:
            lines.append(f"{'  ' * (depth + 1)}{visible(key)}: ?")
