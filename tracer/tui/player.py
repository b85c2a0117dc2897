"""The player: a trace, stepped through forwards and backwards."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.timer import Timer

from tracer.analysis.cursor import Cursor
from tracer.analysis.loading_calls import first_call
from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.tui.background import in_background, start_worker
from tracer.tui.bindings import BINDINGS, TYPED_INTO, Keymap, displayed
from tracer.tui.crash_report import CrashReportingApp
from tracer.tui.hint_bar import HintBar
from tracer.tui.player_state import PlayerState
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar
from tracer.tui.step_view import StepView
from tracer.tui.walkthrough_notes import WalkthroughNotes
from tracer.views.outcome import outcome_text

if TYPE_CHECKING:  # imported after the first screen
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from tracer.analysis.model_flow import NotFinite
    from tracer.tui.calls_view import CallsView
    from tracer.tui.palette import Entry
    from tracer.tui.tabs.notes import NotesTab
    from tracer.tui.tabs.overview import OverviewTab
    from tracer.tui.tabs.tab_area import TabArea
    from tracer.tui.tabs.table_tab import TableTab
    from tracer.walkthrough.format import Walkthrough
    from tracer.walkthrough.reader_position import WalkthroughReader

_ACTIONS: Final = frozenset(binding.action for binding in BINDINGS)
_SPEEDS: Final = (1, 2, 4, 8, 16, 32)  # steps a second
_NO_VARIABLE: Final = N_("Choose a variable first: Tab goes to the panes, the arrow keys choose.")
_ENDED_BADLY: Final = {"failed": "at-failure", "refused": "at-failure", "killed": "at-death",
                       "unfinished": "at-death", "interrupted": "at-interrupt"}  # fmt: skip
_GREETINGS: Final[dict[str, Message]] = {
    "at-failure": N_("{ended}. This is step {number}, where it happened. Press {key} for the keys."),
    "after-failure": N_("{ended}. This is step {number}, the last one recorded before that. Press {key} for the keys."),
    "at-death": N_("The process was killed: this is step {number}, the last one recorded. Press {key} for the keys."),
    "at-interrupt": N_(
        "The load was interrupted: this is step {number}, the last one recorded. Press {key} for the keys."
    ),
}


class Player(CrashReportingApp):
    """Steps through a trace.

    Args:
        trace: an open trace; the player does not close it.
        lang: the language to begin with.
        start: the step to begin at; by default the first, or where the load failed.
        walkthroughs: the walkthroughs to read; by default the bundled course.
        begin_with: the id of the walkthrough to begin with; by default the one that was written for this load, if any.
        keymap: the keys that the user has chosen, see :func:`tracer.tui.bindings.load_keymap`.

    Attributes:
        number: the step that is shown; the panes are bound to it.
        lang: the language that everything is shown in.
        reading: the notes, once they are loaded.
        furnished: whether all panes are there; the first screen shows only some of them.
    """

    CSS_PATH = "player.tcss"
    TITLE = "glm-trace"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]

    number: reactive[int] = reactive(0, repaint=False)
    lang: reactive[Lang] = reactive("en", repaint=False)
    reading: reactive[WalkthroughReader | None] = reactive(None, repaint=False)
    furnished: reactive[bool] = reactive(False, repaint=False)

    def __init__(
        self,
        trace: Trace,
        lang: Lang,
        start: int | None = None,
        *,
        walkthroughs: list[Walkthrough] | None = None,
        begin_with: str | None = None,
        keymap: Keymap = Keymap(),  # noqa: B008 - nothing in it can change
    ) -> None:
        super().__init__()
        self.notes = WalkthroughNotes(self, walkthroughs, begin_with)
        self._typed_ahead: list[str] = []
        self._timer: Timer | None = None
        self._speed = 2
        self._greeting = _ENDED_BADLY.get(trace.outcome.status) if start is None else None
        self._reads_along = begin_with is not None or (start is None and self._greeting is None)
        lands = start is None and begin_with is None and self._greeting is None and len(trace) > 0
        self._opens_with = "overview" if lands else "decisions" if self._greeting is None else "why"
        self.state = PlayerState(trace, _opening_step(trace) if start is None else start, keymap)
        self.set_reactive(Player.number, self.state.number)
        self.set_reactive(Player.lang, lang)
        self._decisions_wanted: list[tuple[int, Callable[[Cursor, Sequence[int]], int | None]]] = []
        self._damage: tuple[int, str] | None = None

    def run(self, *arguments: Any, **options: Any) -> None:
        """Run the player until the user quits.

        Raises:
            TracerError: the trace is damaged and the player could not continue.
        """
        gc.disable()  # nothing created before all panes exist is garbage, and collecting takes time
        try:
            return super().run(*arguments, **options)
        finally:
            gc.enable()

    def compose(self) -> ComposeResult:
        """Yield the first screen, the source at the step. The other panes are added once it is shown."""
        yield StageBar(self.state, self.lang).data_bind(Player.number, Player.lang, Player.furnished)
        with Horizontal(id="upper"):
            source = SourceView(self.state, self.lang)
            yield source.data_bind(Player.number, Player.lang, annotated=Player.furnished)
            yield Vertical(id="side")
        yield Vertical(id="lower")
        yield HintBar(self.lang, self.state.keymap).data_bind(Player.lang)

    def on_mount(self) -> None:
        self.set_keymap(self.state.keymap.chosen)
        self._title_page()
        self.call_after_refresh(self.furnish)

    def watch_number(self) -> None:
        self._title_page()

    def _title_page(self) -> None:
        """Write the title of the browser's page; a terminal keeps its own."""
        if self.is_web and self._driver is not None:
            trace = self.state.trace
            told = tr(self.lang, "step {step}", step=self.number)
            title = visible(f"{trace.meta.model_name} · {told} · {trace.path.name} · glm-trace")
            self._driver.write(f"\x1b]2;{title}\x07")

    async def furnish(self) -> None:
        """Add the other panes."""
        from tracer.tui.calls_view import CallsView
        from tracer.tui.tabs.tab_area import TabArea
        from tracer.tui.variables_view import VariablesView

        state, lang = self.state, self.lang
        side = VariablesView(state, lang), CallsView(state, lang)
        await self.query_one("#side").mount(*(pane.data_bind(Player.number, Player.lang) for pane in side))
        tabs = TabArea(state, lang, opened=self._opens_with)
        await self.query_one("#lower").mount(tabs.data_bind(Player.number, Player.lang, Player.reading))
        self.furnished = True
        gc.enable()
        if self._greeting is not None and not self.state.empty:
            self._greet(self._greeting)
        if self._reads_along:
            self.notes.begin()
        for problem in self.state.keymap.problems:
            self.notify(problem.localized(self.lang), severity="warning", timeout=8, markup=False)
        await self.run_typed_ahead()

    def _greet(self, key: str) -> None:
        """Notify how the load ended, and which step this is."""
        from tracer.views.outcome import failure_was_seen

        trace = self.state.trace
        if key == "at-failure" and not failure_was_seen(trace):
            key = "after-failure"
        ended = outcome_text(trace.outcome, self.lang)
        ended = ended[:1].upper() + ended[1:]
        self.say(_GREETINGS[key], seconds=8, number=self.state.number, ended=ended, key=self._key("help"))

    @property
    def tabs(self) -> TabArea:
        from tracer.tui.tabs.tab_area import TabArea

        return self.screen_stack[0].query_one(TabArea)

    def on_step_view_damaged(self, message: StepView.Damaged) -> None:
        damage = self.number, str(message.error)
        if damage != self._damage:  # several panes may meet it
            self._damage = damage
            self.complain(message.error)

    def show_note(self) -> None:
        """Show the note that was opened, also where the step stays the same."""
        self.mutate_reactive(Player.reading)

    def offer_notes(self) -> None:
        """Say that a walkthrough was written for this load, and leave the reader where he is."""
        self.show_note()
        self.say(N_("A walkthrough was written for this load: {key} reads it."), seconds=4, key=self._key("next-note"))

    def on_stage_bar_jumped(self, message: StageBar.Jumped) -> None:
        self.go(message.step)

    def on_overview_tab_chosen(self, message: OverviewTab.Chosen) -> None:
        self.go(message.step)

    def on_calls_view_chosen(self, message: CallsView.Chosen) -> None:
        self.go(message.step)

    def on_table_tab_chosen(self, message: TableTab.Chosen) -> None:
        self.go(message.step)

    def on_notes_tab_needed(self) -> None:
        self.notes.load()

    def on_notes_tab_chosen(self, message: NotesTab.Chosen) -> None:
        self.go(message.step)

    def on_source_view_breakpoint_toggled(self, message: SourceView.BreakpointToggled) -> None:
        self._toggle_breakpoint(message.line)

    async def on_hint_bar_clicked(self, message: HintBar.Clicked) -> None:
        if message.key:
            self.simulate_key(message.key)
        else:
            await self.run_action(message.action, self)

    def action_command_palette(self) -> None:
        """Open the palette, with the notes as soon as they are bound."""
        if len(self.screen_stack) > 1 or not self.furnished:
            return
        from tracer.tui.palette import PaletteScreen

        self.notes.load()
        self.push_screen(PaletteScreen(self.state, self.lang, self.reading, self.available_themes), self._take)

    def watch_reading(self) -> None:
        if type(self.screen).__name__ == "PaletteScreen":
            self.screen.show_notes(self.reading)  # type: ignore[attr-defined]  # imported when it is opened

    async def _take(self, entry: Entry | None) -> None:
        """Do what was chosen in the palette."""
        if entry is None:
            return
        if entry.action:
            await self.run_action(entry.action, self)
        elif entry.note is not None:
            self.notes.open_at(entry.note)
        elif entry.theme:
            self.theme = entry.theme
        else:
            self.go(entry.step)

    def action_help_quit(self) -> None:
        """Say how to quit: Ctrl-C, which Textual binds to this, doesn't."""
        [binding] = [binding for binding in BINDINGS if binding.id == "quit"]
        self.say(N_("To quit, press {keys}."), keys=displayed(self.state.keymap.keys(binding)) or "^Q", seconds=4)

    # The actions of the keys.

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action; one of the player's waits for the panes, and damage in the trace that it meets is reported."""
        if default_namespace is not self or action not in _ACTIONS:
            return await super().run_action(action, default_namespace, namespaces)
        if not self.furnished:
            self._typed_ahead.append(str(action))
            return True
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except TracerError as error:
            self.stop()
            self.complain(error)
            return True

    async def run_typed_ahead(self) -> None:
        """Run the actions of the keys that came before the panes."""
        typed, self._typed_ahead = self._typed_ahead, []
        for action in typed:
            await self.run_action(action, self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that open a screen to that screen while one is open: there they are letters."""
        return not (action in TYPED_INTO and len(self.screen_stack) > 1)

    def moved(self, number: int | None, *, jumped: bool = True) -> None:
        """Show the step that a move reached, None if there was nowhere to go; what a jump left can be gone back to."""
        if number is None:
            self.say(N_("There is nothing more in that direction."), seconds=1.5)
            self.stop()
            return
        if jumped and number != self.number:
            self.state.jumps.leave(self.number)
        self.number = number
        if self.tabs.active == "tab-overview":
            self.action_source()

    def go(self, number: int | None, *, jumped: bool = True) -> None:
        """Go to a step by its number; None stays."""
        if number is not None:
            try:
                self.moved(self.state.cursor.go(number), jumped=jumped)
            except TracerError as error:
                self.complain(error)

    def _step(self, move: Callable[[Cursor], int | None]) -> None:
        self.moved(None if self.state.empty else move(self.state.cursor), jumped=False)

    def _jump(self, move: Callable[[Cursor], int | None]) -> None:
        self.moved(None if self.state.empty else move(self.state.cursor))

    def action_next(self) -> None:
        self._step(Cursor.next)

    def action_previous(self) -> None:
        self._step(Cursor.previous)

    def action_over(self) -> None:
        self._step(Cursor.over)

    def action_over_back(self) -> None:
        self._step(Cursor.over_back)

    def action_into(self) -> None:
        self._step(Cursor.into)

    def action_into_back(self) -> None:
        self._step(Cursor.into_back)

    def action_out(self) -> None:
        self._step(Cursor.out)

    def action_caller(self) -> None:
        self._step(Cursor.caller)

    def action_first(self) -> None:
        self._jump(Cursor.first)

    def action_last(self) -> None:
        self._jump(Cursor.last)

    def action_next_stage(self) -> None:
        self._jump(Cursor.next_stage)

    def action_previous_stage(self) -> None:
        self._jump(Cursor.previous_stage)

    def action_jump_back(self) -> None:
        number = self.state.jumps.back(self.number)
        if number is None:
            self.say(N_("There is no earlier place to go back to."), seconds=2)
        self.go(number, jumped=False)

    def action_jump_forth(self) -> None:
        number = self.state.jumps.forth(self.number)
        if number is None:
            self.say(N_("There is no later place to go forward to."), seconds=2)
        self.go(number, jumped=False)

    def action_next_load(self) -> None:
        self._to_load(back=False)

    def action_previous_load(self) -> None:
        self._to_load(back=True)

    def _to_load(self, *, back: bool) -> None:
        """Go to the call that loads the next or the previous model of a trace that has several."""
        calls = self.state.loads
        if len(calls) < 2:
            self.say(N_("This trace has one load."), seconds=2)
        else:
            self.moved(self.state.cursor.previous_of(calls) if back else self.state.cursor.next_of(calls), jumped=True)

    def action_next_decision(self) -> None:
        self._to_explaining_decision(Cursor.next_of)

    def action_previous_decision(self) -> None:
        self._to_explaining_decision(Cursor.previous_of)

    def _to_explaining_decision(self, move: Callable[[Cursor, Sequence[int]], int | None]) -> None:
        steps = self.state.explaining_steps
        if steps is not None or self.state.empty:
            self._jump(lambda cursor: move(cursor, steps or ()))
            return
        self._decisions_wanted.append((self.number, move))
        if len(self._decisions_wanted) == 1:
            start_worker(self, self._explain, group="decisions")
            self.set_timer(0.4, self._say_that_decisions_are_sought)

    async def _explain(self) -> None:
        """Work out the decisions that explain the load, then go where that was wanted for."""
        try:
            await in_background(self.state.trace.path, self.state.explained)
        except TracerError as error:
            self._decisions_wanted = []
            self.complain(error)
            return
        wanted, self._decisions_wanted = self._decisions_wanted, []
        for move in [move for at, move in wanted if at == self.number]:  # unless the user has moved on meanwhile
            self._to_explaining_decision(move)

    def _say_that_decisions_are_sought(self) -> None:
        if self._decisions_wanted:
            self.say(N_("Looking for the decisions that explain the load …"), seconds=2)

    def action_next_any_decision(self) -> None:
        self.moved(self.state.next_decision())

    def action_previous_any_decision(self) -> None:
        self.moved(self.state.next_decision(back=True))

    def action_next_change(self) -> None:
        self._to_change(Cursor.next_change)

    def action_previous_change(self) -> None:
        self._to_change(Cursor.previous_change)

    def _to_change(self, move: Callable[[Cursor, str], int | None]) -> None:
        name = self.state.selected_variable
        if not name:
            self.say(_NO_VARIABLE, seconds=4)
        else:
            self._jump(lambda cursor: move(cursor, name))

    def action_next_line(self) -> None:
        self._to_line(Cursor.next_line)

    def action_previous_line(self) -> None:
        self._to_line(Cursor.previous_line)

    def action_turns(self) -> None:
        from tracer.tui.loop_turns import choose_turn

        choose_turn(self)

    def action_next_turn(self) -> None:
        self._to_turn(back=False)

    def action_previous_turn(self) -> None:
        self._to_turn(back=True)

    def _to_turn(self, *, back: bool) -> None:
        from tracer.tui.loop_turns import next_turn

        next_turn(self, back=back)

    def _to_line(self, move: Callable[[Cursor, int, int], int | None]) -> None:
        place = self.state.place()
        self.moved(move(self.state.cursor, *place) if place is not None else None)

    def action_search(self) -> None:
        from tracer.tui.search_screen import SearchScreen

        self.push_screen(SearchScreen(self.state, self.lang), self.go)

    def action_next_hit(self) -> None:
        self._to_hit(Cursor.next_of)

    def action_previous_hit(self) -> None:
        self._to_hit(Cursor.previous_of)

    def _to_hit(self, move: Callable[[Cursor, Sequence[int]], int | None]) -> None:
        if not self.state.hits:
            self.say(N_("There are no search results. Press {key} to search."), seconds=3, key=self._key("search"))
        else:
            self.moved(move(self.state.cursor, self.state.hits))

    def action_goto(self) -> None:
        from tracer.tui.screens import GotoScreen

        if self.state.empty:
            self.say(N_("This trace has no steps: it ended before the first one was recorded."), seconds=3)
            return
        self.push_screen(GotoScreen(len(self.state.trace), self.lang), self.go)

    def action_next_note(self) -> None:
        self.notes.open_next(back=False)

    def action_previous_note(self) -> None:
        self.notes.open_next(back=True)

    def action_answer(self) -> None:
        self.notes.answer()

    def action_scroll_note(self) -> None:
        self._scroll_note(back=False)

    def action_scroll_note_back(self) -> None:
        self._scroll_note(back=True)

    def _scroll_note(self, *, back: bool) -> None:
        tab = self.tabs.tab_shown()
        if self.tabs.active == "tab-notes" and tab.is_mounted:
            tab.scroll_note(back=back)

    def action_bookmark(self) -> None:
        if self.state.toggle_bookmark():
            self.say(N_("Bookmark set at step {number}."), number=self.state.number, seconds=2)
        else:
            self.say(N_("Bookmark removed."), seconds=2)

    def action_next_bookmark(self) -> None:
        if not self.state.bookmarks:
            self.say(N_("There are no bookmarks. Press {key} to set one."), seconds=3, key=self._key("bookmark"))
        else:
            self.moved(self.state.next_bookmark())

    def action_breakpoint(self) -> None:
        place = self.state.place()
        if place is not None:
            self._toggle_breakpoint(place[1])

    def _toggle_breakpoint(self, line: int) -> None:
        is_set = self.state.toggle_breakpoint(line)
        if is_set is not None:
            self.say(N_("Breakpoint at line {line}.") if is_set else N_("Breakpoint removed."), line=line, seconds=2)
            self.query_one(SourceView).refresh()

    def action_run(self) -> None:
        self._run_to_breakpoint(back=False)

    def action_run_back(self) -> None:
        self._run_to_breakpoint(back=True)

    def _run_to_breakpoint(self, *, back: bool) -> None:
        if not self.state.breakpoints:
            self.say(N_("There are no breakpoints. Press {key} on a line."), seconds=3, key=self._key("breakpoint"))
        else:
            self.moved(self.state.run_to_breakpoint(back=back))

    def action_play(self) -> None:
        if self._timer is not None:
            self.stop()
            self.say(N_("stopped"), seconds=1.5)
        else:
            self._start()

    def action_faster(self) -> None:
        self._change_speed(1)

    def action_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        self._speed = min(max(self._speed + by, 0), len(_SPEEDS) - 1)
        if self._timer is not None:
            self.stop()
            self._start()

    def _start(self) -> None:
        speed = _SPEEDS[self._speed]
        self._timer = self.set_interval(1 / speed, partial(self.run_action, "next", self))
        self.say(N_("playing at {speed} steps a second; {key} stops"), speed=speed, key=self._key("play"), seconds=2)

    def stop(self) -> None:
        """Stop automatic playback."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def action_open_tab(self, name: str) -> None:
        """Open a tab and focus it; from the tab itself, go back to the source."""
        if self.tabs.has_the_focus and self.tabs.active == f"tab-{name}":
            self.action_source()
        else:
            self.tabs.open(f"tab-{name}")

    def action_source(self) -> None:
        self.screen.remove_class("-zoomed")
        if self.tabs.active == "tab-overview":  # it leaves no room for the source
            self.tabs.leave_overview()
        self.query_one(SourceView).focus()

    def action_everything(self) -> None:
        self.tabs.toggle_everything()

    def action_flow(self) -> None:
        self.tabs.toggle_flow()

    def action_not_finite(self) -> None:
        start_worker(self, partial(self._to_not_finite, self.number), group="not-finite", exclusive=True)

    async def _to_not_finite(self, asked_at: int) -> None:
        """Go to where a module first gave NaN or infinity, unless the user has gone on meanwhile."""
        from tracer.analysis.model_flow import first_not_finite, has_pass, has_statistics
        from tracer.views.model_flow import NO_PASS, NO_STATISTICS, NOTHING_NOT_FINITE, not_finite_text

        def find(trace: Trace) -> tuple[NotFinite | None, Message]:
            first = first_not_finite(trace)
            if first is not None or has_statistics(trace):
                return first, NOTHING_NOT_FINITE
            return None, NO_STATISTICS if has_pass(trace) else NO_PASS

        try:
            first, why_not = await in_background(self.state.trace.path, find)
        except TracerError as error:
            self.complain(error)
            return
        if first is None:
            self.say(why_not, seconds=5)
        else:
            self.notify(not_finite_text(first, self.lang), timeout=5, markup=False)
            if self.number == asked_at:
                self.go(first.step)

    def action_sort(self) -> None:
        self.tabs.sort()

    def action_zoom(self) -> None:
        self.screen.toggle_class("-zoomed")
        if self.screen.has_class("-zoomed"):
            self.tabs.take_focus()
        else:
            self.action_source()

    def action_value(self) -> None:
        from tracer.tui.screens import TextScreen
        from tracer.tui.step_text import whole_value
        from tracer.tui.variables_view import VariablesView

        chosen = self.query_one(VariablesView).chosen()
        if chosen is None:
            self.say(_NO_VARIABLE, seconds=4)
        else:
            name, value = chosen
            self.push_screen(TextScreen(visible(name), whole_value(self.state, value)))

    def action_pin(self) -> None:
        from tracer.tui.variables_view import VariablesView

        variables = self.query_one(VariablesView)
        path = variables.chosen_path()
        if path is None:
            self.say(_NO_VARIABLE, seconds=4)
        else:
            pinned = self.state.toggle_pin(path)
            name = visible(".".join(path))
            self.say(N_("{name} is pinned.") if pinned else N_("{name} is no longer pinned."), name=name, seconds=2)
            variables.follow()

    def action_copy(self) -> None:
        from tracer.tui.step_text import whole_step

        if not self.state.empty:
            self.copy_to_clipboard(whole_step(self.state, self.lang))
            self.say(N_("The step was copied as text."), seconds=2)

    def action_save(self) -> None:
        name = f"glm-trace-step-{self.state.number}"
        picture = self.export_screenshot()
        if self.is_web:  # the page's user may not even see the folder that the server runs in
            self.deliver_text(StringIO(picture), save_filename=f"{name}.svg", mime_type="image/svg+xml")
            self.say(N_("The browser downloads the screen as {name}"), name=f"{name}.svg", seconds=4)
            return
        path = Path.cwd() / f"{name}.svg"
        number = 1
        while path.exists():
            number += 1
            path = path.with_name(f"{name}-{number}.svg")
        try:
            path.write_text(picture, encoding="utf-8")
        except OSError as error:
            self.notify(visible(f"{path}: {error.strerror}"), severity="error", markup=False)
        else:
            self.say(N_("The screen was saved as {path}"), path=str(path), seconds=6)

    def action_language(self) -> None:
        self.lang = "zh" if self.lang == "en" else "en"

    def action_help(self) -> None:
        from tracer.tui.screens import HelpScreen

        self.push_screen(HelpScreen(self.lang, self.state.keymap))

    async def action_quit(self) -> None:
        self.exit()

    def report_language(self) -> Lang:
        return self.lang

    def _key(self, name: str) -> str:
        return self.state.keymap.key(name)

    def say(self, message: Message, *, seconds: float = 2, **values: Any) -> None:
        """Show a notification; markup and control characters in it are not interpreted."""
        self.notify(visible(tr(self.lang, message, **values)), timeout=seconds, markup=False)

    def complain(self, error: TracerError) -> None:
        """Report what is wrong with the trace, and go on."""
        self.notify(visible(error.localized(self.lang)), severity="error", timeout=8, markup=False)


def _opening_step(trace: Trace) -> int:
    """Return the step of the failure where the load failed, else that of the call that loads the model."""
    count = len(trace)
    if not count:
        return 0
    status = trace.outcome.status
    step = trace.outcome.step
    if status in ("failed", "refused"):
        return step if step is not None and 0 <= step < count else count - 1
    if status in _ENDED_BADLY:
        return count - 1
    return first_call(trace) or 0
