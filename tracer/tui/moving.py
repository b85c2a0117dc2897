"""The keys that move: to decisions, changes, lines and hits, and those that play by themselves."""

from __future__ import annotations

from typing import Final

from tracer.tui.acting import Acting

_SPEEDS: Final = (1, 2, 4, 8, 16, 32)


class Moving(Acting):
    """Moves further than a step, each as a method of its key's name."""

    def __init__(self) -> None:
        super().__init__()
        self._speed = 2

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
        self.moved(None if self.playing.empty else self._next_decision(back=False))

    def _do_previous_decision(self) -> None:
        self.moved(None if self.playing.empty else self._next_decision(back=True))

    def _do_next_change(self) -> None:
        name = self.playing.selected_variable
        self.moved(self.playing.cursor.next_change(name) if name and not self.playing.empty else None)

    def _do_previous_change(self) -> None:
        name = self.playing.selected_variable
        self.moved(self.playing.cursor.previous_change(name) if name and not self.playing.empty else None)

    def _do_next_line(self) -> None:
        place = self.playing.place()
        self.moved(self.playing.cursor.next_line(*place) if place is not None else None)

    def _do_previous_line(self) -> None:
        place = self.playing.place()
        self.moved(self.playing.cursor.previous_line(*place) if place is not None else None)

    def _do_search(self) -> None:
        from tracer.tui.screens import SearchScreen

        self.push_screen(SearchScreen(self.playing, self.lang), self.go)

    def _do_next_hit(self) -> None:
        self.moved(self.playing.cursor.next_of(self.playing.hits) if self.playing.hits else None)

    def _do_previous_hit(self) -> None:
        self.moved(self.playing.cursor.previous_of(self.playing.hits) if self.playing.hits else None)

    def _do_goto(self) -> None:
        from tracer.tui.screens import GotoScreen

        self.push_screen(GotoScreen(len(self.playing.trace), self.lang), self.go)

    def _do_play(self) -> None:
        if self._timer is not None:
            self.stop()
            self.say("stopped", seconds=1.5)
        else:
            self._start()

    def _start(self) -> None:
        speed = _SPEEDS[self._speed]
        self._timer = self.set_interval(1 / speed, lambda: self.action_do("next"))
        self.say("playing", speed=speed, seconds=2)

    def _do_faster(self) -> None:
        self._change_speed(1)

    def _do_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        self._speed = min(max(self._speed + by, 0), len(_SPEEDS) - 1)
        if self._timer is not None:
            self.stop()
            self._start()
