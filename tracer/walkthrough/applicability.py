"""Whether notes, walkthroughs and traces fit together: does a note apply, and what to read with a trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from tracer.trace.reading import Trace, open_trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.expectations import UnmetExpectation, unmet_expectations
from tracer.walkthrough.format import Note, Walkthrough
from tracer.walkthrough.library import course
from tracer.walkthrough.placeholders import is_path, placeholder_paths
from tracer.walkthrough.value_paths import StepScope, load_facts


class NoteMismatch(NamedTuple):
    """What a note says about the load that it was written for and that does not hold in this one.

    Attributes:
        model: the bundled model of the load that it was written for.
        unmet: its expectations that do not hold here.
        missing: the values in its text that this load does not have.
        unchecked: the release of this load, where the note was not checked on it.
    """

    model: str
    unmet: list[UnmetExpectation]
    missing: list[str]
    unchecked: str = ""


def find_mismatch(binder: Binder, bound: BoundNote, walkthrough: Walkthrough) -> NoteMismatch | None:
    """Return what keeps a note from applying to this load; None if everything that it says holds."""
    load = walkthrough.loads.get(walkthrough.load_of(bound.note))
    model = PurePath(load.fixture).name if load is not None else ""
    if not bound.note.is_checked_on(binder.release):
        return NoteMismatch(model, [], [], binder.release)
    wrong = unmet_expectations(binder, bound)
    missing = list(_missing(binder, bound))
    return NoteMismatch(model, wrong, missing) if wrong or missing else None


def count_applicable(binder: Binder, walkthrough: Walkthrough) -> int:
    """Return how many notes of a walkthrough are about this load."""
    bound = [one for one in binder.bind(walkthrough) if isinstance(one, BoundNote)]
    return sum(find_mismatch(binder, one, walkthrough) is None for one in bound)


def _missing(binder: Binder, bound: BoundNote) -> Iterator[str]:
    place = StepScope(binder.trace, bound.step, binder.variables)
    for path in sorted({path for text in note_texts(bound.note) for path in placeholder_paths(text)}):
        if not is_path(path) or place.value(path) is None:
            yield path


def note_texts(note: Note) -> list[str]:
    """Return everything that a note says, in both languages."""
    words = [note.title, note.text]
    if note.question is not None:
        words.append(note.question.ask)
        for answer in note.question.answers:
            words += [answer.text, answer.because]
    return [text for one in words for text in (one.en, one.zh)]


_DEMO = "glm-4v-tiny"


def fixture_of(trace: Trace) -> str | None:
    """Return the name of the bundled model directory that a trace loads; None for any other model or script."""
    if trace.meta.command[1:2] == ["demo"]:
        return _DEMO
    model = load_facts(trace)["model"]
    return str(model) if trace.meta.work == "load" and model else None


def walkthrough_for(trace: Trace, walkthroughs: Iterable[Walkthrough]) -> str | None:
    """Return the id of the first walkthrough written for this model directory and for how its load ended."""
    fixture = fixture_of(trace)
    failed = trace.outcome.status != "loaded"
    for one in walkthroughs:
        fixtures = {load.fixture.rpartition("/")[2] for load in one.loads.values()}
        if fixture in fixtures and (one.suits == "failed") == failed:
            return one.id
    return None


def best_traces(names: Sequence[str], traces: Iterable[Path]) -> dict[str, Path]:
    """Return the trace that most notes of each bundled walkthrough are about; leave out those without one."""
    wanted = [one for one in course() if one.id in names]
    best: dict[str, tuple[tuple[int, int], Path]] = {}
    for path in traces:
        with open_trace(path) as trace:
            binder = Binder(trace)
            for one in wanted:
                bound = sum(isinstance(note, BoundNote) for note in binder.bind(one))
                count = (count_applicable(binder, one) if bound else 0, bound)
                if bound and (one.id not in best or count > best[one.id][0]):
                    best[one.id] = count, path
    return {name: best[name][1] for name in names if name in best}
