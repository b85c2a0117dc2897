"""The tabs below the source, each created when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from textual.app import ComposeResult
from textual.widgets import TabbedContent, TabPane

from tracer.i18n import N_, NC_, Lang, Message, tr
from tracer.tui.player_state import PlayerState
from tracer.tui.tabs.table_tab import TableTab

# Each tab's module and class. A tab is imported when it is first opened.
_TABS: Final[dict[str, tuple[str, str]]] = {
    "notes": ("notes", "NotesTab"),
    "decisions": ("decisions", "DecisionsTab"),
    "kwargs": ("kwargs", "KwargsTab"),
    "weights": ("model_tables", "WeightsTab"),
    "forward": ("model_tables", "ForwardTab"),
    "tokens": ("model_tables", "TokensTab"),
    "why": ("why", "DiagnosisTab"),
}
_LABELS: Final[dict[str, Message]] = {
    "notes": N_("Notes"),
    "decisions": N_("Decisions"),
    "kwargs": N_("Kwargs"),
    "weights": N_("Weights"),
    "forward": NC_("tab", "Forward"),
    "tokens": N_("Tokens"),
    "why": N_("Why"),
}


class TabArea(TabbedContent):
    """Shows the cursor's step in the tab that is open."""

    def __init__(self, state: PlayerState, lang: Lang, *, opened: str = "decisions") -> None:
        super().__init__(initial=f"tab-{opened}")
        self._state = state
        self.lang: Lang = lang
        self._wants_focus = False

    def compose(self) -> ComposeResult:
        for name in _TABS:
            self.compose_add_child(TabPane(self._label(name), id=f"tab-{name}"))
        yield from super().compose()

    def _label(self, name: str) -> str:
        number = list(_TABS).index(name) + 1
        return f"[dim]{number}[/] {tr(self.lang, _LABELS[name])}"

    def tab_shown(self) -> Any:
        """Return the widget of the open tab, creating it the first time."""
        pane = self.active_pane
        assert pane is not None
        if not pane.children:
            module, kind = _TABS[str(pane.id).removeprefix("tab-")]
            pane.mount(getattr(import_module(f"tracer.tui.tabs.{module}"), kind)(self._state, self.lang))
        return pane.children[0]

    def show(self, state: PlayerState, lang: Lang) -> None:
        if lang != self.lang:
            self.lang = lang
            for name in _TABS:
                self.get_tab(f"tab-{name}").label = self._label(name)
        self._show_tab()

    def _show_tab(self) -> None:
        tab = self.tab_shown()
        if not tab.is_mounted:
            self.call_after_refresh(self._show_tab)
            return
        with self.app.complaining():  # type: ignore[attr-defined]
            tab.show(self._state, self.lang)
        keys_for = getattr(tab, "takes_focus", tab)
        if self._wants_focus and keys_for.focusable:  # its pane may still be hidden by the previous one
            self._wants_focus = False
            keys_for.focus()

    def open(self, name: str) -> None:
        """Open a tab and focus it."""
        self._switch(name)
        self.take_focus()

    def _switch(self, name: str) -> None:
        """Open a tab. A hidden widget must not keep the focus: its neighbour would get it, and open its tab again."""
        focused = self.screen.focused
        if name != self.active and focused is not None and self in focused.ancestors:
            self.screen.set_focus(None)
        self.active = name

    def take_focus(self) -> None:
        """Focus the open tab, once it is mounted."""
        self._wants_focus = True
        self.call_after_refresh(self._show_tab)

    def sort(self) -> None:
        """Sort the open table by its next column."""
        table = self.tab_shown()
        if isinstance(table, TableTab):
            table.sort_next()

    def turn_everything(self) -> None:
        """Switch between the decisions that explain the load and all those of the function."""
        self._switch("tab-decisions")
        table = self.tab_shown()
        table.everything = not table.everything
        table.show(self._state, self.lang)

    def on_mount(self) -> None:
        self.watch(self, "active", self._activated, init=False)

    def _activated(self) -> None:
        self.screen.set_class(self.active == "tab-notes", "-reading")  # text needs more room than a table
        self.call_after_refresh(self._show_tab)
