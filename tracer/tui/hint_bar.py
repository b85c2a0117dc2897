"""The key hints at the foot; each can be clicked."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from tracer.i18n import Lang, tr
from tracer.tui.keys import KEYS, Key, shown_key
from tracer.tui.words import LABELS


class HintBar(Widget):
    """As many hints as fit, the most used first."""

    class Clicked(Message):
        def __init__(self, action: str) -> None:
            self.action = action
            super().__init__()

    def __init__(self, lang: Lang) -> None:
        super().__init__(id="hints")
        self.lang: Lang = lang
        self._ends: list[tuple[int, str]] = []

    def show(self, lang: Lang) -> None:
        self.lang = lang
        self.refresh()

    def render(self) -> Text:
        line, self._ends = Text(no_wrap=True), []
        hinted = [key for key in KEYS if key.hint]
        # Help and quit are always there; what stands before them is left out where it does not fit.
        room = self.size.width - sum(_piece(key, self.lang).cell_len for key in hinted[-2:])
        for key in hinted:
            piece = _piece(key, self.lang)
            if key not in hinted[-2:] and line.cell_len + piece.cell_len > room:
                continue
            line.append_text(piece)
            self._ends.append((line.cell_len, key.action))
        return line

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        for end, action in self._ends:
            if at is not None and at.x < end:
                self.post_message(self.Clicked(action))
                return


def _piece(key: Key, lang: Lang) -> Text:
    return Text.assemble((f" {shown_key(key)} ", "bold reverse"), f" {tr(lang, LABELS[f'key:{key.action}'])}  ")
