"""Two loads side by side: both sources at the steps that belong together, and below them what differs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.message import Message as Posted
from textual.reactive import reactive
from textual.widgets import DataTable, Static

from tracer.analysis.cursor import Cursor
from tracer.analysis.diff import Comparison, Difference, compare
from tracer.analysis.diff.alignment import Alignment, Counterpart, Parting
from tracer.analysis.loading_calls import first_call
from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace, open_trace
from tracer.tui.background import in_thread, start_worker
from tracer.tui.bindings import displayed
from tracer.tui.crash_report import CrashReportingApp
from tracer.tui.player_state import PlayerState
from tracer.tui.source_view import SourceView
from tracer.tui.step_view import StepView
from tracer.tui.variables_view import VariablesView
from tracer.views.diff import difference_texts, differing_environment
from tracer.views.outcome import outcome_text
from tracer.views.stages import stage_name

Letter = Literal["a", "b"]

_MADE_BY_A_STEP: Final = ("decisions", "config", "classes", "modules", "weights", "text", "files", "messages")
_WIDEST: Final = (24, 60, 40, 40)  # cells of the columns
_NARROWEST: Final = 8
_NOT_ALIGNED: Final = N_("The two loads could not be aligned.")
_Steps = tuple[int | None, int | None]
_MOVES: Final[dict[str, tuple[str, Callable[[Cursor], int | None]]]] = {
    "next": ("right,l", Cursor.next),
    "previous": ("left,h", Cursor.previous),
    "over": ("down,j", Cursor.over),
    "over_back": ("up,k", Cursor.over_back),
    "into": ("i", Cursor.into),
    "out": ("o", Cursor.out),
    "caller": ("u", Cursor.caller),
    "next_stage": ("right_square_bracket,S", Cursor.next_stage),
    "previous_stage": ("left_square_bracket,A", Cursor.previous_stage),
    "first": ("home,g", Cursor.first),
    "last": ("end,G", Cursor.last),
}
_HINTS: Final[tuple[tuple[str, Message], ...]] = (
    ("n", N_("next place where they part")),
    ("N", N_("the one before")),
    ("tab", N_("other pane")),
    ("q", N_("quit")),
    ("right", N_("next")),
    ("down", N_("over")),
)


class SideBySide(CrashReportingApp):
    """Plays two traces in step.

    Args:
        a: an open trace; the app does not close it.
        b: the trace to compare it with.
        lang: the language to begin with.

    Attributes:
        number_a: the step that is shown of A; ``number_b`` of B.
        aligned: which steps belong together, once that is known.
        places: where the loads part, in order, each with the difference that came of the statement there; None where
            they went on with different statements.
    """

    CSS_PATH = ["player.tcss", "side_by_side.tcss"]  # noqa: RUF012 - as Textual declares it
    TITLE = "glm-trace"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(keys, f"move('{name}')", show=False) for name, (keys, _) in _MOVES.items()),
        Binding("n", "part", show=False),
        Binding("N", "part_back", show=False),
        Binding("L", "language", show=False),
        Binding("T", "theme", show=False),
        Binding("escape", "source", show=False),
        Binding("q", "quit", show=False),
    ]

    number_a: reactive[int] = reactive(0, repaint=False)
    number_b: reactive[int] = reactive(0, repaint=False)
    lang: reactive[Lang] = reactive("en", repaint=False)

    def __init__(self, a: Trace, b: Trace, lang: Lang) -> None:
        super().__init__()
        self.states: dict[Letter, PlayerState] = {
            "a": PlayerState(a, first_call(a) or 0),
            "b": PlayerState(b, first_call(b) or 0),
        }
        self.active: Letter = "a"
        self.aligned: Alignment | None = None
        self.places: dict[Parting, Difference | None] = {}
        self._order: list[Parting] = []
        self._comparison: Comparison | None = None
        self._exact = False
        self._chosen = False  # both steps are those of a difference
        self._not_aligned = False
        self.set_reactive(SideBySide.number_a, self.states["a"].number)
        self.set_reactive(SideBySide.number_b, self.states["b"].number)
        self.set_reactive(SideBySide.lang, lang)

    def compose(self) -> ComposeResult:
        yield Static("", id="titles")
        with Horizontal(id="both"):
            for letter, number in zip(self.states, (SideBySide.number_a, SideBySide.number_b), strict=True):
                with Vertical(id=f"side-{letter}", classes="side"):
                    state = self.states[letter]
                    source = SourceView(state, self.lang)
                    source.set_reactive(SourceView.annotated, True)
                    yield source.data_bind(number=number, lang=SideBySide.lang)
                    yield VariablesView(state, self.lang).data_bind(number=number, lang=SideBySide.lang)
        yield DifferencesTable(self.lang)
        yield Static("", id="hints")

    def on_mount(self) -> None:
        self._show_titles()
        self._source("a").focus()
        start_worker(self, self._align)

    async def _align(self) -> None:
        paths = [state.trace.path for state in self.states.values()]

        def work() -> tuple[Alignment, Comparison]:
            with open_trace(paths[0]) as a, open_trace(paths[1]) as b:
                return Alignment(a, b), compare(a, b)

        try:
            aligned, comparison = await in_thread(work)
        except TracerError as error:
            self._not_aligned = True
            self.query_one(DifferencesTable).fail(error, self.lang)
            self._show_titles()
            return
        self.aligned, self._comparison = aligned, comparison
        self.places = _places(aligned, comparison)
        self._order = [*self.places]
        self.query_one(DifferencesTable).show(comparison, self.lang)
        self._follow()

    def _source(self, letter: Letter) -> SourceView:
        return self.query_one(f"#side-{letter} SourceView", SourceView)

    def _other(self) -> Letter:
        return "b" if self.active == "a" else "a"

    def on_descendant_focus(self) -> None:
        """The side whose pane has the focus is the one that is moved, and the other follows it."""
        focused = self.focused
        ids = {node.id for node in focused.ancestors_with_self} if focused is not None else set()
        if "side-b" in ids:
            self.active = "b"
        elif "side-a" in ids:
            self.active = "a"
        self._show_titles()

    def on_step_view_damaged(self, message: StepView.Damaged) -> None:
        self.notify(visible(message.error.localized(self.lang)), severity="error", timeout=8, markup=False)

    def on_differences_table_chosen(self, message: DifferencesTable.Chosen) -> None:
        a, b = message.steps
        if a is None and b is not None:
            self.active = "b"
            self._set("b", b)
            self._follow()
        elif a is not None:
            self.active = "a"
            self._set("a", a)
            if b is None:
                self._follow()
            else:
                self._set("b", b)
                self._exact = self.aligned is not None and self.aligned.in_b(a) == Counterpart(b, True)
                self._chosen = True
        self._show_titles()

    def action_move(self, name: str) -> None:
        state = self.states[self.active]
        try:
            number = None if state.empty else _MOVES[name][1](state.cursor)
        except TracerError as error:
            self.notify(visible(error.localized(self.lang)), severity="error", timeout=8, markup=False)
            return
        if number is None:
            self._say(N_("There is nothing more in that direction."))
        else:
            self._set(self.active, number)
            self._follow()

    def action_part(self) -> None:
        self._to_parting(back=False)

    def action_part_back(self) -> None:
        self._to_parting(back=True)

    def _to_parting(self, *, back: bool) -> None:
        if self.aligned is None:
            self._say(_NOT_ALIGNED if self._not_aligned else N_("The two loads are still being aligned."))
            return
        here = Parting(self.number_a, self.number_b)
        at = bisect_left(self._order, here) - 1 if back else bisect_right(self._order, here)
        if 0 <= at < len(self._order):
            found = self._order[at]
            if (difference := self.places[found]) is not None:
                self.query_one(DifferencesTable).mark(difference)
            self._set("a", found.a)
            self._set("b", found.b)
            self._exact = self.aligned.in_b(found.a) == Counterpart(found.b, True)
            self._chosen = False
            self._show_titles()
        elif self.places:
            self._say(N_("There is nothing more in that direction."))
        else:
            self._say(N_("The two loads went the same way."))

    def action_language(self) -> None:
        self.lang = "zh" if self.lang == "en" else "en"

    def watch_lang(self) -> None:
        if self.query("#titles"):
            self._show_titles()
            self.query_one(DifferencesTable).speak(self.lang)

    def action_source(self) -> None:
        self._source(self.active).focus()

    async def action_quit(self) -> None:
        self.exit()

    def action_help_quit(self) -> None:
        """Say how to quit: Ctrl-C, which Textual binds to this, doesn't."""
        self.notify(tr(self.lang, "To quit, press {keys}.", keys="q"), timeout=4, markup=False)

    def report_language(self) -> Lang:
        return self.lang

    def _set(self, letter: Letter, number: int) -> None:
        self.states[letter].cursor.go(number)
        if letter == "a":
            self.number_a = number
        else:
            self.number_b = number

    def _follow(self) -> None:
        """Move the other side to the step that belongs to the one of the active side."""
        self._chosen = False
        if self.aligned is not None:
            state = self.states[self.active]
            find = self.aligned.in_b if self.active == "a" else self.aligned.in_a
            found = find(state.number)
            self._exact = found.exact
            if not self.states[self._other()].empty:
                self._set(self._other(), found.step)
        self._show_titles()

    def _show_titles(self) -> None:
        """Write what each side is and where it stands, and whether the two are at the same step."""
        lines = [self._title("a"), self._title("b")]
        here = Parting(self.number_a, self.number_b)
        if self._not_aligned:
            state = Text(tr(self.lang, _NOT_ALIGNED), "bold red")
        elif self.aligned is None:
            state = Text(tr(self.lang, "aligning …"), "dim")
        elif self.states["a"].empty or self.states["b"].empty:
            state = Text()
        elif here in self.places:
            state = Text(self._parting(here), "bold yellow")
        elif self._exact:
            state = Text(tr(self.lang, "the same step in both"), "bold green")
        elif self._chosen:
            state = Text(tr(self.lang, "the two steps of this difference"), "bold yellow")
        else:
            state = Text(tr(self.lang, "only in {side}", side=self.active.upper()), "bold yellow")
        told = Text("\n", no_wrap=True, overflow="ellipsis").join([*lines, Text(" ") + state])
        self.query_one("#titles", Static).update(told)
        hints = Text(no_wrap=True)
        for key, label in _HINTS:
            hints.append(f" {displayed([key])} ", "bold reverse")
            hints.append(f" {tr(self.lang, label)}  ")
        self.query_one("#hints", Static).update(hints)

    def _parting(self, here: Parting) -> str:
        """Return that the loads part, and what came of the same statement in each."""
        told, difference = tr(self.lang, "here the two part"), self.places[here]
        if difference is None or self._comparison is None:
            return told
        texts = difference_texts(self._comparison, difference, self.lang)
        return f"{told} · {texts.topic} · {texts.what}: A {texts.a or '–'}, B {texts.b or '–'}"

    def _title(self, letter: Letter) -> Text:
        state = self.states[letter]
        trace, lang = state.trace, self.lang
        title = Text(f" {letter.upper()} ", "bold reverse" if letter == self.active else "bold")
        title.append(f" {visible(trace.path.name)}", "bold")
        if not state.empty:
            at = tr(lang, "step {number} / {count}", number=state.number, count=len(trace) - 1)
            title.append(f" · {at} · {stage_name(state.step.stage, lang)}")
        title.append(f" · {visible(trace.meta.model_name)}", "dim")
        if trace.meta.transformers is not None:
            title.append(f" · transformers {visible(str(trace.meta.transformers))}", "dim")
        title.append(f" · {outcome_text(trace.outcome, lang)}", "dim")
        return title

    def _say(self, message: Message) -> None:
        self.notify(tr(self.lang, message), timeout=2, markup=False)


