"""The keys that read along: the notes of the walkthroughs, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.i18n import N_, tr
from tracer.trace.errors import TracerError
from tracer.tui.acting import Acting
from tracer.tui.background import start_worker

if TYPE_CHECKING:  # they come after the first screen, and so does their import
    from collections.abc import Callable

    from tracer.trace.reading import Trace
    from tracer.tui.tabs.notes import NotesTab
    from tracer.walkthrough.format import Walkthrough
    from tracer.walkthrough.reader import WalkthroughReader


class ReadingKeys(Acting):
    """Opens notes, each as a method of its key's name.

    Attributes:
        walkthroughs: those to read; None are the bundled ones.
        begin_with: the id of the walkthrough to begin with; None leaves the notes closed unless one was written for
            this very load.
    """

    def __init__(self) -> None:
        super().__init__()
        self.walkthroughs: list[Walkthrough] | None = None
        self.begin_with: str | None = None
        self._loading = False
        self._matching: str | None = None
        self._when_loaded: list[Callable[[WalkthroughReader], None]] = []

    def _do_next_note(self) -> None:
        self._with_reading(lambda reading: self._turn(reading, back=False))

    def _do_previous_note(self) -> None:
        self._with_reading(lambda reading: self._turn(reading, back=True))

    def _do_answer(self) -> None:
        self._open_tab()
        self.call_after_refresh(self._focus_answers)

    def _do_scroll_note(self, *, back: bool = False) -> None:
        tab = self.tabs.tab_shown()
        if self.tabs.active == "tab-notes" and tab.is_mounted:
            tab.scroll_note(back=back)

    def _do_scroll_note_back(self) -> None:
        self._do_scroll_note(back=True)

    def _focus_answers(self) -> None:
        tab: NotesTab = self.tabs.tab_shown()
        if self.state.reading is None or not tab.is_mounted or not tab.focus_answers():
            self.notify(tr(self.lang, "This note asks nothing."), timeout=2)

    def _turn(self, reading: WalkthroughReader, *, back: bool) -> None:
        found = reading.next(back=back)
        if found is not None:
            self._open_tab()
            self.go(found.step)
            return
        if reading.empty:
            why = N_("No walkthrough has a note about this load.")
        else:
            why = N_("This is the first note.") if back else N_("This was the last note.")
        self.notify(tr(self.lang, why), timeout=2)

    def _open_tab(self) -> None:
        if self.tabs.active != "tab-notes":
            self.tabs.open("tab-notes")

    def begin_notes(self) -> None:
        """Go to the walkthrough that was asked for; show the one that was written for this very load, and stay."""
        if self.state.empty:
            return
        start = self.state.number
        asked = self.begin_with

        def begin(reading: WalkthroughReader) -> None:
            if self.state.number != start:  # the reader has walked on meanwhile
                return
            if asked is not None:
                if (bound := reading.begin(asked)) is not None:
                    self._open_tab()
                    self.go(bound.step)
            elif self._matching is not None:
                reading.offer(self._matching)
                if reading.open is not None:
                    self._open_tab()

        self._with_reading(begin)

    def on_notes_tab_wanted(self) -> None:
        self._with_reading(lambda reading: self.tabs.show(self.state, self.lang))

    def on_notes_tab_chosen(self, message: NotesTab.Chosen) -> None:
        self.go(message.step)

    def _with_reading(self, then: Callable[[WalkthroughReader], None]) -> None:
        """Do something with the notes, which are looked up beside the screen the first time."""
        if self.state.reading is not None:
            then(self.state.reading)
            return
        self._when_loaded.append(then)
        if not self._loading:
            self._loading = True
            start_worker(self, self._load, group="notes")

    async def _load(self) -> None:
        from tracer.tui.background import in_background
        from tracer.walkthrough.applicability import walkthrough_for
        from tracer.walkthrough.library import course
        from tracer.walkthrough.reader import WalkthroughReader, bind_chapters

        def bound(trace: Trace) -> tuple[WalkthroughReader, str | None]:
            found = self.walkthroughs if self.walkthroughs is not None else list(course())
            return WalkthroughReader(bind_chapters(trace, found)), walkthrough_for(trace, found)

        try:
            reading, self._matching = await in_background(self.state.trace.path, bound)
        except TracerError as error:
            self.complain(error)
            reading, self._matching = WalkthroughReader([]), None
        self.state.reading = reading
        waiting, self._when_loaded = self._when_loaded, []
        for then in waiting:
            then(reading)
