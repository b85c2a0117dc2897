"""The search: functions, files, variables, values and more as you type, each with where it is."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tracer.analysis.search import Hit, context_of, search
from tracer.analysis.step_context import changing_step
from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import one_line, visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.trace.text_search import keep_mentions, mentions
from tracer.tui.background import in_background, start_worker
from tracer.tui.bindings import KEY_LABELS
from tracer.tui.player_state import PlayerState
from tracer.tui.screens import TypingScreen
from tracer.tui.source_view import keep_end
from tracer.views.stages import stage_name

SORT_LABELS: Final[dict[str, Message]] = {
    # what a hit of the search is
    "function": N_("function"),
    "file": N_("file"),
    "variable": N_("variable"),
    "value": N_("value"),
    "module": N_("module"),
    "tensor": N_("tensor"),
    "message": N_("message"),
}
_EXAMPLES: Final[tuple[tuple[str, Message], ...]] = (
    ("from_pretrained", N_("a function, wherever it is called")),
    ("config.json", N_("a file, or a value that names it")),
    ("dtype", N_("a variable, with the values that it had first")),
)
_HITS: Final = 100  # of each sort
_RECENT: Final = 8
_LONGEST: Final = 200
_NARROWEST: Final = 60
_SMALL: Final = 20_000  # steps whose changes are read between two pictures


class SearchScreen(TypingScreen[int | None]):
    """Searches as you type. Enter goes to the chosen hit; the keys for the next and previous hit go on from it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", ""),
        ("down", "list_down", ""),
        ("up", "list_up", ""),
    ]

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__()
        self._state = state
        self._lang: Lang = lang
        self._hits: list[Hit] = []
        self._offered: list[str] = []
        self._ready = len(state.trace) <= _SMALL or state.searched != []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = tr(self._lang, KEY_LABELS["search"])
            box.border_subtitle = "↑ ↓ Enter Esc"
            yield self.field(tr(self._lang, "Search functions, files, variables, values, modules, tensors"))
            yield Static("", id="found")
            yield OptionList(id="hits")
            yield Static("", id="preview")

    def on_mount(self) -> None:
        if not self._ready:
            start_worker(self, self._read_changes)
        self._list(self.query_one(Input).value.strip())

    async def _read_changes(self) -> None:
        """Read in the background what the first search of a long trace would wait for."""
        try:
            keep_mentions(self._state.trace, await in_background(self._state.trace.path, mentions))
        except TracerError as error:
            self.notify(visible(error.localized(self._lang)), severity="error", markup=False)
        self._ready = True
        self._list(self.query_one(Input).value.strip())

    def on_input_changed(self, event: Input.Changed) -> None:
        self._list(event.value.strip())

    def _list(self, text: str) -> None:
        """List the hits of a text; without one, what was searched for recently, and examples."""
        options = self.query_one("#hits", OptionList)
        options.clear_options()
        self._hits, self._offered = [], []
        found = self.query_one("#found", Static)
        self.query_one("#preview", Static).update("")
        if not text:
            found.update("")
            options.add_options(self._offers())
        elif not self._ready:
            found.update(Text(tr(self._lang, "Reading the trace …"), "dim"))
        else:
            width = max(options.size.width - 4, _NARROWEST)
            try:
                self._hits = list(search(self._state.trace, text, limit=_HITS))
                options.add_options(
                    [Option(hit_line(self._state.trace, hit, self._lang, text, width)) for hit in self._hits]
                )
            except TracerError as error:
                self._hits = []
                self.notify(visible(error.localized(self._lang)), severity="error", markup=False)
            found.update(Text(tr(self._lang, "{count} found", count=len(self._hits)), "dim"))
            if self._hits:
                options.highlighted = 0

    def _offers(self) -> list[Option]:
        """Return what to search for: recent searches, then examples; each is put into the field."""
        recent = [(text, tr(self._lang, "searched for before")) for text in self._state.searched]
        examples = [(text, tr(self._lang, what)) for text, what in _EXAMPLES]
        rows = [*recent, *(row for row in examples if row[0] not in self._state.searched)]
        self._offered = [text for text, _ in rows]
        width = max(len(text) for text in self._offered)
        return [
            Option(Text.assemble(f"{visible(text):<{width}}  ", (what, "dim"), no_wrap=True)) for text, what in rows
        ]

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._hits):
            try:
                preview = self._preview(self._hits[event.option_index])
            except TracerError:  # the trace is damaged there, which going there tells
                preview = Text()
            self.query_one("#preview", Static).update(preview)

    def _preview(self, hit: Hit) -> Text:
        """Return the place of a hit, and the source line there: for a value, the one that made it."""
        step = self._state.trace.step(hit.step)
        if hit.what in ("variable", "value"):
            step = changing_step(self._state.trace, step)
        if step.source is None or step.line is None:
            return Text()
        lines = self._state.source_lines(step.source)
        source = lines[step.line - 1] if 0 < step.line <= len(lines) else ""
        path = self._state.paths.get(step.source, "?")
        width = self.query_one("#preview").size.width or _LONGEST  # before it has been laid out
        place = Text(keep_end(visible(f"{path}:{step.line}"), width), "dim")
        return Text("\n").join([place, Text(one_line(source.strip(), _LONGEST))])

    def on_input_submitted(self) -> None:
        chosen = self.query_one("#hits", OptionList).highlighted
        if chosen is not None:
            self._choose(chosen)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def action_list_down(self) -> None:
        self.query_one("#hits", OptionList).action_cursor_down()

    def action_list_up(self) -> None:
        self.query_one("#hits", OptionList).action_cursor_up()

    def _choose(self, index: int) -> None:
        field = self.query_one(Input)
        if self._hits:
            text = field.value.strip()
            self._state.searched = [text, *(one for one in self._state.searched if one != text)][:_RECENT]
            self._state.hits = sorted({hit.step for hit in self._hits})
            self.dismiss(self._hits[index].step)
        elif self._offered:
            field.value = self._offered[index]
            field.cursor_position = len(field.value)
            field.focus()


