"""Annotations at the end of source lines: what the previous statement changed, and how a decision went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from tracer.analysis.decisions.model import Decision
from tracer.analysis.locals import LocalChange
from tracer.analysis.step_context import changing_step
from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.tui.player_state import PlayerState
from tracer.tui.value_text import local_text, number_text, value_text
from tracer.tui.words import LABELS

_WIDTH: Final = 60
_MOST: Final = 4  # changes, and keys of a dictionary


def line_notes(state: PlayerState, lang: Lang) -> dict[int, Text]:
    """Return the annotations at the current step, by line number."""
    notes: dict[int, Text] = {}
    step, frame_state = state.step, state.frame_state

    def add(line: int | None, note: Text) -> None:
        line = line or 0
        notes[line] = notes[line] + Text("  ") + note if line in notes else note

    if frame_state is not None and (changed := frame_state.changed):
        add(changing_step(state.trace, step).line, _changes(state, changed, lang))
    decision = state.current_decision()
    if decision is not None:
        add(step.line, _decision(state, decision, lang))
    if step.event in ("return", "raise", "unwind"):
        key = {"return": "returned", "raise": "raised", "unwind": "left-by"}[step.event]
        words = tr(lang, LABELS[key], value="\0").partition("\0")
        add(step.line, Text(words[0], "italic") + number_text(state.trace, step.value, _WIDTH))
    return notes


def _changes(state: PlayerState, changed: Sequence[LocalChange], lang: Lang) -> Text:
    return Text("# ", "dim") + Text(", ").join(_change(state, one, lang) for one in changed[:_MOST])


def _change(state: PlayerState, one: LocalChange, lang: Lang) -> Text:
    if one.in_place:
        marked = (("+", one.added), ("~", one.changed), ("-", one.removed))
        keys = [f"{mark}{key}" for mark, those in marked for key in those]
        return Text(visible(f"{one.name}[{', '.join(keys[:_MOST])}]"))
    if one.after is None:
        return Text(visible(f"{one.name} ")) + Text(tr(lang, "deleted"))
    return Text(visible(f"{one.name} = ")) + local_text(state.trace, one.after, _WIDTH - 10)


def _decision(state: PlayerState, decision: Decision, lang: Lang) -> Text:
    outcome = {"raised": "raised-here", "returned": "returned-here"}.get(decision.outcome, decision.outcome)
    if outcome == "entered" and decision.times is None:
        outcome = "entered-some"
    note = Text("⇒ ", "bold") + Text(tr(lang, LABELS[outcome], times=decision.times), "bold")
    for name, value in list(decision.names.items())[:3]:
        note += Text(visible(f"  {name} = ")) + value_text(state.trace, value, 30)
    return note
