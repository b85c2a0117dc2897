"""The walkthroughs' notes in the player: look them up in the background, then go from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.i18n import N_, tr
from tracer.trace.errors import TracerError
from tracer.tui.background import in_background, start_worker

if TYPE_CHECKING:  # imported after the first screen
    from collections.abc import Callable

    from tracer.trace.reading import Trace
    from tracer.tui.player import Player
    from tracer.tui.tabs.notes import NotesTab
    from tracer.walkthrough.format import Walkthrough
    from tracer.walkthrough.reader_position import NotePosition, WalkthroughReader


class WalkthroughNotes:
    """Opens notes in the tab and moves the player to their steps.

    Args:
        player: the player.
        walkthroughs: the walkthroughs to read; None for the bundled ones.
        begin_with: the id of the walkthrough to begin with; None leaves the notes closed unless one was written for
            this very load.
    """

    def __init__(self, player: Player, walkthroughs: list[Walkthrough] | None, begin_with: str | None) -> None:
        self._player = player
        self._walkthroughs = walkthroughs
        self._begin_with = begin_with
        self._loading = False
        self._when_loaded: list[Callable[[WalkthroughReader], None]] = []

    def open_next(self, *, back: bool) -> None:
        """Open the next note, or the one before."""

        def open_note(reading: WalkthroughReader) -> None:
            found = reading.next(self._player.state.number, back=back)
            if found is not None:
                self.open_tab()
                self._player.go(found.step)
                self._player.show_note()
                return
            if reading.empty:
                why = N_("No walkthrough has a note about this load.")
            else:
                why = N_("This is the first note.") if back else N_("This was the last note.")
            self._player.notify(tr(self._player.lang, why), timeout=2)

        self._with_reading(open_note)

    def open_at(self, at: NotePosition) -> None:
        """Open this note, and go to its step."""

        def open_note(reading: WalkthroughReader) -> None:
            note = reading.go(at)
            self.open_tab()
            self._player.go(getattr(note, "step", None))
            self._player.show_note()

        self._with_reading(open_note)

    def answer(self) -> None:
        """Focus the answers to the open note's question."""

        def focus_answers() -> None:
            if self._player.tabs.active != "tab-notes":  # the user has gone on to another tab meanwhile
                return
            tab: NotesTab = self._player.tabs.tab_shown()
            if not tab.is_mounted:
                self._player.call_after_refresh(focus_answers)
            elif not tab.focus_answers():
                self._player.notify(tr(self._player.lang, "This note has no question."), timeout=2)

        def show(_: WalkthroughReader) -> None:
            self._player.tabs.show("tab-notes")
            self._player.call_after_refresh(focus_answers)

        self._with_reading(show)

    def begin(self) -> None:
        """Go to the walkthrough that was asked for; show the one that was written for this very load, and stay."""
        player = self._player
        if player.state.empty:
            return
        start = player.state.number
        asked = self._begin_with

        def begin(reading: WalkthroughReader) -> None:
            if player.state.number != start:  # the user has moved on meanwhile
                return
            if asked is not None:
                if (bound := reading.begin(asked)) is not None:
                    self.open_tab()
                    player.go(bound.step, jumped=False)
            elif reading.matching is not None:
                reading.offer(start)
                if reading.open is not None:
                    player.offer_notes()

        self._with_reading(begin)

    def load(self) -> None:
        """Load the notes; the tab shows them when they are there."""
        self._with_reading(lambda reading: None)

    def open_tab(self) -> None:
        """Open the tab of the notes, and focus it: further keys scroll the note."""
        self._player.tabs.open("tab-notes")

    def _with_reading(self, then: Callable[[WalkthroughReader], None]) -> None:
        """Call a function with the notes, which are loaded in the background the first time."""
        if self._player.reading is not None:
            then(self._player.reading)
            return
        self._when_loaded.append(then)
        if not self._loading:
            self._loading = True
            start_worker(self._player, self._load, group="notes")

    async def _load(self) -> None:
        from tracer.walkthrough.applicability import walkthrough_for
        from tracer.walkthrough.library import course
        from tracer.walkthrough.reader_position import WalkthroughReader, bind_chapters

        def bound(trace: Trace) -> WalkthroughReader:
            found = self._walkthroughs if self._walkthroughs is not None else list(course())
            return WalkthroughReader(bind_chapters(trace, found), walkthrough_for(trace, found))

        try:
            reading = await in_background(self._player.state.trace.path, bound)
        except TracerError as error:
            self._player.complain(error)
            reading = WalkthroughReader([])
        self._player.reading = reading
        waiting, self._when_loaded = self._when_loaded, []
        for then in waiting:
            then(reading)
