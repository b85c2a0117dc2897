"""The source pane: the current line, which lines ran, what just changed, and how a decision went."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracer.analysis.decisions.decision import Decision
from tracer.analysis.locals import LocalChange
from tracer.analysis.step_context import changing_step
from tracer.i18n import N_, NC_, NP_, InContext, Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.tui.background import in_thread, start_worker
from tracer.tui.player_state import PlayerState
from tracer.tui.step_text import local_text, number_text, step_summary, value_text, whole_step
from tracer.tui.step_view import StepView

if TYPE_CHECKING:  # not for the first screen
    from tracer.analysis.loops import Loop, Turns

_WIDTH: Final = 100
_MOST: Final = 4  # keys of a dictionary
_MOST_CHANGES: Final = 24
_ANNOTATIONS: Final[dict[str, str | InContext]] = {
    # how a function was left
    "returned": N_("returned {value}"),
    "raised": N_("raised {value}"),
    "left-by": N_("left by {value}"),
    # how a decision went
    "then": NC_("condition", "yes"),
    "elif": N_("no: on to elif"),
    "else": N_("no: else"),
    "after": NC_("condition", "no"),
    "raised-here": N_("raised"),
    "completed": N_("no exception"),
    "except": N_("an exception was caught"),
    "not-caught": N_("an exception was not caught"),
    "entered": N_("ran {times}×"),
    "entered-some": N_("ran"),
    "not-entered": NC_("beside the code", "not once"),
    "case": N_("this case"),
    "no-case": NC_("beside the code", "no case"),
    "returned-here": N_("returned early"),
    "unknown": N_("not recorded"),
}
_GUTTER = 9  # mark, line number, how often it ran
_MOST_BELOW = 3  # lines that an annotation has under its statement


class SourceView(ScrollView, StepView, can_focus=True, inherit_bindings=False):
    """The source around the cursor's step; a click on the gutter sets a breakpoint there.

    It follows the cursor, so the arrow keys are left to the player, and only whole pages are scrolled. It has
    annotations and colours once ``annotated`` is true: the first screen doesn't wait for them.

    An annotation is behind its line if both fit into the pane, else on rows of its own under it. A row of the pane is
    therefore not a line of the source; :meth:`_row_of` and :meth:`_line_at` translate. Where the pane is too narrow for
    the current statement, its lines are moved to the left, out of their indentation.
    """

    annotated: reactive[bool] = reactive(False, repaint=False)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("ctrl+pageup", "page_left", show=False),
        Binding("ctrl+pagedown", "page_right", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"source--current"}

    class BreakpointToggled(Message):
        def __init__(self, line: int) -> None:
            self.line = line
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__(id="source")
        self.begin_with(state, lang)
        self._source: int | None = None
        self._lines: list[str] = []
        self._ran: dict[int, int] | None = None
        self._annotations: dict[int, Text] = {}
        self._behind: dict[int, Text] = {}
        """The annotations that are behind their lines, by line number."""
        self._below: dict[int, list[Text]] = {}
        """The rows under their lines that the others are on, in the order of the lines."""
        self._statement = range(0)
        """The lines of the current statement, and how far they are moved to the left."""
        self._moved = 0
        self._current: int | None = None
        self._turn = ""
        self._step_text = ""
        self._shown_lines = lru_cache(maxsize=32)(lambda source: [*map(_shown, state.source_lines(source))])
        self._widest = lru_cache(maxsize=32)(lambda source: max(map(_width, self._shown_lines(source)), default=0))
        self._coloured: dict[tuple[int, bool], list[Text]] = {}
        """The lines of a source in the colours of a dark theme, or of a light one; empty while they are being found."""

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._colour())

    def content_key(self) -> Any:
        return self.number, self.lang, self.annotated

    def watch_annotated(self) -> None:
        self.follow()

    def update_view(self) -> None:
        source, top = self._source, self._line_at(self.scroll_offset.y)
        self._locate(self._state)
        if self._source is not None and self.annotated:
            self._annotations = line_annotations(self._state, self.lang)
            self._statement = self._lines_of_statement()
            self._colour()
            self._find_turn()
        self._lay_out()
        if source == self._source and top is not None:  # rows that came or went above must not move what is shown
            self.scroll_to(y=self._row_of(top[0]) + top[1], animate=False, immediate=True)
        self.call_after_refresh(self._follow)  # once the new size is known, or it would stop at the end of the old one
        self.refresh()

    def _locate(self, state: PlayerState) -> None:
        """Take over the source and line of the step."""
        place, frame = state.place(), state.frame()
        self._ran = state.line_counts(frame.number) if frame is not None else None
        self._annotations, self._statement, self._turn = {}, range(0), ""
        if place is None:
            self._source, self._current, self._lines = None, None, []
        else:
            self._source, self._current = place
            self._lines = self._shown_lines(self._source)
        if not self._lines and not state.empty:
            self._step_text = whole_step(state, self.lang)
        self._write_titles()

    def _lines_of_statement(self) -> range:
        """Return the lines of the current statement; of a compound one those of its header."""
        from tracer.analysis.syntax import first_line, header_end  # not for the first screen

        statement = self._state.statement()
        if statement is None:
            known = self._current is not None and 0 < self._current <= len(self._lines)
            return range(self._current, self._current + 1) if known and self._current is not None else range(0)
        return range(first_line(statement.node), min(header_end(statement.node), len(self._lines)) + 1)

    def _lay_out(self) -> None:
        """Put each annotation behind its line or under it, and the current statement where most of it is seen."""
        room = max(self.scrollable_content_region.width - _GUTTER, 1)
        widths = [_width(self._lines[line - 1]) for line in self._statement]
        free = min(
            (_indent(line) for line in self._lines[self._statement.start - 1 : self._statement.stop - 1] if line),
            default=0,
        )
        self._moved = min(free, max(max(widths, default=0) - room, 0))
        self._behind, self._below = {}, {}
        for number, note in sorted(self._annotations.items()):
            line = self._lines[number - 1] if 0 < number <= len(self._lines) else ""
            moved = self._moved if number in self._statement else 0
            if not line:
                continue
            if _width(line) - moved + 2 + note.cell_len <= room:
                self._behind[number] = note
            else:
                self._below[number] = _wrapped(note, min(_indent(line) - moved + 2, room // 3), room, self.app.console)
        rows = len(self._lines) + sum(map(len, self._below.values()))
        self.virtual_size = Size(self._widest(self._source) + _GUTTER if self._source is not None else 0, rows)

    def _row_of(self, line: int) -> int:
        """Return the row that a line of the source is on."""
        return line - 1 + sum(len(rows) for above, rows in self._below.items() if above < line)

    def _line_at(self, row: int) -> tuple[int, int] | None:
        """Return the line of the source that a row has, or is under: by how many rows. None beyond the end."""
        for line, rows in self._below.items():
            at = self._row_of(line)
            if row <= at:
                break
            if row <= at + len(rows):
                return line, row - at
        line = row + 1 - sum(len(rows) for above, rows in self._below.items() if self._row_of(above) < row)
        return (line, 0) if 0 < line <= len(self._lines) else None

    def _find_turn(self) -> None:
        """Find which turn of a loop this is; in the background, if the frame is long."""
        if (loop := self._state.loop()) is not None:
            if (turns := self._state.turns(loop)) is not None:
                self._show_turn(turns)
            else:
                start_worker(self, partial(self._count_turns, loop), group="turns", exclusive=True)

    async def _count_turns(self, loop: Loop) -> None:
        from tracer.tui.loop_turns import count_turns  # not for the first screen

        try:
            found = await count_turns(self._state, loop)
        except TracerError as error:
            self.post_message(self.Damaged(error))
            return
        if self._state.loop() == loop:
            self._show_turn(found)

    def _show_turn(self, turns: Turns) -> None:
        turn, began = turns.at(self._state.number)
        words = N_("turn {turn} of {count}") if turn else NP_("loop of {count} turn", "loop of {count} turns")
        self._turn = tr(self.lang, words, turn=f"{turn:,}", count=f"{len(began):,}")
        self._write_titles()

    def _write_titles(self) -> None:
        """Write file, line and function into the title, cut at the front of path and function where they do not fit."""
        place, frame = self._state.place(), self._state.frame()
        turn = "" if self.styles.border_bottom[0] else self._turn  # without a border below, there is no subtitle
        if place is None:
            self.border_title = Text(f" {tr(self.lang, 'Source')} ")
        else:
            function = visible(frame.function) if frame is not None else ""
            at = f"{visible(self._state.paths.get(place[0], '?'))}:{place[1]}"
            room = max(self.size.width - 6 - (cell_len(turn) + 3 if turn else 0), 12)
            if cell_len(at) + cell_len(function) + 3 > room:
                function = keep_end(function, max(room // 2 - 2, room - cell_len(at) - 3))
                at = keep_end(at, room - cell_len(function) - 3)
            self.border_title = Text(f" {' · '.join(filter(None, (at, function, turn)))} ")
        self.border_subtitle = Text(" · ".join(filter(None, (self._turn, _step_line(self._state)))))

    def _follow(self) -> None:
        """Keep the current line and what is under it away from the edges, without scrolling more than needed."""
        if self._current is None:
            return
        height, first = max(self.size.height, 1), self._row_of(self._current)
        last = min(first + len(self._below.get(self._current, ())), first + height - 1)
        top = self.scroll_offset.y
        margin = min(4, (height - 1 - last + first) // 2, height // 4)
        if not (top + margin <= first and last < top + height - margin):
            self.scroll_to(y=max((first + last - height) // 2, 0), animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width = self.size.width
        if not self._lines:
            return self._without_source(row, width)
        at = self._line_at(row)
        if at is None:
            return Strip.blank(width, self.rich_style)
        number, under = at
        if under:
            return self._strip(self._below[number][under - 1], Style(italic=True)).crop(0, width)
        style = Style()
        if number == self._current:
            style = Style(bold=True, bgcolor=self.get_component_rich_style("source--current").bgcolor)
        elif self._ran is not None and number not in self._ran:
            style = Style(dim=True)
        line = self._line(number - 1)
        x = self.scroll_offset.x
        if number in self._statement:
            x = max(x, self._moved)
        if number in self._behind:
            line = line + Text("  ") + self._behind[number]
        gutter = self._strip(self._gutter(number), style)
        return Strip.join([gutter, self._strip(line, style).crop(x, x + width - _GUTTER)]).adjust_cell_length(
            width, self.rich_style + style
        )

    def _strip(self, line: Text, style: Style) -> Strip:
        """Return a line with a style over its own, on the background of the pane."""
        segments = line.render(self.app.console, end="")
        return Strip(
            Segment(segment.text, _without_background(segment.style) + style)
            for segment in segments
            if not segment.control
        ).apply_style(self.rich_style)

    def _without_source(self, index: int, width: int) -> Strip:
        """Return a line of what is shown for a step without a source: a remark, and the step as text."""
        if self._state.empty:
            told = [Text(tr(self.lang, "This trace has no steps: it ended before the first one was recorded."))]
        else:
            told = [
                Text(tr(self.lang, "This step has no source file."), "dim"),
                Text(),
                *map(Text, self._step_text.split("\n")),
            ]
        segments = told[index].render(self.app.console, end="") if index < len(told) else ()
        return Strip(segments).adjust_cell_length(width, self.rich_style).apply_style(self.rich_style)

    def _gutter(self, number: int) -> Text:
        """Return the mark of a line, its number, and how often this execution of the function reached it."""
        mark = "▶" if number == self._current else " "
        if self._source is not None and (self._source, number) in self._state.breakpoints:
            mark = "◆" if number == self._current else "●"
        count = self._ran.get(number, 0) if self._ran is not None else 0
        often = "" if count == 0 else "·" if count == 1 else f"{min(count, 99)}×"
        return Text.assemble(
            (mark, "bold red" if mark in "●◆" else "bold"), (f"{number:>4}", "dim"), (f"{often:>3} ", "dim")
        )

    def _line(self, index: int) -> Text:
        """Return a line of the source, plain until it is highlighted."""
        coloured = self._coloured.get((self._source or 0, self.app.current_theme.dark))
        return coloured[index] if coloured else Text(self._lines[index])

    def _colour(self) -> None:
        """Highlight the source for the theme in the background, once."""
        if self._source is not None and (key := (self._source, self.app.current_theme.dark)) not in self._coloured:
            self._coloured[key] = []
            start_worker(self, partial(self._find_colours, key, self._lines))

    async def _find_colours(self, key: tuple[int, bool], lines: list[str]) -> None:
        self._coloured[key] = await in_thread(lambda: highlighted(lines, key[1]))
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and at.x < _GUTTER and (line := self._line_at(at.y + self.scroll_offset.y)) is not None:
            self.post_message(self.BreakpointToggled(line[0]))

    def on_resize(self, event: events.Resize) -> None:
        self._write_titles()
        self._lay_out()
        self._follow()


def _shown(line: str) -> str:
    return visible(line.expandtabs(4))


def _width(line: str) -> int:
    return len(line) if line.isascii() else cell_len(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _wrapped(note: Text, indent: int, room: int, console: Console) -> list[Text]:
    """Return the rows of an annotation under a line; what is longer ends with an ellipsis."""
    rows = list(note.wrap(console, max(room - indent, 1), overflow="fold"))
    if len(rows) > _MOST_BELOW:
        rows = rows[:_MOST_BELOW]
        rows[-1].rstrip()
        rows[-1].truncate(max(room - indent - 2, 1))
        rows[-1].append(" …")
    return [Text(" " * (_GUTTER + indent)) + row for row in rows]


def _without_background(style: Style | None) -> Style:
    """Return a style of the highlighter without its background, so that the pane's own shows."""
    if style is None:
        return Style()
    return Style(color=style.color, bold=style.bold, italic=style.italic, dim=style.dim, underline=style.underline)


