"""The screens over the player: search, go to a step, a value at full length, and the list of keys."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar, Final, TypeVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tracer.i18n import Lang, tr
from tracer.tui.bindings import (
    BINDINGS,
    FOUND_FIRST,
    GROUP_LABELS,
    GROUPS,
    KEY_LABELS,
    MOUSE,
    Keymap,
    displayed,
)

_CLOSING: Final = (  # with the ids of the player's actions, so that the keys chosen for those close these screens too
    Binding("escape,enter", "dismiss(None)"),
    Binding("question_mark", "dismiss(None)", id="help"),
    Binding("q", "dismiss(None)", id="quit"),
)


_Result = TypeVar("_Result")


class TypingScreen(ModalScreen[_Result]):
    """A screen with a field to type in, which receives what is typed before it is mounted too."""

    def __init__(self) -> None:
        super().__init__()
        self._typed = ""

    def field(self, hint: str) -> Input:
        """Return the field, with what was typed so far."""
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


class GotoScreen(TypingScreen[int | None]):
    """Asks for the number of a step."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "")]

    def __init__(self, count: int, lang: Lang) -> None:
        super().__init__()
        self._last = count - 1
        self._lang: Lang = lang

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog small") as box:
            box.border_title = tr(self._lang, KEY_LABELS["goto"])
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
    """Shows a text that is too long for its pane, scrolled with the arrow keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*_CLOSING, Binding("v", "dismiss(None)", id="value")]

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


_GAP: Final = 2  # cells between a key and what it does
_BETWEEN: Final = 4  # cells between the columns
_FRAME: Final = 8  # cells for the border, the padding and the scrollbar

Block = list[Text]


class HelpScreen(ModalScreen[None]):
    """Lists every key; scrolled with the arrow keys where it is longer than the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [*_CLOSING]

    def __init__(self, lang: Lang, keymap: Keymap) -> None:
        super().__init__()
        self._lang: Lang = lang
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = tr(self._lang, "Keys")
            box.border_subtitle = "↑ ↓ Esc"
            yield Static()

    def on_mount(self) -> None:
        self._fit()
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        keys = keys_text(self._lang, self._keymap, self.app.size.width - _FRAME)
        self.query_one(Static).update(keys)
        self.query_one(VerticalScroll).styles.width = max(line.cell_len for line in keys.split()) + _FRAME


def keys_text(lang: Lang, keymap: Keymap, width: int) -> Text:
    """Return every key by theme, in two columns of about the same height if ``width`` cells are enough for them."""
    room = max(cell_len(displayed(keymap.keys(binding))) for binding in BINDINGS)
    blocks = [_block(lang, keymap, group, room) for group in GROUPS]
    widest = max(line.cell_len for block in blocks for line in block)
    if 2 * widest + _BETWEEN > width:
        return Text("\n").join(_below(blocks))
    left, right = _halves(blocks)
    lines = []
    for one, other in zip_longest(_below(left), _below(right), fillvalue=Text()):
        one.pad_right(widest + _BETWEEN - one.cell_len)
        lines.append(one + other)
    return Text("\n").join(lines)


def _block(lang: Lang, keymap: Keymap, group: str, room: int) -> Block:
    """Return the theme, and below it each of its keys with what it does."""
    lines = [Text.assemble(" " * (room + _GAP), (tr(lang, GROUP_LABELS[group]), "bold cyan"))]
    entries = [(displayed(keymap.keys(binding)), KEY_LABELS[str(binding.id)]) for binding in GROUPS[group]]
    if group == "panes":
        tab, enter, palette = ((displayed(one.keys), one.label) for one in FOUND_FIRST)
        entries = [tab, enter, *entries, (tr(lang, MOUSE[0]), MOUSE[1]), palette]
    for keys, label in entries:
        indent = " " * (room - cell_len(keys))
        lines.append(Text.assemble(indent, (keys, "bold"), " " * _GAP, tr(lang, label)))
    return lines


def _below(blocks: list[Block]) -> Block:
    """Join blocks vertically, with an empty line between."""
    return [line for block in blocks for line in (*block, Text())][:-1]


def _halves(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """Divide the blocks, in order, so that the taller part is as short as possible."""
    heights = [len(block) + 1 for block in blocks]
    at = min(range(1, len(blocks)), key=lambda place: max(sum(heights[:place]), sum(heights[place:])))
    return blocks[:at], blocks[at:]
