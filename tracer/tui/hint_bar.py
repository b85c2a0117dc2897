"""The hints at the foot of the player: the keys of the focused pane with what they do, each of which can be clicked."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tracer.i18n import Lang, tr
from tracer.tui.bindings import BINDINGS, HINT_LABELS, HINTS, KEY_LABELS, Keymap, PaneKey, displayed

_BINDINGS = {binding.id: binding for binding in BINDINGS}
_ALWAYS = 2
"""So many hints at the end are always shown: help and quit. Those before them are left out where they do not fit."""


class HintBar(Widget):
    """As many hints as fit, the most used first.

    A widget says with its attribute ``hints`` which of :data:`tracer.tui.bindings.HINTS` belong to it and its children.
    """

    lang: reactive[Lang] = reactive("en")

    class Clicked(Message):
        """A hint was clicked: either an action of the player's is wanted, or a key of the focused pane."""

        def __init__(self, action: str = "", key: str = "") -> None:
            self.action = action
            self.key = key
            super().__init__()

    def __init__(self, lang: Lang, keymap: Keymap) -> None:
        super().__init__(id="hints")
        self.set_reactive(HintBar.lang, lang)
        self._keymap = keymap
        self._ends: list[tuple[int, HintBar.Clicked]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())  # as the focus moves

    def render(self) -> Text:
        line, self._ends = Text(no_wrap=True), []
        hinted = HINTS[self._pane()]
        always = hinted[-_ALWAYS:]
        room = self.size.width - sum(self._hint(one).cell_len for one in always)
        for one in hinted:
            hint = self._hint(one)
            if one not in always and line.cell_len + hint.cell_len > room:
                continue
            line.append_text(hint)
            clicked = (
                self.Clicked(key=one.keys[-1]) if isinstance(one, PaneKey) else self.Clicked(_BINDINGS[one].action)
            )
            self._ends.append((line.cell_len, clicked))
        return line

    def _pane(self) -> str:
        """Return whose hints are to be shown."""
        focused = self.screen.focused
        names = (getattr(node, "hints", None) for node in focused.ancestors_with_self) if focused is not None else ()
        return next((name for name in names if name is not None), "source")

    def _hint(self, one: str | PaneKey) -> Text:
        if isinstance(one, PaneKey):
            key, label = displayed(one.keys), one.label
        else:
            key = displayed(self._keymap.keys(_BINDINGS[one])[:1])
            label = HINT_LABELS.get(one, KEY_LABELS[one])
        words = f" {tr(self.lang, label)}  "
        return Text.assemble((f" {key} ", "bold reverse"), words) if key else Text(words)  # it can be clicked still

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        for end, clicked in self._ends:
            if at is not None and at.x < end:
                self.post_message(clicked)
                return
