"""The hints at the foot of the player: keys with what they do, each of which can be clicked."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tracer.i18n import Lang, tr
from tracer.tui.bindings import BINDINGS, KEY_LABELS, Keymap, displayed


class HintBar(Widget):
    """As many hints as fit, the most used first."""

    lang: reactive[Lang] = reactive("en")

    class Clicked(Message):
        def __init__(self, action: str) -> None:
            self.action = action
            super().__init__()

    def __init__(self, lang: Lang, keymap: Keymap) -> None:
        super().__init__(id="hints")
        self.set_reactive(HintBar.lang, lang)
        self._keymap = keymap
        self._ends: list[tuple[int, str]] = []

    def render(self) -> Text:
        line, self._ends = Text(no_wrap=True), []
        hinted = [binding for binding in BINDINGS if binding.show]
        # Help and quit are always there; the hints before them are left out where they do not fit.
        room = self.size.width - sum(self._hint(binding).cell_len for binding in hinted[-2:])
        for binding in hinted:
            hint = self._hint(binding)
            if binding not in hinted[-2:] and line.cell_len + hint.cell_len > room:
                continue
            line.append_text(hint)
            self._ends.append((line.cell_len, binding.action))
        return line

    def _hint(self, binding: Binding) -> Text:
        label = f" {tr(self.lang, KEY_LABELS[str(binding.id)])}  "
        key = displayed(self._keymap.keys(binding)[:1])
        return Text.assemble((f" {key} ", "bold reverse"), label) if key else Text(label)  # it can be clicked still

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        for end, action in self._ends:
            if at is not None and at.x < end:
                self.post_message(self.Clicked(action))
                return