def _step_line(state: PlayerState) -> str:
    """Return the kind of the step and a summary of its data."""
    if state.empty:
        return ""
    step = state.step
    words = step_summary(step.kind, step.data)
    return f"{visible(step.kind)}: {words}" if words else "" if step.kind == "line" else visible(step.kind)


def keep_end(text: str, width: int) -> str:
    """Return the end of a text that fits, after an ellipsis if it is too wide."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def highlighted(lines: list[str], dark: bool) -> list[Text]:
    """Highlight lines for a dark or light theme; it takes a third of a second for 5,000 lines."""
    from rich.syntax import Syntax  # takes a while to import

    text = "\n".join(lines)
    highlighter = Syntax(text, "python", theme="github-dark" if dark else "friendly", background_color="default")
    return list(highlighter.highlight(text).split("\n", allow_blank=True))[: len(lines)]


def line_annotations(state: PlayerState, lang: Lang) -> dict[int, Text]:
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
        before, _, after = tr(lang, _ANNOTATIONS[key], value="\0").partition("\0")
        value = number_text(state.trace, step.value, _WIDTH)
        add(step.line, Text.assemble((before, "italic"), value, (after, "italic")))
    return notes


def _changes(state: PlayerState, changed: Sequence[LocalChange], lang: Lang) -> Text:
    return Text.assemble(("# ", "dim")) + Text(", ").join(_change(state, one, lang) for one in changed[:_MOST_CHANGES])


def _change(state: PlayerState, one: LocalChange, lang: Lang) -> Text:
    if one.in_place:
        marked = (("+", one.added), ("~", one.changed), ("-", one.removed))
        keys = [f"{mark}{key}" for mark, those in marked for key in those]
        return Text(visible(f"{one.name}[{', '.join(keys[:_MOST])}]"))
    if one.after is None:
        return Text(visible(f"{one.name} ")) + Text(tr(lang, "deleted"))
    return Text(visible(f"{one.name} = ")) + local_text(state.trace, one.after, _WIDTH)


def _decision(state: PlayerState, decision: Decision, lang: Lang) -> Text:
    outcome = {"raised": "raised-here", "returned": "returned-here"}.get(decision.outcome, decision.outcome)
    if outcome == "entered" and decision.times is None:
        outcome = "entered-some"
    note = Text.assemble((f"⇒ {tr(lang, _ANNOTATIONS[outcome], times=decision.times)}", "bold"))
    for name, value in list(decision.names.items())[:3]:
        note += Text(visible(f"  {name} = ")) + value_text(state.trace, value, 40)
    return note
