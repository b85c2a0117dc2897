"""A reader's position in the walkthroughs of a trace: the open note, the next one, the one about a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from tracer.trace.reading import Trace
from tracer.trace.steps import Step
from tracer.walkthrough.applicability import NoteMismatch, find_mismatch
from tracer.walkthrough.binder import Binder, BoundNote, UnboundNote
from tracer.walkthrough.format import Walkthrough

_CLOSE: Final = 10  # steps


class Chapter(NamedTuple):
    """A walkthrough bound to a trace, its notes in reading order.

    ``examples`` has the indexes of notes that have a step but describe another load.
    """

    walkthrough: Walkthrough
    notes: list[BoundNote | UnboundNote]
    examples: dict[int, NoteMismatch]

    @property
    def bound(self) -> list[int]:
        """The indexes of the notes that have a step."""
        return [index for index, note in enumerate(self.notes) if isinstance(note, BoundNote)]


class NotePosition(NamedTuple):
    """An open note: the chapter's index and the note's."""

    chapter: int
    note: int


def bind_chapters(trace: Trace, walkthroughs: Sequence[Walkthrough]) -> list[Chapter]:
    """Return the walkthroughs with their notes bound to a trace."""
    binder = Binder(trace)
    return [_chapter(binder, walkthrough) for walkthrough in walkthroughs]


def _chapter(binder: Binder, walkthrough: Walkthrough) -> Chapter:
    notes = binder.bind(walkthrough)
    wrong = {
        at: find_mismatch(binder, note, walkthrough) for at, note in enumerate(notes) if isinstance(note, BoundNote)
    }
    return Chapter(walkthrough, notes, {at: found for at, found in wrong.items() if found is not None})


class WalkthroughReader:
    """The position of a reader in the chapters. ``open`` is None until a note was opened.

    Args:
        found: the chapters, in reading order.
        matching: the id of the walkthrough that was written for this very load, if any.
    """

    def __init__(self, found: Sequence[Chapter], matching: str | None = None) -> None:
        self.chapters = list(found)
        self.matching = matching
        self.open: NotePosition | None = None
        self._followed: int | None = None
        self._offered_at: int | None = None  # where the reader was when the open note was offered
        self._reads = False  # whether the reader opened a note, and did not only pass by one
        self.answered: dict[NotePosition, int] = {}
        """Which answer was given to a note's question."""
        self._order = [NotePosition(one, note) for one, chapter in enumerate(self.chapters) for note in chapter.bound]
        self._by_step: dict[int, list[NotePosition]] = {}
        self._by_place: dict[tuple[int, int], list[NotePosition]] = {}
        for one, chapter in enumerate(self.chapters):
            for number, note in enumerate(chapter.notes):
                if isinstance(note, BoundNote):
                    self._enter(NotePosition(one, number), note)

    def _enter(self, at: NotePosition, note: BoundNote) -> None:
        self._by_step.setdefault(note.step, []).append(at)
        if note.source is not None and note.first is not None and note.last is not None:
            for line in range(note.first, note.last + 1):
                self._by_place.setdefault((note.source, line), []).append(at)

    @property
    def empty(self) -> bool:
        """Whether no note has a step in this trace."""
        return not self._by_step

    @property
    def count(self) -> int:
        """How many notes are about this load."""
        return len(self._order) - sum(len(chapter.examples) for chapter in self.chapters)

    @property
    def chapter(self) -> Chapter | None:
        return self.chapters[self.open.chapter] if self.open is not None else None

    @property
    def note(self) -> BoundNote | UnboundNote | None:
        """The open note."""
        chapter = self.chapter
        return chapter.notes[self.open.note] if chapter is not None and self.open is not None else None

    def next(self, here: int = 0, *, back: bool = False) -> BoundNote | None:
        """Open the next note that has a step, in the next chapter where this one is at its end.

        As long as the reader has opened none, it is the one nearest to ``here``, the step that the reader is at.
        """
        at = self._next(here, back=back)
        return self._opened(at) if at is not None else None

    def peek(self, here: int = 0) -> tuple[Chapter, BoundNote] | None:
        """Return what :meth:`next` would open."""
        at = self._next(here, back=False)
        return (self.chapters[at.chapter], self._bound(at)) if at is not None else None

    def _next(self, here: int, *, back: bool) -> NotePosition | None:
        note = self.note
        if self._offered_at == here and not back:
            return self.open
        if self.open is None or not (self._reads or (isinstance(note, BoundNote) and note.step == here)):
            return self._nearest(here, back=back)
        order = [at for at in self._order if (at < self.open if back else at > self.open)]
        return (order[-1] if back else order[0]) if order else None

    def _nearest(self, here: int, *, back: bool) -> NotePosition | None:
        """Return the note nearest to a step, ahead of it where there is one; at the beginning, the first of all.

        Notes of the matching walkthrough come before others, and those about this load before examples of another.
        """
        about = [at for at in self._order if at.note not in self.chapters[at.chapter].examples]
        matching = [at for at in about if self.chapters[at.chapter].walkthrough.id == self.matching]
        if here == 0:
            found = (matching or self._order)[slice(-1, None) if back else slice(1)]
            return found[0] if found else None
        for notes in (matching, about, self._order):
            ahead = [at for at in notes if (self._bound(at).step <= here if back else self._bound(at).step >= here)]
            if ahead:
                return self._most_relevant(ahead, here)
        return self._most_relevant(about or self._order, here) if self._order else None

    def _most_relevant(self, notes: list[NotePosition], here: int) -> NotePosition:
        """Return the nearest of these notes, or one close to it of a chapter that says more about this place."""
        away = {at: abs(self._bound(at).step - here) for at in sorted(notes)}
        close = sorted((at for at in away if away[at] <= min(away.values()) + _CLOSE), key=lambda at: away[at])
        [(chapter, _)] = Counter(at.chapter for at in close).most_common(1)  # of equals the first, which is the nearest
        return next(at for at in close if at.chapter == chapter)

    def begin(self, walkthrough: str) -> BoundNote | None:
        """Open a walkthrough's first note that has a step."""
        for one, chapter in enumerate(self.chapters):
            if chapter.walkthrough.id == walkthrough and chapter.bound:
                return self._opened(NotePosition(one, chapter.bound[0]))
        return None

    def offer(self, here: int = 0) -> None:
        """Show the matching walkthrough's first note. As long as the reader stays, it is the next one to go to."""
        if self.matching is not None and self.begin(self.matching) is not None:
            self._offered_at, self._reads = here, False

    def go(self, at: NotePosition) -> BoundNote | UnboundNote:
        """Open a note, whether it has a step or not."""
        self.open, self._offered_at, self._reads = at, None, True
        return self.chapters[at.chapter].notes[at.note]

    def follow(self, step: Step) -> None:
        """Open the note about a step when the reader arrives at the step; of several, one of the open chapter."""
        if step.number == self._followed:
            return
        self._followed = step.number
        found = self.about(step)
        if found is not None:
            self.open = found
            self._offered_at = None

    def about(self, step: Step) -> NotePosition | None:
        """Return the note that is about a step; of several the open one, then one of its chapter, then the closest."""
        note = self.note
        if isinstance(note, BoundNote) and note.step == step.number:
            return self.open
        found = [*self._by_step.get(step.number, ()), *self._at_place(step)]
        return min(found, key=lambda at: self._distance(at, step), default=None)

    def _at_place(self, step: Step) -> list[NotePosition]:
        if step.source is None or step.line is None:
            return []
        return self._by_place.get((step.source, step.line), [])

    def _distance(self, at: NotePosition, step: Step) -> tuple[bool, bool, bool, int, NotePosition]:
        note = self._bound(at)
        elsewhere = self.open is not None and at.chapter != self.open.chapter
        return elsewhere, note.note.stage != step.stage, note.step != step.number, _size(note), at

    def _bound(self, at: NotePosition) -> BoundNote:
        note = self.chapters[at.chapter].notes[at.note]
        assert isinstance(note, BoundNote)
        return note

    def _opened(self, at: NotePosition) -> BoundNote:
        self.go(at)
        return self._bound(at)


def _size(note: BoundNote) -> int:
    return (note.last or 0) - (note.first or 0)
