"""The keys that change what is seen, and those that take something along: a value, a step, the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tracer.i18n import N_
from tracer.text.visible import visible
from tracer.tui.acting import Acting
from tracer.tui.source_view import SourceView

_THEMES: Final = ("textual-dark", "textual-light")


class Viewing(Acting):
    """Tabs, screens and copies, each action as a method of its key's name."""

    def _do_value(self) -> None:
        from tracer.tui.screens import TextScreen
        from tracer.tui.step_text import whole_value
        from tracer.tui.variables_view import VariablesView

        chosen = self.query_one(VariablesView).chosen()
        if chosen is None:
            self.say(N_("Choose a variable first: Tab goes to the panes, the arrow keys choose."), seconds=4)
        else:
            name, value = chosen
            self.push_screen(TextScreen(visible(name), whole_value(self.state, value)))

    def _do_copy(self) -> None:
        from tracer.tui.step_text import whole_step

        if not self.state.empty:
            self.copy_to_clipboard(whole_step(self.state, self.lang))
            self.say(N_("The step was copied as text."), seconds=2)

    def _do_save(self) -> None:
        path = Path.cwd() / f"glm-trace-step-{self.state.number}.svg"
        number = 1
        while path.exists():
            number += 1
            path = path.with_name(f"glm-trace-step-{self.state.number}-{number}.svg")
        try:
            path.write_text(self.export_screenshot(), encoding="utf-8")
        except OSError as error:
            self.notify(visible(f"{path}: {error.strerror}"), severity="error", markup=False)
        else:
            self.say(N_("The screen was saved as {path}"), path=visible(path.name), seconds=4)

    def _do_theme(self) -> None:
        at = _THEMES.index(self.theme) if self.theme in _THEMES else -1
        self.theme = _THEMES[(at + 1) % len(_THEMES)]

    def _do_help(self) -> None:
        from tracer.tui.screens import HelpScreen

        self.push_screen(HelpScreen(self.lang))

    def _do_zoom(self) -> None:
        self.screen.toggle_class("-zoomed")
        if self.screen.has_class("-zoomed"):
            self.tabs.take_focus()
        else:
            self.query_one(SourceView).focus()

    def _do_sort(self) -> None:
        self.tabs.sort()

    def _do_everything(self) -> None:
        self.tabs.turn_everything()

    def _do_quit(self) -> None:
        self.exit()
