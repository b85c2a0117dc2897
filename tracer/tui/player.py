"""The player: a trace, stepped through forwards and backwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from tracer.i18n import Lang, tr
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.tui.acting import TYPED_INTO
from tracer.tui.hint_bar import HintBar
from tracer.tui.keys import KEYS
from tracer.tui.marking import Marking
from tracer.tui.moving import Moving
from tracer.tui.player_state import PlayerState
from tracer.tui.reading_keys import ReadingKeys
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar
from tracer.tui.viewing import Viewing
from tracer.tui.words import LABELS
from tracer.views.outcome import outcome_text

if TYPE_CHECKING:  # they come after the first screen, and so does their import
    from tracer.tui.calls_view import CallsView
    from tracer.tui.tabs.tab_area import TabArea
    from tracer.tui.tabs.table_tab import TableTab
    from tracer.walkthrough.format import Walkthrough

_ENDED_BADLY: Final = {"failed": "opened-at-failure", "refused": "opened-at-failure", "killed": "opened-at-death",
                       "unfinished": "opened-at-death", "interrupted": "opened-at-interrupt"}  # fmt: skip


class Player(Moving, Marking, Viewing, ReadingKeys):
    """Plays a trace.

    Args:
        trace: an open trace; the player does not close it.
        lang: the language to begin with.
        start: the step to begin at; by default the first, or where the load failed.
        walkthroughs: what can be read along; by default the bundled course.
        begin_with: the id of the walkthrough to begin with; by default the one that was written for this load, if any.
    """

    CSS_PATH = "player.tcss"
    TITLE = "glm-trace"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            key.keys,
            f"do('{key.action}')",
            tr("en", LABELS[f"key:{key.action}"]),
            show=False,
            priority=key.action in ("save", *TYPED_INTO),
        )
        for key in KEYS
    ]

    def __init__(
        self,
        trace: Trace,
        lang: Lang,
        start: int | None = None,
        *,
        walkthroughs: list[Walkthrough] | None = None,
        begin_with: str | None = None,
    ) -> None:
        super().__init__()
        self.walkthroughs = walkthroughs
        self.begin_with = begin_with
        self.lang: Lang = lang
        self._greeting = _ENDED_BADLY.get(str(trace.outcome.get("status"))) if start is None else None
        self._reads_along = begin_with is not None or (start is None and self._greeting is None)
        self.state = PlayerState(trace, _opening_step(trace) if start is None else start)
        self.failure: TracerError | None = None

    def run(self, *arguments: Any, **options: Any) -> None:
        """Play until it is left.

        Raises:
            TracerError: the trace is damaged where the player could not go on.
        """
        gc.disable()  # nothing that is made before all panes are there is garbage, and looking for it takes time
        try:
            result = super().run(*arguments, **options)
        finally:
            gc.enable()
        if self.failure is not None:
            raise self.failure
        return result

    def _handle_exception(self, error: Exception) -> None:
        # A pane that met damage stops for good: better to leave with the sentence than to go on half dead.
        if isinstance(error, TracerError):
            self.failure = self.failure or error
            self.exit(return_code=error.exit_code)
        elif self.failure is None:  # what fails after that fails for want of what was not made
            super()._handle_exception(error)

    def compose(self) -> ComposeResult:
        """The first screen: where the step stands. The other panes come when it is there."""
        yield StageBar(self.state, self.lang)
        with Horizontal(id="upper"):
            yield SourceView(self.state, self.lang)
            yield Vertical(id="side")
        yield Vertical(id="lower")
        yield HintBar(self.lang)

    def on_mount(self) -> None:
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        """Put the other panes in their places."""
        from tracer.tui.calls_view import CallsView
        from tracer.tui.tabs.tab_area import TabArea
        from tracer.tui.variables_view import VariablesView

        state, lang = self.state, self.lang
        await self.query_one("#side").mount(VariablesView(state, lang), CallsView(state, lang))
        await self.query_one("#lower").mount(
            TabArea(state, lang, opened="decisions" if self._greeting is None else "why")
        )
        self.furnished = True
        gc.enable()
        self.show()
        self.theme_changed_signal.subscribe(self, lambda _: self.show())
        if self._greeting is not None and not self.state.empty:
            self._greet(self._greeting)
        if self._reads_along:
            self.begin_notes()
        self.do_what_was_typed_ahead()

    def _greet(self, key: str) -> None:
        """Say how the load ended, and which step this is."""
        from tracer.views.outcome import failure_was_seen

        trace = self.state.trace
        if key == "opened-at-failure" and not failure_was_seen(trace):
            key = "opened-after-failure"
        ended = outcome_text(trace.outcome, self.lang)
        self.say(LABELS[key], seconds=8, number=self.state.number, ended=ended[:1].upper() + ended[1:])

    def show(self) -> None:
        """Show the cursor's step in every pane that can be seen."""
        with self.complaining():
            for pane in self.screen_stack[0].query("StageBar, SourceView, VariablesView, CallsView"):
                pane.show(self.state, self.lang)  # type: ignore[attr-defined]
        self.tabs.show(self.state, self.lang)

    @property
    def tabs(self) -> TabArea:
        from tracer.tui.tabs.tab_area import TabArea

        return self.screen_stack[0].query_one(TabArea)

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """Damage in the trace is told, and playing goes on."""
        try:
            yield
        except TracerError as error:
            self.complain(error)

    def _do_language(self) -> None:
        self.lang = "zh" if self.lang == "en" else "en"
        self.query_one(HintBar).show(self.lang)
        self.show()

    def on_stage_bar_jumped(self, message: StageBar.Jumped) -> None:
        self.go(message.step)

    def on_calls_view_chosen(self, message: CallsView.Chosen) -> None:
        self.go(message.step)

    def on_table_tab_chosen(self, message: TableTab.Chosen) -> None:
        self.go(message.step)

    def on_hint_bar_clicked(self, message: HintBar.Clicked) -> None:
        self.action_do(message.action)

    def get_system_commands(self, screen: Screen[Any]) -> Any:
        """The command palette: everything that a key does."""
        yield from super().get_system_commands(screen)
        for key in KEYS:
            title = tr(self.lang, LABELS[f"key:{key.action}"])
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
