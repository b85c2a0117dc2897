"""The keys that set marks, bookmarks at steps and breakpoints at lines, and those that go to them."""

from __future__ import annotations

from tracer.i18n import N_
from tracer.tui.acting import Acting
from tracer.tui.source_view import SourceView


class Marking(Acting):
    """Bookmarks and breakpoints, each action as a method of its key's name."""

    def _do_bookmark(self) -> None:
        marks, number = self.state.bookmarks, self.state.number
        if number in marks:
            marks.remove(number)
            self.say(N_("Bookmark removed."), seconds=2)
        else:
            marks.add(number)
            self.say(N_("Bookmark set at step {number}."), number=number, seconds=2)

    def _do_next_bookmark(self) -> None:
        marks = sorted(self.state.bookmarks)
        if not marks:
            self.say(N_("There are no bookmarks. Press m to set one."), seconds=3)
            return
        found = self.state.cursor.next_of(marks)
        self.go(marks[0]) if found is None else self.show()

    def _do_breakpoint(self) -> None:
        place = self.state.place()
        if place is not None:
            self._toggle_breakpoint(place[1])

    def on_source_view_breakpoint_asked(self, message: SourceView.BreakpointAsked) -> None:
        self._toggle_breakpoint(message.line)

    def _toggle_breakpoint(self, line: int) -> None:
        place = self.state.place()
        if place is None:
            return
        at = place[0], line
        on = at not in self.state.breakpoints
        self.state.breakpoints.symmetric_difference_update({at})
        self.say(N_("Breakpoint at line {line}.") if on else N_("Breakpoint removed."), line=line, seconds=2)
        self.query_one(SourceView).refresh()

    def _do_run(self, *, back: bool = False) -> None:
        if not self.state.breakpoints:
            self.say(N_("There are no breakpoints. Press b on a line."), seconds=3)
            return
        cursor, start = self.state.cursor, self.state.number
        found = []
        for source, line in self.state.breakpoints:
            number = cursor.previous_line(source, line) if back else cursor.next_line(source, line)
            if number is not None:
                found.append(number)
            cursor.go(start)
        if found:
            cursor.go(max(found) if back else min(found))
        self.moved(cursor.number if found else None)

    def _do_run_back(self) -> None:
        self._do_run(back=True)
