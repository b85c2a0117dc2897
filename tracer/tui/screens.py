"""The small screens over the player: search, go to a step, a value at full length, the keys."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import set_cell_size
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tracer.analysis.search import Hit, search
from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.tui.playing import Playing
from tracer.tui.words import LABELS

_HITS = 200


class _TypingScreen(ModalScreen[int | None]):
    """A screen with a field to type in; what is typed before the field stands is in it when it does."""

    def __init__(self) -> None:
        super().__init__()
        self._typed = ""

    def field(self, hint: str) -> Input:
        """The field, with what was typed so far."""
        return Input(self._typed, placeholder=hint, select_on_focus=False)

    def on_key(self, event: events.Key) -> None:
        if self.focused is not None or not event.is_printable or event.character is None:
            return
        event.stop()
        fields = self.query(Input)
        if fields:
            fields.first().insert_text_at_cursor(event.character)
        else:
            self._typed += event.character


class SearchScreen(_TypingScreen):
    """Finds as one types; Enter goes to the chosen hit, and ``n`` and ``N`` then go on among them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", ""),
        ("down", "list_down", ""),
        ("up", "list_up", ""),
    ]

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__()
        self._playing = playing
        self._lang: Lang = lang
        self._hits: list[Hit] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = tr(self._lang, LABELS["key:search"])
            box.border_subtitle = "↑ ↓ Enter Esc"
            yield self.field(tr(self._lang, "Search functions, files, variables, values, modules, tensors"))
            yield Static("", id="found")
            yield OptionList(id="hits")

    def on_input_changed(self, event: Input.Changed) -> None:
        text = event.value.strip()
        try:
            self._hits = list(search(self._playing.trace, text, limit=_HITS)) if text else []
        except TracerError as error:
            self._hits = []
            self.notify(visible(str(error)), severity="error", markup=False)
        options = self.query_one("#hits", OptionList)
        options.clear_options()
        options.add_options([Option(_hit_line(hit, self._lang), id=str(index)) for index, hit in enumerate(self._hits)])
        if self._hits:
            options.highlighted = 0
        self.query_one("#found", Static).update(Text(tr(self._lang, "{count} found", count=len(self._hits)), "dim"))

    def on_input_submitted(self) -> None:
        options = self.query_one("#hits", OptionList)
        if options.highlighted is not None and self._hits:
            self._choose(options.highlighted)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def action_list_down(self) -> None:
        self.query_one("#hits", OptionList).action_cursor_down()

    def action_list_up(self) -> None:
        self.query_one("#hits", OptionList).action_cursor_up()

    def _choose(self, index: int) -> None:
        self._playing.hits = sorted({hit.step for hit in self._hits})
        self.dismiss(self._hits[index].step)


def _hit_line(hit: Hit, lang: Lang) -> Text:
    sort = tr(lang, LABELS[f"sort:{hit.what}"])
    line = Text.assemble((f"{hit.step:>7} ", "dim"), (f"{set_cell_size(sort, 9)} ", "cyan"), visible(hit.label))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


class GotoScreen(_TypingScreen):
    """Asks for a step's number."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "")]

    def __init__(self, count: int, lang: Lang) -> None:
        super().__init__()
        self._last = count - 1
        self._lang: Lang = lang

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog small") as box:
            box.border_title = tr(self._lang, LABELS["key:goto"])
            box.border_subtitle = "Enter Esc"
            yield self.field(tr(self._lang, "Go to step (0 to {last})", last=self._last))
            yield Static("", id="found")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text.isdecimal() and int(text) <= self._last:
            self.dismiss(int(text))
        else:
            self.query_one("#found", Static).update(
                Text(
                    tr(self._lang, "There is no such step. Type a number from 0 to {last}.", last=self._last),
                    "bold red",
                )
            )


class TextScreen(ModalScreen[None]):
    """Something too long for its pane, scrolled with the arrow keys."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,enter,question_mark,v", "dismiss(None)", "")]

    def __init__(self, title: str, content: Text) -> None:
        super().__init__()
        self._title = title
        self._content = content

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = "Esc"
            yield Static(self._content)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