def _places(aligned: Alignment, comparison: Comparison) -> dict[Parting, Difference | None]:
    """Return where two loads part, in order: with what one statement gave in each, if it is that."""
    found: dict[Parting, Difference | None] = {}
    for topic in _MADE_BY_A_STEP:
        for one in comparison.of(topic):
            a, b = one.steps
            if a is not None:
                found.setdefault(Parting(a, aligned.in_b(a).step if b is None else b), one)
            elif b is not None:
                found.setdefault(Parting(aligned.in_a(b).step, b), one)
    return {place: found.get(place) for place in sorted({*found, *aligned.partings})}


def _fitting(widths: list[int], room: int) -> list[int]:
    """Return the widths of columns, the widest of them narrowed until all fit or none can be narrowed."""
    widths = [*widths]
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


class DifferencesTable(DataTable[Text]):
    """What differs between the two loads, as ``glm-trace diff`` finds it; a row leads to its steps."""

    class Chosen(Posted):
        def __init__(self, steps: _Steps) -> None:
            self.steps = steps
            super().__init__()

    def __init__(self, lang: Lang) -> None:
        super().__init__(id="differences", cursor_type="row", zebra_stripes=True)
        self._comparison: Comparison | None = None
        self._steps: list[_Steps] = []
        self._lang: Lang = lang
        self._error: TracerError | None = None
        self._room = 0

    def on_mount(self) -> None:
        self.speak(self._lang)

    def on_resize(self, event: Resize) -> None:
        if event.size.width != self._room:
            self.speak(self._lang)

    def fail(self, error: TracerError, lang: Lang) -> None:
        """Say why there is no comparison."""
        self._error = error
        self.speak(lang)

    def show(self, comparison: Comparison, lang: Lang) -> None:
        """List the differences of a comparison."""
        self._comparison = comparison
        self.speak(lang)

    def mark(self, difference: Difference) -> None:
        """Move the cursor to the row of a difference."""
        if self._comparison is not None:
            before = self.row_count - len(self._comparison.differences)  # the rows of the environment
            self.move_cursor(row=before + self._comparison.differences.index(difference), animate=False)

    def speak(self, lang: Lang) -> None:
        """List them in this language."""
        self._lang, self._room, at = lang, self.size.width, self.cursor_row
        self.clear(columns=True)
        if self._comparison is None:
            told = tr(lang, "Computing …") if self._error is None else visible(self._error.localized(lang))
            self.add_column(Text(told, "dim"))
            return
        rows = [*self._environment(self._comparison), *map(self._row, self._comparison.differences)]
        if not rows:
            self.add_column(Text(tr(lang, "The two loads went the same way."), "dim"))
            return
        heads = (N_("topic"), N_("what differs"), "A", "B")
        columns = zip(*(cells for cells, _ in rows), strict=True)
        widths = [
            min(max(cell_len(text) for text in (tr(lang, head), *column)), most)
            for head, column, most in zip(heads, columns, _WIDEST, strict=True)
        ]
        # Both values have to be seen, beside a scroll bar of two cells.
        for head, width in zip(
            heads, _fitting(widths, self._room - 2 - 2 * self.cell_padding * len(heads)), strict=True
        ):
            self.add_column(Text(tr(lang, head)), width=width)
        self._steps = [steps for _, steps in rows]
        for cells, steps in rows:
            styles = ["" if steps != (None, None) or column == 0 else "yellow" for column in range(len(cells))]
            self.add_row(
                *(
                    Text(cell, style, no_wrap=True, overflow="ellipsis")
                    for cell, style in zip(cells, styles, strict=True)
                )
            )
        self.move_cursor(row=at, animate=False)

    def _environment(self, comparison: Comparison) -> Iterator[tuple[tuple[str, str, str, str], _Steps]]:
        for name, a, b in differing_environment(comparison, self._lang):
            yield (tr(self._lang, "Environment"), name, a, b), (None, None)

    def _row(self, difference: Difference) -> tuple[tuple[str, str, str, str], _Steps]:
        assert self._comparison is not None
        texts = difference_texts(self._comparison, difference, self._lang)
        return (texts.topic, texts.what, texts.a, texts.b), difference.steps

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.cursor_row < len(self._steps) and self._steps[event.cursor_row] != (None, None):
            self.post_message(self.Chosen(self._steps[event.cursor_row]))
