"""The player: a trace, stepped through forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import TabbedContent, TabPane

from tracer.export.phrases import Lang
from tracer.replay.cursor import Cursor
from tracer.trace.reading import Trace
from tracer.trace.visible import visible
from tracer.tui.calls_view import CallsView
from tracer.tui.hint_bar import HintBar
from tracer.tui.keys import KEYS
from tracer.tui.playing import Playing
from tracer.tui.screens import GotoScreen, SearchScreen, TextScreen, keys_table
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar
from tracer.tui.step_text import whole_step, whole_value
from tracer.tui.tabs.decisions import DecisionsTab
from tracer.tui.tabs.forward import ForwardTab
from tracer.tui.tabs.keywords import KeywordsTab
from tracer.tui.tabs.table_tab import TableTab
from tracer.tui.tabs.text_tab import NotesTab, WhyTab
from tracer.tui.tabs.tokens import TokensTab
from tracer.tui.tabs.weights import WeightsTab
from tracer.tui.variables_view import VariablesView
from tracer.tui.words import say

_TABS: Final[tuple[tuple[str, Any], ...]] = (
    ("notes", NotesTab),
    ("decisions", DecisionsTab),
    ("keywords", KeywordsTab),
    ("weights", WeightsTab),
    ("forward", ForwardTab),
    ("tokens", TokensTab),
    ("why", WhyTab),
)
_SPEEDS: Final = (1, 2, 4, 8, 16, 32)
_THEMES: Final = ("textual-dark", "textual-light")
_ENDED_BADLY: Final = {"failed": "opened-at-failure", "refused": "opened-at-failure", "killed": "opened-at-death",
                       "unfinished": "opened-at-death", "interrupted": "opened-at-death"}  # fmt: skip

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


class Player(App[None]):
    """Plays a trace.

    Args:
        trace: an open trace; the player does not close it.
        lang: the language to begin with.
        start: the step to begin at; by default the first, or where the load failed.
    """

    CSS_PATH = "player.tcss"
    TITLE = "glm-trace"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            key.keys, f"do('{key.action}')", say("en", f"key:{key.action}"), show=False, priority=key.action == "save"
        )
        for key in KEYS
    ]

    def __init__(self, trace: Trace, lang: Lang, start: int | None = None) -> None:
        super().__init__()
        self.lang: Lang = lang
        self._greeting = _ENDED_BADLY.get(str(trace.outcome.get("status"))) if start is None else None
        self.playing = Playing(trace, _opening_step(trace) if start is None else start)
        self._timer: Timer | None = None
        self._speed = 2

    def compose(self) -> ComposeResult:
        playing, lang = self.playing, self.lang
        yield StageBar(playing, lang)
        with Horizontal(id="upper"):
            yield SourceView(playing, lang)
            with Vertical(id="side"):
                yield VariablesView(playing, lang)
                yield CallsView(playing, lang)
        with Vertical(id="lower"), TabbedContent(initial="tab-decisions"):
            for name, widget in _TABS:
                with TabPane(say(lang, name), id=f"tab-{name}"):
                    yield widget(playing, lang)
        yield HintBar(lang)

    def on_mount(self) -> None:
        self.query_one(SourceView).focus()
        self.call_after_refresh(self.show)
        if self._greeting is not None and not self.playing.empty:
            self.notify(say(self.lang, self._greeting, number=self.playing.number), severity="warning", timeout=8)

    def show(self) -> None:
        """Show the cursor's step in every pane that can be seen."""
        playing, lang = self.playing, self.lang
        self.query_one(StageBar).show(playing, lang)
        self.query_one(SourceView).show(playing, lang)
        self.query_one(VariablesView).show(playing, lang)
        self.query_one(CallsView).show(playing, lang)
        self._show_tab()

    def _show_tab(self) -> None:
        tabs = self.query_one(TabbedContent)
        pane = tabs.active_pane
        if pane is not None:
            for widget in pane.query("*"):
                if hasattr(widget, "show"):
                    widget.show(self.playing, self.lang)
                    break

    # ── What keys do ─────────────────────────────────────────────────────────────────────────────────

    def action_do(self, name: str) -> None:
        """Do what a key stands for, see :mod:`tracer.tui.keys`."""
        if name in _MOVES:
            self._moved(_MOVES[name](self.playing.cursor) if not self.playing.empty else None)
        else:
            getattr(self, f"_do_{name.replace('-', '_')}")()

    def _moved(self, number: int | None) -> None:
        if number is None:
            self.notify(say(self.lang, "nowhere"), timeout=1.5)
            self._stop()
        else:
            self.show()

    def go(self, number: int | None) -> None:
        """To a step by its number; None stays."""
        if number is not None:
            self._moved(self.playing.cursor.go(number))

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
            self.notify(say(self.lang, "bookmark-off"), timeout=2)
        else:
            marks.add(number)
            self.notify(say(self.lang, "bookmark-on", number=number), timeout=2)

    def _do_next_bookmark(self) -> None:
        marks = sorted(self.playing.bookmarks)
        if not marks:
            self.notify(say(self.lang, "no-bookmarks"), timeout=3)
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
        self.notify(say(self.lang, "breakpoint-on" if on else "breakpoint-off", line=line), timeout=2)
        self.query_one(SourceView).refresh()

    def _do_run(self, *, back: bool = False) -> None:
        if not self.playing.breakpoints:
            self.notify(say(self.lang, "no-breakpoints"), timeout=3)
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
            self.notify(say(self.lang, "stopped"), timeout=1.5)
        else:
            self._start()

    def _start(self) -> None:
        speed = _SPEEDS[self._speed]
        self._timer = self.set_interval(1 / speed, lambda: self.action_do("next"))
        self.notify(say(self.lang, "playing", speed=speed), timeout=2)

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
        state = self.playing.states[0] if self.playing.states else None
        name = self.playing.selected_variable
        if state is not None and name in state.variables:
            local = state.variables[name]
            self.push_screen(TextScreen(visible(name), whole_value(self.playing, local)))

    def _do_copy(self) -> None:
        if not self.playing.empty:
            self.copy_to_clipboard(whole_step(self.playing, self.lang))
            self.notify(say(self.lang, "copied"), timeout=2)

    def _do_save(self) -> None:
        path = Path.cwd() / f"glm-trace-step-{self.playing.number}.svg"
        number = 1
        while path.exists():
            number += 1
            path = path.with_name(f"glm-trace-step-{self.playing.number}-{number}.svg")
        try:
            path.write_text(self.export_screenshot(), encoding="utf-8")
        except OSError as error:
            self.notify(f"{path}: {error.strerror}", severity="error")
        else:
            self.notify(say(self.lang, "saved", path=visible(path.name)), timeout=4)

    def _do_language(self) -> None:
        self.lang = "zh" if self.lang == "en" else "en"
        tabs = self.query_one(TabbedContent)
        for name, _ in _TABS:
            tabs.get_tab(f"tab-{name}").label = say(self.lang, name)
        self.query_one(HintBar).show(self.lang)
        self.show()

    def _do_theme(self) -> None:
        at = _THEMES.index(self.theme) if self.theme in _THEMES else -1
        self.theme = _THEMES[(at + 1) % len(_THEMES)]

    def _do_help(self) -> None:
        self.push_screen(TextScreen(say(self.lang, "help"), keys_table(self.lang)))

    def _do_quit(self) -> None:
        self.exit()

    # ── What panes say ───────────────────────────────────────────────────────────────────────────────

    def on_stage_bar_jumped(self, message: StageBar.Jumped) -> None:
        self.go(message.step)

    def on_calls_view_chosen(self, message: CallsView.Chosen) -> None:
        self.go(message.step)

    def on_table_tab_chosen(self, message: TableTab.Chosen) -> None:
        self.go(message.step)

    def on_source_view_breakpoint_asked(self, message: SourceView.BreakpointAsked) -> None:
        self._toggle_breakpoint(message.line)

    def on_hint_bar_clicked(self, message: HintBar.Clicked) -> None:
        self.action_do(message.action)

    def on_tabbed_content_tab_activated(self) -> None:
        self.call_after_refresh(self._show_tab)

    def get_system_commands(self, screen: Screen[Any]) -> Any:
        """The command palette: everything that a key does."""
        yield from super().get_system_commands(screen)
        for key in KEYS:
            title = say(self.lang, f"key:{key.action}")
            yield SystemCommand(title, "", lambda action=key.action: self.action_do(action))


def _opening_step(trace: Trace) -> int:
    """The first step; of a load that did not end well the one where that shows."""
    count = len(trace)
    if not count:
        return 0
    status = str(trace.outcome.get("status"))
    step = trace.outcome.get("step")
    if status in ("failed", "refused"):
        return step if isinstance(step, int) and 0 <= step < count else count - 1
    return count - 1 if status in _ENDED_BADLY else 0
