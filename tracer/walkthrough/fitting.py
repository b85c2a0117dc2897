"""Whether what a note says is so in a load, beyond having a step there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from tracer.walkthrough.binding import Binder, BoundNote
from tracer.walkthrough.expecting import UnmetExpectation, unmet_expectations
from tracer.walkthrough.filling import is_path, placeholder_paths
from tracer.walkthrough.format import Note, Walkthrough
from tracer.walkthrough.paths import StepScope


class NoteMismatch(NamedTuple):
    """What a note says of the load that it was written for, and that is not so in this one.

    Attributes:
        model: the bundled model of the load that it was written for.
        unmet: its expectations that do not hold here.
        missing: the values in its text that this load does not have.
    """

    model: str
    unmet: list[UnmetExpectation]
    missing: list[str]


def find_mismatch(binder: Binder, bound: BoundNote, walkthrough: Walkthrough) -> NoteMismatch | None:
    """What keeps a note from being about this load; None where all that it says of it holds."""
    wrong = unmet_expectations(binder, bound)
    missing = list(_missing(binder, bound))
    if not wrong and not missing:
        return None
    load = walkthrough.loads.get(walkthrough.load_of(bound.note))
    return NoteMismatch(PurePath(load.fixture).name if load is not None else "", wrong, missing)


def count_applicable(binder: Binder, walkthrough: Walkthrough) -> int:
    """How many notes of a walkthrough are about this load."""
    bound = [one for one in binder.bind(walkthrough) if isinstance(one, BoundNote)]
    return sum(find_mismatch(binder, one, walkthrough) is None for one in bound)


def _missing(binder: Binder, bound: BoundNote) -> Iterator[str]:
    place = StepScope(binder.trace, bound.step, binder.variables)
    for path in sorted({path for text in note_texts(bound.note) for path in placeholder_paths(text)}):
        if not is_path(path) or place.value(path) is None:
            yield path


def note_texts(note: Note) -> list[str]:
    """Everything that a note says, in both languages."""
    words = [note.title, note.text]
    if note.question is not None:
        words.append(note.question.ask)
        for answer in note.question.answers:
            words += [answer.text, answer.because]
    return [text for one in words for text in (one.en, one.zh)]