def hit_line(trace: Trace, hit: Hit, lang: Lang, text: str = "", width: int = _LONGEST) -> Text:
    """Return a hit in one line: step, what it is, stage, function, name and value.

    Where ``width`` cells are not enough, the function goes without its class or altogether, and the rest is cut around
    ``text``.
    """
    where = context_of(trace, hit)
    line = Text(f"{hit.step:>7} ", "dim", no_wrap=True, overflow="ellipsis")
    line.append(f"{set_cell_size(tr(lang, SORT_LABELS[hit.what]), 9)} ", "cyan")
    line.append(stage_name(where.stage, lang), "dim")
    value = one_line(hit.label if not where.name else where.value, _LONGEST)
    name = one_line(where.name, _LONGEST)
    function = one_line(where.function, _LONGEST) if hit.what != "function" else ""
    room = width - line.cell_len - (10 if name else 7) - cell_len(name) - cell_len(value)
    if cell_len(function) > room:
        function = function.rpartition(".")[2]
    if room + cell_len(value) - cell_len(text) < cell_len(function):
        function = ""
    if function:
        line.append(" · ", "dim").append(function)
    line.append(" · ", "dim")
    if name:
        line.append(name, "bold").append(" = " if value else "")
    return line.append(_around(value, text, width - line.cell_len), "" if name else "bold")


def _around(value: str, text: str, room: int) -> str:
    """Return a value, without its beginning if what was searched for would be cut off."""
    at = value.lower().rfind(text.lower()) if text else -1
    if at < 0 or len(value) <= room or at + len(text) < room:
        return value
    start = min(at, max(len(value) - room + 1, 0))
    return f"…{value[start:]}"
