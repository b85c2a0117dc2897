"""What an app needs to act on a key; what the keys do is in the files beside this one, see :mod:`tracer.tui.keys`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from textual.timer import Timer

from tracer.analysis.cursor import Cursor
from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.tui.crash_report import CrashReportingApp
from tracer.tui.player_state import PlayerState

if TYPE_CHECKING:  # it comes after the first screen, and so does its import
    from tracer.tui.tabs.tab_area import TabArea

TYPED_INTO: Final = ("search", "goto")
"""Actions that open a screen to type in. Their keys are looked at before any pane gets them: a pane would have the next
keys in its own queue by the time the screen is there."""

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


class Acting(CrashReportingApp):
    """An app that plays; how it looks is the matter of the one that derives from it."""

    state: PlayerState
    lang: Lang

    def __init__(self) -> None:
        super().__init__()
        self.furnished = False
        """Whether all panes are there; the first screen shows only some of them."""
        self._typed_ahead: list[str] = []
        self._timer: Timer | None = None

    def said_in(self) -> Lang:
        return self.lang

    def show(self) -> None:
        """Show the cursor's step."""
        raise NotImplementedError

    @property
    def tabs(self) -> TabArea:
        """The tabs below the source."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a screen over the player these keys are letters like others."""
        return not (action == "do" and parameters and parameters[0] in TYPED_INTO and len(self.screen_stack) > 1)

    def say(self, message: Message, *, seconds: float = 2, **values: Any) -> None:
        """Say something in passing; what it quotes is not obeyed."""
        self.notify(tr(self.lang, message, **values), timeout=seconds, markup=False)

    def complain(self, error: TracerError) -> None:
        """Say what is wrong with the trace, and go on."""
        self.notify(visible(error.localized(self.lang)), severity="error", timeout=8, markup=False)

    def action_do(self, name: str) -> None:
        """Do what a key stands for; before all panes are there it waits for them."""
        if not self.furnished:
            self._typed_ahead.append(name)
            return
        try:
            if name in _MOVES:
                self.moved(_MOVES[name](self.state.cursor) if not self.state.empty else None)
            elif name.startswith("tab-"):
                self.tabs.open(name)
            else:
                getattr(self, f"_do_{name.replace('-', '_')}")()
        except TracerError as error:
            self.stop()
            self.complain(error)

    def do_what_was_typed_ahead(self) -> None:
        """Act on the keys that came before the panes."""
        typed, self._typed_ahead = self._typed_ahead, []
        for name in typed:
            self.action_do(name)

    def moved(self, number: int | None) -> None:
        """Show where a move of the cursor came to; None is nowhere."""
        if number is None:
            self.say(N_("There is nowhere to go that way."), seconds=1.5)
            self.stop()
        else:
            self.show()

    def go(self, number: int | None) -> None:
        """To a step by its number; None stays."""
        if number is not None:
            try:
                self.moved(self.state.cursor.go(number))
            except TracerError as error:
                self.complain(error)

    def stop(self) -> None:
        """Stop playing by itself."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
