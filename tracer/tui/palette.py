"""The palette: every command with its key, and every place of the load, by any part of its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tracer.i18n import N_, NP_, Lang, Message, tr
from tracer.text.visible import one_line, visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.trace.text_search import first_calls, first_modules
from tracer.tui.background import in_background, start_worker
from tracer.tui.bindings import BINDINGS, DESCRIPTIONS, KEY_LABELS, Keymap, displayed
from tracer.tui.player_state import PlayerState
from tracer.tui.screens import TypingScreen
from tracer.views.stages import stage_name

if TYPE_CHECKING:
    from tracer.walkthrough.reader_position import NotePosition, WalkthroughReader

_SHOWN: Final = 200
_MOST: Final = 5_000  # functions, and modules
_SPREAD: Final = 4  # letters among which one of the query's is
_KEY: Final = 8  # cells
_TITLE: Final = 60

SORTS: Final[dict[str, Message]] = {
    "stage": N_("stage"),
    "argument": N_("argument"),
    "bookmark": N_("bookmark"),
    "note": N_("note"),
    "module": N_("module"),
    "function": N_("function"),
    "theme": N_("theme"),
}


class Entry(NamedTuple):
    """Something to choose: an action of the player, a step to go to, a note to read, or a theme.

    Attributes:
        sort: a key of :data:`SORTS`; empty for a command.
        title: its name as it is shown, safe to print.
        says: what it is, in one line.
        key: its key as it is printed on a keyboard.
        also: another name to find it by.
    """

    sort: str
    title: str
    says: str
    key: str = ""
    also: str = ""
    action: str = ""
    step: int | None = None
    note: NotePosition | None = None
    theme: str = ""


def command_entries(keymap: Keymap, lang: Lang) -> Iterator[Entry]:
    """Yield what the keys do."""
    for binding in BINDINGS:
        name = str(binding.id)
        says = tr(lang, DESCRIPTIONS[name]) if name in DESCRIPTIONS else ""
        yield Entry("", tr(lang, KEY_LABELS[name]), says, displayed(keymap.keys(binding)), name, action=binding.action)


def place_entries(trace: Trace, lang: Lang) -> list[Entry]:
    """Return the places of a load: its stages, the arguments that the user gave, the modules, the functions."""
    from tracer.analysis.kwargs.hops import USER
    from tracer.analysis.kwargs.paths import keyword_paths
    from tracer.analysis.loads import model_loads
    from tracer.analysis.value_format import format_value
    from tracer.views.kwargs import end_text

    entries = []
    for stage, count in trace.stage_counts().items():
        first = next(trace.steps(stages=[stage]), None)
        if first is not None:
            says = tr(lang, NP_("{count:,} step", "{count:,} steps"), count=count)
            entries.append(Entry("stage", stage_name(stage, lang), says, also=stage, step=first.number))
    loads = model_loads(trace)
    paths = [keyword_paths(trace, call=load.call.step) for load in loads] if len(loads) > 1 else [keyword_paths(trace)]
    for path in chain.from_iterable(paths):
        if path.origin == USER:
            value = "" if path.value is None else f" = {format_value(trace, path.value)}"
            first_stop = min((hop.step for hop in path.hops), default=path.end.step)
            entries.append(
                Entry("argument", one_line(f"{path.name}{value}", _TITLE), end_text(path, lang), step=first_stop)
            )
    for step, name, kind in first_modules(trace, _MOST):
        entries.append(Entry("module", visible(name), visible(kind), step=step))
    for step, function, module in first_calls(trace, _MOST):
        entries.append(Entry("function", visible(function), visible(module), step=step))
    return entries


def note_entries(reading: WalkthroughReader | None, lang: Lang) -> Iterator[Entry]:
    """Yield the notes that have a step in this load."""
    if reading is None:
        return
    from tracer.tui.tabs.notes import chapter_title, plain_title
    from tracer.walkthrough.placeholders import fill_placeholders
    from tracer.walkthrough.reader_position import NotePosition

    for number, chapter in enumerate(reading.chapters):
        for at in chapter.bound:
            title = fill_placeholders(chapter.notes[at].note.title.localized(lang), None)
            says = chapter_title(chapter.walkthrough, lang)
            yield Entry("note", plain_title(title), says, note=NotePosition(number, at))


def find(entries: Sequence[Entry], query: str) -> list[Entry]:
    """Return the entries that fit, the best first: those that begin so, then those with such a word, then those that
    have its letters in that order. Without a query, all but the many functions and modules."""
    words = query.lower().split()
    if not words:
        return [entry for entry in entries if entry.sort not in ("function", "module", "note")]
    letters = re.compile(".*?".join(map(re.escape, "".join(words))))
    found = []
    for number, entry in enumerate(entries):
        rank = _rank(entry, query.lower().strip(), words, letters)
        if rank is not None:
            found.append((rank, number))
    return [entries[number] for _, number in sorted(found)]


def _rank(entry: Entry, query: str, words: list[str], letters: re.Pattern[str]) -> tuple[int, int] | None:
    title = entry.title.lower()
    at = title.find(query)
    if at == 0 or entry.also == query:
        return 0, len(title)
    if at > 0:
        return (1 if not title[at - 1].isalnum() else 2), len(title)
    text = f"{title} {entry.also} {entry.says.lower()}"
    if all(word in text for word in words):
        return 3, len(title)
    match = letters.search(f"{title} {entry.also}")
    span = match.end() - match.start() if match is not None else 0
    return (4, span) if 0 < span <= _SPREAD * len(query) else None


class PaletteScreen(TypingScreen[Entry | None]):
    """Finds commands and places as you type; Enter takes the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss(None)"),
        Binding("down", "move('cursor_down')"),
        Binding("up", "move('cursor_up')"),
        Binding("pagedown", "move('page_down')"),
        Binding("pageup", "move('page_up')"),
    ]

    def __init__(
        self, state: PlayerState, lang: Lang, reading: WalkthroughReader | None, themes: Iterable[str]
    ) -> None:
        super().__init__()
        self._state = state
        self._lang: Lang = lang
        self._commands = [*command_entries(state.keymap, lang), *self._bookmarks(), *_themes(themes)]
        self._places = state.palette.get(lang, [])
        self._notes = list(note_entries(reading, lang))
        self._found: list[Entry] = []
        self._query = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = tr(self._lang, "Commands and places")
            box.border_subtitle = "↑ ↓ Enter Esc"
            yield self.field(
                tr(self._lang, "A command, stage, argument, module, note, function, bookmark, tab or theme")
            )
            yield Static("", id="found")
            yield OptionList(id="hits")

    def on_mount(self) -> None:
        self._list()
        if not self._places and not self._state.empty:
            start_worker(self, self._find_places)

    async def _find_places(self) -> None:
        try:
            self._places = await in_background(self._state.trace.path, partial(place_entries, lang=self._lang))
        except TracerError as error:
            self.notify(visible(error.localized(self._lang)), severity="error", markup=False)
            return
        self._state.palette[self._lang] = self._places
        self._list()

    def show_notes(self, reading: WalkthroughReader | None) -> None:
        """Add the notes, which may be bound while the palette is open."""
        self._notes = list(note_entries(reading, self._lang))
        self._list()

    def _bookmarks(self) -> Iterator[Entry]:
        trace = self._state.trace
        for number in sorted(self._state.bookmarks):
            try:
                frame = trace.step(number).frame
                where = visible(trace.frame(frame).function) if frame is not None else ""
            except TracerError:  # the trace is damaged there
                where = ""
            yield Entry("bookmark", tr(self._lang, "step {number}", number=number), where, step=number)

    def on_input_changed(self) -> None:
        self._list()

    def _list(self) -> None:
        """List what fits what was typed."""
        if not self.is_mounted:
            return
        query = self.query_one(Input).value
        options = self.query_one("#hits", OptionList)
        at = options.highlighted if query == self._query else None  # as the places or the notes are added
        chosen = self._found[at] if at and at < len(self._found) else None
        self._query = query
        found = find([*self._commands, *self._places, *self._notes], query)
        self._found = found[:_SHOWN]
        width = max((min(cell_len(entry.title), _TITLE // 2) for entry in self._found), default=0)
        options.clear_options()
        options.add_options([Option(self._line(entry, width)) for entry in self._found])
        if self._found:
            options.highlighted = self._found.index(chosen) if chosen in self._found else 0
        said = tr(self._lang, "{count} found", count=len(found)) if found else tr(self._lang, "Nothing of that name.")
        self.query_one("#found", Static).update(Text(said, "dim"))

    def _line(self, entry: Entry, width: int) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(" " * max(_KEY - cell_len(entry.key), 0))
        line.append(entry.key, "bold")
        line.append("  ")
        line.append(entry.title, "" if entry.action else "cyan")
        line.append(" " * max(width - cell_len(entry.title), 0))
        sort = tr(self._lang, SORTS[entry.sort]) if entry.sort else ""
        line.append(f"  {' · '.join(filter(None, (sort, entry.says)))}", "dim")
        return line

    def on_input_submitted(self) -> None:
        chosen = self.query_one("#hits", OptionList).highlighted
        if chosen is not None and self._found:
            self.dismiss(self._found[chosen])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])

    def action_move(self, where: str) -> None:
        move: Callable[[], None] = getattr(self.query_one("#hits", OptionList), f"action_{where}")
        move()


def _themes(names: Iterable[str]) -> Iterator[Entry]:
    return (Entry("theme", name, "", theme=name) for name in names)
