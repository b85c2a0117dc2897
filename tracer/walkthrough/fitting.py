"""Whether what a note says is so in a load, beyond having a step there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from tracer.walkthrough.binding import Binder, Bound
from tracer.walkthrough.expecting import Unmet, unmet
from tracer.walkthrough.filling import holes, is_path
from tracer.walkthrough.format import Note, Walkthrough
from tracer.walkthrough.paths import Place


class Misfit(NamedTuple):
    """What a note says of the load that it was written for, and that is not so in this one.

    Attributes:
        model: the bundled model of the load that it was written for.
        unmet: its expectations that do not hold here.
        missing: the values in its text that this load does not have.
    """

    model: str
    unmet: list[Unmet]
    missing: list[str]


def misfit(binder: Binder, bound: Bound, walkthrough: Walkthrough) -> Misfit | None:
    """What keeps a note from being about this load; None where all that it says of it holds."""
    wrong = unmet(binder, bound)
    missing = list(_missing(binder, bound))
    if not wrong and not missing:
        return None
    load = walkthrough.loads.get(walkthrough.load_of(bound.note))
    return Misfit(PurePath(load.fixture).name if load is not None else "", wrong, missing)


def fitting(binder: Binder, walkthrough: Walkthrough) -> int:
    """How many notes of a walkthrough are about this load."""
    bound = [one for one in binder.bind(walkthrough) if isinstance(one, Bound)]
    return sum(misfit(binder, one, walkthrough) is None for one in bound)


def _missing(binder: Binder, bound: Bound) -> Iterator[str]:
    place = Place(binder.trace, bound.step, binder.variables)
    for path in sorted({path for text in texts(bound.note) for path in holes(text)}):
        if not is_path(path) or place.value(path) is None:
            yield path


def texts(note: Note) -> list[str]:
    """Everything that a note says, in both languages."""
    words = [note.title, note.text]
    if note.question is not None:
        words.append(note.question.ask)
        for answer in note.question.answers:
            words += [answer.text, answer.because]
    return [text for one in words for text in (one.en, one.zh)]
