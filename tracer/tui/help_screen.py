"""The screen that lists every key: a block for each theme, in two columns where there is room for them."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tracer.i18n import Lang, tr
from tracer.tui.keys import GROUPS, KEYS, shown_key
from tracer.tui.words import LABELS

_GAP: Final = 2  # cells between a key and what it does
_BETWEEN: Final = 4  # cells between the columns
_FRAME: Final = 7  # cells for the border, the padding and the scrollbar

Block = list[Text]


class HelpScreen(ModalScreen[None]):
    """Scrolled with the arrow keys where it is longer than the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,enter,question_mark", "dismiss(None)", "")]

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self._lang: Lang = lang

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = tr(self._lang, LABELS["help"])
            box.border_subtitle = "↑ ↓ Esc"
            yield Static()

    def on_mount(self) -> None:
        self._fit()
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        keys = keys_text(self._lang, self.app.size.width - _FRAME)
        self.query_one(Static).update(keys)
        self.query_one(VerticalScroll).styles.width = max(line.cell_len for line in keys.split()) + _FRAME


def keys_text(lang: Lang, width: int) -> Text:
    """Every key, theme by theme, in two columns of about the same height where so many cells are enough for them."""
    room = max(cell_len(shown_key(key, every=True)) for key in KEYS)
    blocks = [_block(lang, group, room) for group in GROUPS]
    widest = max(line.cell_len for block in blocks for line in block)
    if 2 * widest + _BETWEEN > width:
        return Text("\n").join(_below(blocks))
    left, right = _halves(blocks)
    lines = []
    for one, other in zip_longest(_below(left), _below(right), fillvalue=Text()):
        one.pad_right(widest + _BETWEEN - one.cell_len)
        lines.append(one + other)
    return Text("\n").join(lines)


def _block(lang: Lang, group: str, room: int) -> Block:
    """The theme, and below it each of its keys with what it does."""
    lines = [Text.assemble(" " * (room + _GAP), (tr(lang, LABELS[f"keys:{group}"]), "bold cyan"))]
    for key in KEYS:
        if key.group == group:
            name = shown_key(key, every=True)
            indent = " " * (room - cell_len(name))
            lines.append(Text.assemble(indent, (name, "bold"), " " * _GAP, tr(lang, LABELS[f"key:{key.action}"])))
    return lines


def _below(blocks: list[Block]) -> Block:
    """Blocks one below the other, with an empty line between."""
    return [line for block in blocks for line in (*block, Text())][:-1]


def _halves(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """The blocks in their order, divided where the longer part is shortest."""
    heights = [len(block) + 1 for block in blocks]
    at = min(range(1, len(blocks)), key=lambda place: max(sum(heights[:place]), sum(heights[place:])))
    return blocks[:at], blocks[at:]
