"""Recorded steps and values as text: in a few words for a pane, or at full length to read and copy.

Markup and control characters in them have no effect.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from rich.text import Text

from tracer.analysis.locals import Local
from tracer.analysis.value_format import format_summary
from tracer.i18n import Lang
from tracer.text.visible import one_line, visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import raised_in
from tracer.trace.reading import Trace
from tracer.tui.player_state import PlayerState
from tracer.views.stages import stage_name

# For each kind of step the keys of its data that describe it best; the first that is there is used.
_DESCRIPTIVE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "module-built": ("name", "class"),
    "module-entered": ("path",),
    "module-left": ("path",),
    "tensor-loaded": ("parameter",),
    "conversion-failed": ("reason",),
    "token-generated": ("text",),
    "operator": ("name",),
    "file-missing": ("name",),
    "trust-asked": ("decision",),
    "class-resolved": ("class", "reference"),
    "class-registered": ("class",),
    "module-copied": ("from",),
    "module-imported": ("module",),
    "weights-report": ("loaded",),
    "text-prepared": ("prompt",),
}
_ANY: Final = ("path", "class", "name", "message", "text", "in", "why", "decision", "commit")
_LAST_PART: Final = ("class", "module")


def step_summary(kind: str, data: dict[str, Any], limit: int = 60) -> str:
    """Describe a step in a few words; empty if its data have nothing to show."""
    for key in (*_DESCRIPTIVE_KEYS.get(kind, ()), *_ANY):
        value = data.get(key)
        if value is None or value == "":
            continue
        if key in _LAST_PART and isinstance(value, str):
            value = value.rpartition(".")[2]
        shown = repr(value) if key == "text" else str(value)
        return one_line(shown, limit)
    return ""


_LINES = 2_000
_DEPTH = 6


def whole_step(state: PlayerState, lang: Lang) -> str:
    """Return the step with its place, statement, changes and data, as text to paste into a question."""
    from tracer.analysis.step_context import statement_changes, step_place  # not for the first screen
    from tracer.views.show import change_text
    from tracer.views.traceback import traceback_lines

    step = state.step
    place = step_place(state.trace, step.number)
    head = [f"step {step.number}", stage_name(step.stage, lang), step.kind, place.place if place else ""]
    lines = [" · ".join(filter(None, head))]
    where = state.place()
    if where is not None:
        lines.extend(f"    {line.strip()}" for line in state.source_lines(where[0])[where[1] - 1 : where[1]])
    lines.extend(f"  # {change_text(state.trace, change)}" for change in statement_changes(state.trace, step))
    told = {name: value for name, value in step.data.items() if name not in ("traceback", "chained", "hidden")}
    lines.extend(f"  {name}: {value}" for name, value in told.items() if value not in (None, ""))
    lines.extend(line.plain for line in traceback_lines(raised_in(step).traceback or [], lang))
    if step.value is not None:
        with suppress(DanglingNumber):
            lines.append(f"  value: {format_summary(state.trace, state.trace.value(step.value), 200)}")
    return "\n".join(visible(line) for line in lines)


def whole_value(state: PlayerState, value: v.Value) -> Text:
    """Return everything recorded of a value, one line for each item in it."""
    lines: list[str] = []
    _add(state, value, "", 0, lines)
    return Text("\n".join(lines))


def _add(state: PlayerState, value: v.Value, name: str, depth: int, lines: list[str]) -> None:
    if len(lines) >= _LINES:
        return
    head = f"{'  ' * depth}{visible(name)}{': ' if name else ''}"
    inside: list[tuple[str, v.ValueId]] = []
    if isinstance(value, (v.Mapping, v.Config)):
        inside = list(value.items)
    elif isinstance(value, v.Sequence):
        inside = [(str(index), number) for index, number in enumerate(value.items)]
    if not inside or depth >= _DEPTH:
        text = value.value if isinstance(value, v.Text) else format_summary(state.trace, value, 400)
        lines.extend(f"{head if index == 0 else ''}{visible(line)}" for index, line in enumerate(text.split("\n")))
        return
    lines.append(f"{head}{visible(value.type)} ({len(inside)})")  # type: ignore[union-attr]
    for key, number in inside:
        try:
            _add(state, state.trace.value(number), key, depth + 1, lines)
        except DanglingNumber:
            lines.append(f"{'  ' * (depth + 1)}{visible(key)}: ?")


_STYLES = {
    "plain": "cyan",
    "text": "green",
    "tensor": "magenta",
    "module": "magenta",
    "config": "yellow",
    "mapping": "",
    "sequence": "",
    "secret": "red",
    "exception": "red",
}


def local_text(trace: Trace, local: Local, limit: int = 80) -> Text:
    """Return what a variable holds, on one line."""
    try:
        return value_text(trace, local.value(trace), limit)
    except DanglingNumber:
        return Text("?", "dim")


def number_text(trace: Trace, number: v.ValueId | None, limit: int = 80) -> Text:
    """Return a value by its number; empty for None."""
    if number is None:
        return Text("")
    try:
        return value_text(trace, trace.value(number), limit)
    except DanglingNumber:
        return Text("?", "dim")


def value_text(trace: Trace, value: v.Value, limit: int = 80) -> Text:
    return Text(one_line(format_summary(trace, value, limit), limit), _STYLES.get(v.kind_of(value), "dim"))
