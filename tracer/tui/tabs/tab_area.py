"""The tabs below the source, each created when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult
from textual.reactive import reactive
from textual.widgets import TabbedContent, TabPane

from tracer.i18n import N_, NC_, Lang, Message, tr
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView
from tracer.tui.tabs.table_tab import TableTab

if TYPE_CHECKING:  # imported when they are opened
    from tracer.tui.tabs.decisions import DecisionsTab
    from tracer.walkthrough.reader_position import WalkthroughReader

# Each tab's module and class. A tab is imported when it is first opened.
_TABS: Final[dict[str, tuple[str, str]]] = {
    "overview": ("overview", "OverviewTab"),
    "notes": ("notes", "NotesTab"),
    "decisions": ("decisions", "DecisionsTab"),
    "kwargs": ("kwargs", "KwargsTab"),
    "weights": ("model_tables", "WeightsTab"),
    "forward": ("forward", "ForwardTab"),
    "tokens": ("model_tables", "TokensTab"),
    "why": ("why", "WhyTab"),
}
_LABELS: Final[dict[str, Message]] = {
    "overview": N_("Overview"),
    "notes": N_("Notes"),
    "decisions": N_("Decisions"),
    "kwargs": N_("Kwargs"),
    "weights": N_("Weights"),
    "forward": NC_("tab", "Forward"),
    "tokens": N_("Tokens"),
    "why": N_("Why"),
}


class TabArea(TabbedContent, StepView):
    """The tabs, of which only the one that is open follows the step."""

    reading: reactive[WalkthroughReader | None] = reactive(None, repaint=False)

    def __init__(self, state: PlayerState, lang: Lang, *, opened: str = "decisions") -> None:
        super().__init__(initial=f"tab-{opened}")
        self._opened_first = f"tab-{opened}"
        self._wants_focus = opened == "overview"
        self._before_overview = "tab-decisions"
        self.begin_with(state, lang)
        self._followed = self.content_key()  # compose() shows it

    def content_key(self) -> Any:
        return self.lang

    def update_view(self) -> None:
        for name in _TABS:
            self.get_tab(f"tab-{name}").label = self._label(name)

    def compose(self) -> ComposeResult:
        for name in _TABS:
            pane = f"tab-{name}"
            tabs = [self._tab(name)] if pane == self._opened_first else []
            self.compose_add_child(TabPane(self._label(name), *tabs, id=pane))
        yield from super().compose()

    def _tab(self, name: str) -> StepView:
        """Return the widget of a tab, new and shown."""
        module, kind = _TABS[name]
        tab: StepView = getattr(import_module(f"tracer.tui.tabs.{module}"), kind)(self._state, self.lang)
        tab.set_reactive(StepView.shown, True)
        tab.data_bind(StepView.number, StepView.lang)
        return tab.data_bind(reading=TabArea.reading) if name == "notes" else tab

    def _label(self, name: str) -> str:
        number = list(_TABS).index(name)
        return f"[dim]{number}[/] {tr(self.lang, _LABELS[name])}"

    def tab_shown(self) -> Any:
        """Return the widget of the open tab."""
        assert self.active_pane is not None
        return self.active_pane.children[0]

    def _give_focus(self) -> None:
        """Focus the open tab if that was asked for and is possible yet."""
        tab = self.tab_shown()
        if not tab.is_mounted:
            self.call_after_refresh(self._give_focus)
            return
        keys_for = getattr(tab, "takes_focus", tab)
        if self._wants_focus and keys_for.focusable:  # its pane may still be hidden by the previous one
            self._wants_focus = False
            keys_for.focus()

    @property
    def has_the_focus(self) -> bool:
        """Whether the focus is in the open tab, or is about to be."""
        focused = self.screen.focused
        return self._wants_focus or (focused is not None and self.active_pane in focused.ancestors)

    def open(self, name: str) -> None:
        """Open a tab and focus it."""
        self.show(name)
        self.take_focus()

    def show(self, name: str) -> None:
        """Open a tab. A hidden widget must not keep the focus: its neighbour would get it, and open its tab again."""
        self._wants_focus = False
        focused = self.screen.focused
        if name != self.active and focused is not None and self in focused.ancestors:
            self.screen.set_focus(None)
        self.active = name

    def leave_overview(self) -> None:
        """Open the tab that was open before the overview, which leaves no room for the source."""
        self.show(self._before_overview)

    def take_focus(self) -> None:
        """Focus the open tab, once it is mounted."""
        self._wants_focus = True
        self.call_after_refresh(self._give_focus)

    def sort(self) -> None:
        """Sort the open table by its next column."""
        tab = self.tab_shown()
        table = getattr(tab, "table", tab)
        if isinstance(table, TableTab):
            table.sort_next()

    def toggle_flow(self) -> None:
        """Open the forward tab; if it is open, switch between its boxes and its table."""
        if self.active == "tab-forward":
            self.tab_shown().toggle_flow()
            self.take_focus()
        else:
            self.open("tab-forward")

    def toggle_everything(self) -> None:
        """Switch between the decisions that explain the load and all those of the function."""
        focused = self.screen.focused
        inside = focused is not None and self in focused.ancestors
        self.show("tab-decisions")
        table: DecisionsTab = self.tab_shown()
        table.everything = not table.everything
        if inside:
            self.take_focus()

    def on_mount(self) -> None:
        self.watch(self, "active", self._activated, init=False)

    def _activated(self) -> None:
        if self.active != "tab-overview":
            self._before_overview = self.active
        self.screen.set_class(self.active in ("tab-notes", "tab-why"), "-reading")  # text needs more room than a table
        self.screen.set_class(self.active == "tab-overview", "-overview")  # a page of its own
        for pane in self.query(TabPane):
            if pane.id == self.active and not pane.children:
                pane.mount(self._tab(pane.id.removeprefix("tab-")))
            for tab in pane.children:
                if isinstance(tab, StepView):
                    tab.shown = pane.id == self.active
        self.call_after_refresh(self._give_focus)
