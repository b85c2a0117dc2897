"""The code that ran, from the trace: where it stands, what ran, what a line has just changed, how a decision went."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracer.export.phrases import Lang
from tracer.replay.decision import Decision
from tracer.trace.visible import visible
from tracer.tui.highlighting import highlighted, plain
from tracer.tui.keys import KEYS
from tracer.tui.labels import label
from tracer.tui.playing import Playing, Ran
from tracer.tui.values_text import local_text, number_text, value_text
from tracer.tui.words import say

_GUTTER = 8  # mark, line number, how often it ran
_NOTE = 60  # columns of a note at a line's end


class SourceView(ScrollView, can_focus=True):
    """The source around the cursor's step; a click on the gutter sets a breakpoint there."""

    # Of a view that scrolls these keys would scroll it; the source follows the cursor, so here they move that.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(name, f"app.do('{key.action}')", show=False)
        for key in KEYS
        for name in key.keys.split(",")
        if name in ("left", "right", "up", "down", "home", "end", "space")
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"source--current"}

    class BreakpointAsked(Message):
        def __init__(self, line: int) -> None:
            self.line = line
            super().__init__()

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__(id="source")
        self._playing = playing
        self.lang: Lang = lang
        self._source: int | None = None
        self._lines: list[Text] = []
        self._ran: Ran | None = None
        self._notes: dict[int, Text] = {}
        self._current: int | None = None
        self._widest = lru_cache(maxsize=32)(lambda _: max((line.cell_len for line in self._lines), default=0))
        self._coloured: dict[tuple[int, bool], list[Text]] = {}

    def show(self, playing: Playing, lang: Lang) -> None:
        self.lang = lang
        place, frame = playing.place(), playing.frame()
        self._ran = playing.ran(frame.number) if frame is not None else None
        if place is None:
            self._source, self._current, self._lines, self._notes = None, None, [], {}
        else:
            self._source = place[0]
            self._lines = self._lines_of(place[0])
            self._current = place[1]
            self._notes = self._notes_at(playing)
        self._write_titles()
        self.virtual_size = Size(self._width(), len(self._lines))
        self.call_after_refresh(self._follow)  # once the new extent is known, or it would stop at the old one's end
        self.refresh()

    def _write_titles(self) -> None:
        """File and line, then the function; of what does not fit the end of the path and of the function stay."""
        place, frame = self._playing.place(), self._playing.frame()
        if place is None:
            self.border_title = Text(f" {say(self.lang, 'source')} ")
        else:
            function = visible(frame.function) if frame is not None else ""
            at = f"{visible(self._playing.paths.get(place[0], '?'))}:{place[1]}"
            room = max(self.size.width - 6, 12)
            if cell_len(at) + cell_len(function) + 3 > room:
                function = keep_end(function, max(room // 2 - 2, room - cell_len(at) - 3))
                at = keep_end(at, room - cell_len(function) - 3)
            self.border_title = Text(f" {at} · {function} " if function else f" {at} ")
        self.border_subtitle = Text(_step_line(self._playing))

    def _width(self) -> int:
        if not self._lines:
            return 0
        return self._widest(self._source if self._source is not None else -1) + _GUTTER + _NOTE

    def _follow(self) -> None:
        """Keep the current line well inside, without moving more than needed."""
        if self._current is None:
            return
        height, line = max(self.size.height, 1), self._current - 1
        top = self.scroll_offset.y
        margin = min(4, height // 4)
        if not top + margin <= line < top + height - margin:
            self.scroll_to(0, max(line - height // 2, 0), animate=False)

    def _notes_at(self, playing: Playing) -> dict[int, Text]:
        """What stands at the end of lines: what the statement before has changed, and the decision made here."""
        notes: dict[int, Text] = {}
        step, states = playing.step, playing.states
        changed = states[0].changed if states else []
        if changed:
            before = (
                playing.trace.nearest(step.number - 1, backwards=True, frame=step.frame)
                if step.frame is not None
                else None
            )
            line = playing.trace.step(before).line if before is not None else step.line
            if line is not None:
                notes[line] = self._changes(playing, changed)
        decision = playing.decision_here()
        if decision is not None:
            notes[step.line or 0] = self._decision(playing, decision)
        if step.event in ("return", "raise", "unwind"):
            key = {"return": "returned", "raise": "raised", "unwind": "left-by"}[step.event]
            words = say(self.lang, key, value="\0").partition("\0")
            notes[step.line or 0] = Text(words[0], "italic") + number_text(playing.trace, step.value, _NOTE)
        return notes

    def _changes(self, playing: Playing, changed: list) -> Text:  # type: ignore[type-arg]
        pieces = []
        for one in changed[:4]:
            if one.in_place:
                keys = [
                    *(f"+{key}" for key in one.added),
                    *(f"~{key}" for key in one.changed),
                    *(f"-{key}" for key in one.removed),
                ]
                pieces.append(Text(visible(f"{one.name}[{', '.join(keys[:4])}]")))
            elif one.after is None:
                pieces.append(Text(visible(f"{one.name} ")) + Text(say(self.lang, "deleted")))
            else:
                pieces.append(Text(visible(f"{one.name} = ")) + local_text(playing.trace, one.after, _NOTE - 10))
        return Text("# ", "dim") + Text(", ").join(pieces)

    def _decision(self, playing: Playing, decision: Decision) -> Text:
        outcome = {"raised": "raised-here", "returned": "returned-here"}.get(decision.outcome, decision.outcome)
        if outcome == "entered" and decision.times is None:
            outcome = "entered-some"
        note = Text("⇒ ", "bold") + Text(say(self.lang, outcome, times=decision.times), "bold")
        for name, value in list(decision.names.items())[:3]:
            note += Text(visible(f"  {name} = ")) + value_text(playing.trace, value, 30)
        return note

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.size.width
        if not self._lines:
            text = Text(say(self.lang, "no-source"), "dim") if y == 0 else Text("")
            return Strip(text.render(self.app.console)).extend_cell_length(width)
        if not 0 <= index < len(self._lines):
            return Strip.blank(width, self.rich_style)
        number = index + 1
        line = self._gutter(number) + self._lines[index]
        if number in self._notes:
            line = self._with_note(line, self._notes[number], width)
        style = Style()
        if number == self._current:
            style = Style(bold=True, bgcolor=self.get_component_rich_style("source--current").bgcolor)
        elif self._ran is not None and number not in self._ran.counts:
            style = Style(dim=True)
        segments = [
            Segment(segment.text, _without_background(segment.style) + style)
            for segment in line.render(self.app.console, end="")
            if not segment.control
        ]
        x = self.scroll_offset.x
        return (
            Strip(segments)
            .crop(x, x + width)
            .extend_cell_length(width, self.rich_style + style)
            .apply_style(self.rich_style)
        )

    def _with_note(self, line: Text, note: Text, width: int) -> Text:
        """A line with its note behind it; where both do not fit the line is cut, at half the width at most."""
        note = Text("  ") + note
        room = width + self.scroll_offset.x
        if line.cell_len + note.cell_len > room:
            line = line.copy()
            line.truncate(max(room - note.cell_len, room // 2), overflow="ellipsis")
        return line + note

    def _gutter(self, number: int) -> Text:
        """The mark of the line, its number, and how often this execution reached it."""
        mark = "▶" if number == self._current else " "
        if self._source is not None and (self._source, number) in self._playing.breakpoints:
            mark = "◆" if number == self._current else "●"
        count = self._ran.counts.get(number, 0) if self._ran is not None else 0
        often = "" if count == 0 else "·" if count == 1 else f"{min(count, 99)}×"
        return Text.assemble(
            (mark, "bold red" if mark in "●◆" else "bold"), (f"{number:>4}", "dim"), (f"{often:>3} ", "dim")
        )

    def _lines_of(self, source: int) -> list[Text]:
        """The source, plain at first: its colours are found beside the screen."""
        syntax, key = self._playing.syntax(source), (source, self.app.current_theme.dark)
        if syntax is None:
            return []
        if key not in self._coloured:
            self._coloured[key] = plain(syntax.lines)
            self.run_worker(self._colour(key, syntax.lines))
        return self._coloured[key]

    async def _colour(self, key: tuple[int, bool], lines: list[str]) -> None:
        self._coloured[key] = await asyncio.to_thread(highlighted, lines, key[1])
        if key == (self._source, self.app.current_theme.dark):
            self._lines = self._coloured[key]
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        if event.x < _GUTTER and self._lines:
            self.post_message(self.BreakpointAsked(event.y + self.scroll_offset.y + 1))

    def on_resize(self, event: events.Resize) -> None:
        self._write_titles()
        self._follow()


def _without_background(style: Style | None) -> Style:
    """The highlighter's colours on the pane's own background."""
    if style is None:
        return Style()
    return Style(color=style.color, bold=style.bold, italic=style.italic, dim=style.dim, underline=style.underline)


def _step_line(playing: Playing) -> str:
    """The kind of step, and what it tells besides."""
    if playing.empty:
        return ""
    step = playing.step
    words = label(step.kind, step.data)
    return f"{visible(step.kind)}: {words}" if words else "" if step.kind == "line" else visible(step.kind)


def keep_end(text: str, width: int) -> str:
    """The end of a text, with an ellipsis before it where it is too wide."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"
