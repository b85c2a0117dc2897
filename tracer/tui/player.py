"""The player: a trace, stepped through forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar, Final

from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import TabbedContent, TabPane

from tracer.export.phrases import Lang
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.tui.acting import TYPED_INTO, Acting
from tracer.tui.calls_view import CallsView
from tracer.tui.hint_bar import HintBar
from tracer.tui.keys import KEYS
from tracer.tui.playing import Playing
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar
from tracer.tui.tabs.table_tab import TableTab
from tracer.tui.variables_view import VariablesView
from tracer.tui.words import say

# Each tab's module and class: they are imported when the tab is opened, for the first screen should not wait for them.
_TABS: Final[dict[str, tuple[str, str]]] = {
    "notes": ("text_tab", "NotesTab"),
    "decisions": ("decisions", "DecisionsTab"),
    "keywords": ("keywords", "KeywordsTab"),
    "weights": ("weights", "WeightsTab"),
    "forward": ("forward", "ForwardTab"),
    "tokens": ("tokens", "TokensTab"),
    "why": ("text_tab", "WhyTab"),
}
_AFTER_THE_FIRST_SCREEN: Final = 0.05  # seconds
_ENDED_BADLY: Final = {"failed": "opened-at-failure", "refused": "opened-at-failure", "killed": "opened-at-death",
                       "unfinished": "opened-at-death", "interrupted": "opened-at-interrupt"}  # fmt: skip


class Player(Acting):
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
            key.keys,
            f"do('{key.action}')",
            say("en", f"key:{key.action}"),
            show=False,
            priority=key.action in ("save", *TYPED_INTO),
        )
        for key in KEYS
    ]

    def __init__(self, trace: Trace, lang: Lang, start: int | None = None) -> None:
        super().__init__()
        self.lang: Lang = lang
        self._greeting = _ENDED_BADLY.get(str(trace.outcome.get("status"))) if start is None else None
        self.playing = Playing(trace, _opening_step(trace) if start is None else start)

        self.failure: TracerError | None = None
        self._tab_wants_focus = False

    def run(self, *arguments: Any, **options: Any) -> None:
        """Play until it is left.

        Raises:
            TracerError: the trace is damaged where the player could not go on.
        """
        result = super().run(*arguments, **options)
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
        playing, lang = self.playing, self.lang
        yield StageBar(playing, lang)
        with Horizontal(id="upper"):
            yield SourceView(playing, lang)
            with Vertical(id="side"):
                yield VariablesView(playing, lang)
                yield CallsView(playing, lang)
        with Vertical(id="lower"), TabbedContent(initial="tab-decisions"):
            for name in _TABS:
                yield TabPane(self._tab_label(name), id=f"tab-{name}")
        yield HintBar(lang)

    def _tab_label(self, name: str) -> str:
        number = list(_TABS).index(name) + 1
        return f"[dim]{number}[/] {say(self.lang, name)}"

    def on_mount(self) -> None:
        self.query_one(SourceView).focus()
        self.call_after_refresh(self._show_first)
        self.theme_changed_signal.subscribe(self, lambda _: self.show())
        if self._greeting is not None and not self.playing.empty:
            self.say(self._greeting, seconds=8, number=self.playing.number)

    def _show_first(self) -> None:
        self.show_panes()
        self.set_timer(_AFTER_THE_FIRST_SCREEN, self._show_tab)

    def show(self) -> None:
        """Show the cursor's step in every pane that can be seen."""
        self.show_panes()
        self._show_tab()

    def show_panes(self) -> None:
        """Show it in all but the tabs."""
        with self._complaining():
            for pane in self.screen_stack[0].query("StageBar, SourceView, VariablesView, CallsView"):
                pane.show(self.playing, self.lang)  # type: ignore[attr-defined]

    def tab_shown(self) -> Any:
        """The widget of the tab that is open; it is made when it is first asked for."""
        pane = self.screen_stack[0].query_one(TabbedContent).active_pane
        assert pane is not None
        if not pane.children:
            module, kind = _TABS[str(pane.id).removeprefix("tab-")]
            pane.mount(getattr(import_module(f"tracer.tui.tabs.{module}"), kind)(self.playing, self.lang))
        return pane.children[0]

    def focus_tab(self) -> None:
        self._tab_wants_focus = True
        self.call_after_refresh(self._show_tab)

    def _show_tab(self) -> None:
        tab = self.tab_shown()
        if not tab.is_mounted:
            self.call_after_refresh(self._show_tab)
            return
        with self._complaining():
            tab.show(self.playing, self.lang)
        if self._tab_wants_focus and tab.focusable:  # its pane may still be hidden behind the one before
            self._tab_wants_focus = False
            tab.focus()

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        """Damage in the trace is told, and playing goes on."""
        try:
            yield
        except TracerError as error:
            self.complain(error)

    def _do_language(self) -> None:
        self.lang = "zh" if self.lang == "en" else "en"
        tabs = self.query_one(TabbedContent)
        for name in _TABS:
            tabs.get_tab(f"tab-{name}").label = self._tab_label(name)
        self.query_one(HintBar).show(self.lang)
        self.show()

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
