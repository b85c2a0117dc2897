"""Tabs that say something in words: why it failed, and the notes of a walkthrough."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from tracer.export.phrases import Lang
from tracer.export.why_text import print_why
from tracer.replay.why import diagnose
from tracer.tui.playing import Playing
from tracer.tui.words import say


class WhyTab(VerticalScroll):
    """What ``glm-trace why`` says of the trace."""

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__(Static(""))
        self._playing = playing
        self._shown: tuple[Lang, int] | None = None

    def show(self, playing: Playing, lang: Lang) -> None:
        width = max(self.size.width - 2, 40)
        if self._shown != (lang, width):
            self._shown = (lang, width)
            console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="standard")
            with console.capture() as said:
                print_why(playing.trace, diagnose(playing.trace), console, lang)
            self.query_one(Static).update(Text.from_ansi(said.get()))


class NotesTab(VerticalScroll):
    """The walkthrough's notes at the step."""

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__(Static(""))

    def show(self, playing: Playing, lang: Lang) -> None:
        self.query_one(Static).update(Text(say(lang, "no-notes"), "dim"))
