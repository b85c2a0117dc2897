"""The keys that move: to decisions, changes, lines and hits, and those that play by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tracer.analysis.cursor import Cursor
from tracer.i18n import N_
from tracer.tui.acting import Acting

_SPEEDS: Final = (1, 2, 4, 8, 16, 32)


class Moving(Acting):
    """Moves further than a step, each as a method of its key's name."""

    def __init__(self) -> None:
        super().__init__()
        self._speed = 2

    def _next_decision(self, *, back: bool) -> int | None:
        """The nearest step at which a frame decided something: in this frame first, then in any."""
        frame = self.state.frame()
        if frame is not None:
            steps = [one.step for one in self.state.decisions_of(frame.number)]
            found = self.state.cursor.previous_of(steps) if back else self.state.cursor.next_of(steps)
            if found is not None:
                return found
        return self.state.cursor.caller() if back else self.state.cursor.out()

    def _do_next_decision(self) -> None:
        self.moved(None if self.state.empty else self._next_decision(back=False))

    def _do_previous_decision(self) -> None:
        self.moved(None if self.state.empty else self._next_decision(back=True))

    def _do_next_change(self) -> None:
        self._to_change(Cursor.next_change)

    def _do_previous_change(self) -> None:
        self._to_change(Cursor.previous_change)

    def _to_change(self, move: Callable[[Cursor, str], int | None]) -> None:
        name = self.state.selected_variable
        if not name:
            self.say(N_("Choose a variable first: Tab goes to the panes, the arrow keys choose."), seconds=4)
        else:
            self.moved(None if self.state.empty else move(self.state.cursor, name))

    def _do_next_line(self) -> None:
        place = self.state.place()
        self.moved(self.state.cursor.next_line(*place) if place is not None else None)

    def _do_previous_line(self) -> None:
        place = self.state.place()
        self.moved(self.state.cursor.previous_line(*place) if place is not None else None)

    def _do_search(self) -> None:
        from tracer.tui.screens import SearchScreen

        self.push_screen(SearchScreen(self.state, self.lang), self.go)

    def _do_next_hit(self) -> None:
        self._to_hit(Cursor.next_of)

    def _do_previous_hit(self) -> None:
        self._to_hit(Cursor.previous_of)

    def _to_hit(self, move: Callable[[Cursor, Sequence[int]], int | None]) -> None:
        if not self.state.hits:
            self.say(N_("Nothing was searched for yet, or nothing was found. Press / to search."), seconds=3)
        else:
            self.moved(move(self.state.cursor, self.state.hits))

    def _do_goto(self) -> None:
        from tracer.tui.screens import GotoScreen

        self.push_screen(GotoScreen(len(self.state.trace), self.lang), self.go)

    def _do_play(self) -> None:
        if self._timer is not None:
            self.stop()
            self.say(N_("stopped"), seconds=1.5)
        else:
            self._start()

    def _start(self) -> None:
        speed = _SPEEDS[self._speed]
        self._timer = self.set_interval(1 / speed, lambda: self.action_do("next"))
        self.say(N_("playing at {speed} steps a second; space stops"), speed=speed, seconds=2)

    def _do_faster(self) -> None:
        self._change_speed(1)

    def _do_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        self._speed = min(max(self._speed + by, 0), len(_SPEEDS) - 1)
        if self._timer is not None:
            self.stop()
            self._start()
