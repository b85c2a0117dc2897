"""What the player does for its keys, one method for each; see :mod:`tracer.tui.keys`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from textual.app import App
from textual.timer import Timer
from textual.widgets import TabbedContent

from tracer.export.phrases import Lang
from tracer.replay.cursor import Cursor
from tracer.trace.errors import TracerError
from tracer.trace.visible import visible
from tracer.tui.playing import Playing
from tracer.tui.screens import GotoScreen, SearchScreen, TextScreen, keys_table
from tracer.tui.source_view import SourceView
from tracer.tui.step_text import whole_step, whole_value
from tracer.tui.tabs.table_tab import TableTab
from tracer.tui.variables_view import VariablesView
from tracer.tui.words import say

TYPED_INTO: Final = ("search", "goto")
"""Actions that open a screen to type in. Their keys are looked at before any pane gets them: a pane would have the next
keys in its own queue by the time the screen is there."""
_SPEEDS: Final = (1, 2, 4, 8, 16, 32)
_THEMES: Final = ("textual-dark", "textual-light")

_MOVES: Final[dict[str, Callable[[Cursor], int | None]]] = {
    "next": Cursor.next,
    "previous": Cursor.previous,
    "over": Cursor.over,
    "over-back": Cursor.over_back,
    "into": Cursor.into,
    "into-back": Cursor.into_back,
    "out": Cursor.out,
    "caller": Cursor.caller,
    "first": Cursor.first,
    "last": Cursor.last,
    "next-stage": Cursor.next_stage,
    "previous-stage": Cursor.previous_stage,
}


class Acting(App[None]):
    """An app that plays; how it looks is the matter of the one that derives from it."""

    playing: Playing
    lang: Lang

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._speed = 2

    def show(self) -> None:
        """Show the cursor's step."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a screen over the player these keys are letters like others."""
        return not (action == "do" and parameters and parameters[0] in TYPED_INTO and len(self.screen_stack) > 1)

    def focus_tab(self) -> None:
        """Give the open tab the keys, once it is there."""
        raise NotImplementedError

    def tab_shown(self) -> Any:
        """The widget of the tab that is open."""
        raise NotImplementedError

    def say(self, key: str, *, seconds: float = 2, **values: Any) -> None:
        """Say something in passing; what it quotes is not obeyed."""
        self.notify(say(self.lang, key, **values), timeout=seconds, markup=False)

    def complain(self, error: TracerError) -> None:
        """Say what is wrong with the trace, and go on."""
        self.notify(visible(str(error)), severity="error", timeout=8, markup=False)

    def action_do(self, name: str) -> None:
        """Do what a key stands for."""
        try:
            if name in _MOVES:
                self._moved(_MOVES[name](self.playing.cursor) if not self.playing.empty else None)
            elif name.startswith("tab-"):
                self._open_tab(name)
            else:
                getattr(self, f"_do_{name.replace('-', '_')}")()
        except TracerError as error:
            self._stop()
            self.complain(error)

    def _moved(self, number: int | None) -> None:
        if number is None:
            self.say("nowhere", seconds=1.5)
            self._stop()
        else:
            self.show()

    def go(self, number: int | None) -> None:
        """To a step by its number; None stays."""
        if number is not None:
            try:
                self._moved(self.playing.cursor.go(number))
            except TracerError as error:
                self.complain(error)

    def _next_decision(self, *, back: bool) -> int | None:
        """The nearest step at which a frame decided something: in this frame first, then in any."""
        frame = self.playing.frame()
        if frame is not None:
            steps = [one.step for one in self.playing.decisions_of(frame.number)]
            found = self.playing.cursor.previous_of(steps) if back else self.playing.cursor.next_of(steps)
            if found is not None:
                return found
        return self.playing.cursor.caller() if back else self.playing.cursor.out()

    def _do_next_decision(self) -> None:
        self._moved(None if self.playing.empty else self._next_decision(back=False))

    def _do_previous_decision(self) -> None:
        self._moved(None if self.playing.empty else self._next_decision(back=True))

    def _do_next_change(self) -> None:
        name = self.playing.selected_variable
        self._moved(self.playing.cursor.next_change(name) if name and not self.playing.empty else None)

    def _do_previous_change(self) -> None:
        name = self.playing.selected_variable
        self._moved(self.playing.cursor.previous_change(name) if name and not self.playing.empty else None)

    def _do_next_line(self) -> None:
        place = self.playing.place()
        self._moved(self.playing.cursor.next_line(*place) if place is not None else None)

    def _do_previous_line(self) -> None:
        place = self.playing.place()
        self._moved(self.playing.cursor.previous_line(*place) if place is not None else None)

    def _do_next_hit(self) -> None:
        self._moved(self.playing.cursor.next_of(self.playing.hits) if self.playing.hits else None)

    def _do_previous_hit(self) -> None:
        self._moved(self.playing.cursor.previous_of(self.playing.hits) if self.playing.hits else None)

    def _do_search(self) -> None:
        self.push_screen(SearchScreen(self.playing, self.lang), self.go)

    def _do_goto(self) -> None:
        self.push_screen(GotoScreen(len(self.playing.trace), self.lang), self.go)

    def _do_bookmark(self) -> None:
        marks, number = self.playing.bookmarks, self.playing.number
        if number in marks:
            marks.remove(number)
            self.say("bookmark-off", seconds=2)
        else:
            marks.add(number)
            self.say("bookmark-on", number=number, seconds=2)

    def _do_next_bookmark(self) -> None:
        marks = sorted(self.playing.bookmarks)
        if not marks:
            self.say("no-bookmarks", seconds=3)
            return
        found = self.playing.cursor.next_of(marks)
        self.go(marks[0]) if found is None else self.show()

    def _do_breakpoint(self) -> None:
        place = self.playing.place()
        if place is not None:
            self._toggle_breakpoint(place[1])

    def _toggle_breakpoint(self, line: int) -> None:
        place = self.playing.place()
        if place is None:
            return
        at = place[0], line
        on = at not in self.playing.breakpoints
        self.playing.breakpoints.symmetric_difference_update({at})
        self.say("breakpoint-on" if on else "breakpoint-off", line=line, seconds=2)
        self.query_one(SourceView).refresh()

    def _do_run(self, *, back: bool = False) -> None:
        if not self.playing.breakpoints:
            self.say("no-breakpoints", seconds=3)
            return
        cursor, start = self.playing.cursor, self.playing.number
        found = []
        for source, line in self.playing.breakpoints:
            number = cursor.previous_line(source, line) if back else cursor.next_line(source, line)
            if number is not None:
                found.append(number)
            cursor.go(start)
        if found:
            cursor.go(max(found) if back else min(found))
        self._moved(cursor.number if found else None)

    def _do_run_back(self) -> None:
        self._do_run(back=True)

    def _do_play(self) -> None:
        if self._timer is not None:
            self._stop()
            self.say("stopped", seconds=1.5)
        else:
            self._start()

    def _start(self) -> None:
        speed = _SPEEDS[self._speed]
        self._timer = self.set_interval(1 / speed, lambda: self.action_do("next"))
        self.say("playing", speed=speed, seconds=2)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _change_speed(self, by: int) -> None:
        self._speed = min(max(self._speed + by, 0), len(_SPEEDS) - 1)
        if self._timer is not None:
            self._stop()
            self._start()

    def _do_faster(self) -> None:
        self._change_speed(1)

    def _do_slower(self) -> None:
        self._change_speed(-1)

    def _do_value(self) -> None:
        chosen = self.query_one(VariablesView).chosen()
        if chosen is None:
            self.say("no-variable", seconds=4)
        else:
            name, value = chosen
            self.push_screen(TextScreen(visible(name), whole_value(self.playing, value)))

    def _do_copy(self) -> None:
        if not self.playing.empty:
            self.copy_to_clipboard(whole_step(self.playing, self.lang))
            self.say("copied", seconds=2)

    def _do_save(self) -> None:
        path = Path.cwd() / f"glm-trace-step-{self.playing.number}.svg"
        number = 1
        while path.exists():
            number += 1
            path = path.with_name(f"glm-trace-step-{self.playing.number}-{number}.svg")
        try:
            path.write_text(self.export_screenshot(), encoding="utf-8")
        except OSError as error:
            self.notify(visible(f"{path}: {error.strerror}"), severity="error", markup=False)
        else:
            self.say("saved", path=visible(path.name), seconds=4)

    def _do_theme(self) -> None:
        at = _THEMES.index(self.theme) if self.theme in _THEMES else -1
        self.theme = _THEMES[(at + 1) % len(_THEMES)]

    def _do_help(self) -> None:
        self.push_screen(TextScreen(say(self.lang, "help"), keys_table(self.lang)))

    def _open_tab(self, name: str) -> None:
        self.query_one(TabbedContent).active = name
        self.focus_tab()

    def _do_zoom(self) -> None:
        self.screen.toggle_class("-zoomed")
        if self.screen.has_class("-zoomed"):
            self.focus_tab()
        else:
            self.query_one(SourceView).focus()

    def _do_sort(self) -> None:
        table = self.tab_shown()
        if isinstance(table, TableTab):
            table.sort_next()

    def _do_everything(self) -> None:
        self.query_one(TabbedContent).active = "tab-decisions"
        table = self.tab_shown()
        table.everything = not table.everything
        table.show(self.playing, self.lang)

    def _do_quit(self) -> None:
        self.exit()
