"""Checking walkthroughs against traces: every anchor, every expectation, every value in a text, every link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tracer.trace.reading import Trace
from tracer.walkthrough.applicability import note_texts
from tracer.walkthrough.binder import Binder, BoundNote, UnboundNote
from tracer.walkthrough.expectations import unmet_expectations
from tracer.walkthrough.explained_code import FunctionCoverage, measure_coverage
from tracer.walkthrough.format import Note, Walkthrough, in_range
from tracer.walkthrough.loads import load_name_for
from tracer.walkthrough.placeholders import is_path, placeholder_paths
from tracer.walkthrough.value_paths import StepScope


class WalkthroughProblem(msgspec.Struct, frozen=True):
    """Something that a walkthrough claims and that does not hold.

    Attributes:
        walkthrough: its id.
        note: the note's id; empty for what concerns the whole file.
        what: ``unbound``, ``expect``, ``value``, ``path``, ``link`` or ``statement``; the key of its sentence.
        values: what the sentence is filled with; plain JSON.
        step: the step it shows at.
    """

    walkthrough: str
    note: str
    what: str
    values: dict[str, Any] = {}
    step: int | None = None


def check_text(walkthrough: Walkthrough, known: Mapping[str, Walkthrough]) -> list[WalkthroughProblem]:
    """Return the problems that need no trace: links that lead nowhere, placeholders that are not paths."""
    found = [
        WalkthroughProblem(walkthrough.id, "", "link", {"link": one})
        for one in walkthrough.prerequisites
        if one not in known
    ]
    for note in walkthrough.notes:
        for link in note.links:
            if not _leads_somewhere(link, walkthrough, known):
                found.append(WalkthroughProblem(walkthrough.id, note.id, "link", {"link": link}))
        for hole in sorted({hole for text in note_texts(note) for hole in placeholder_paths(text)}):
            if not is_path(hole):
                found.append(WalkthroughProblem(walkthrough.id, note.id, "path", {"path": hole}))
    return found


def check_one(
    walkthrough: Walkthrough, trace: Trace, load: str | None = None, others: Sequence[Trace] = ()
) -> list[WalkthroughProblem]:
    """Return the problems that one trace shows.

    Args:
        walkthrough: what is checked.
        trace: a trace of one of its loads.
        load: which one; then only that load's notes are checked. By default all are.
        others: traces of the same load on other releases.
    """
    binder = Binder(trace)
    if not in_range(binder.release, walkthrough.releases):
        return []
    found: list[WalkthroughProblem] = []
    for note in walkthrough.notes:
        if load is None or walkthrough.load_of(note) == load:
            found.extend(_check_note(binder, note, walkthrough, others))
    return found


def _check_note(
    binder: Binder, note: Note, walkthrough: Walkthrough, others: Sequence[Trace]
) -> Iterator[WalkthroughProblem]:
    if not in_range(binder.release, note.releases) or not note.is_checked_on(binder.release):
        return
    bound = binder.note(note, walkthrough)
    if isinstance(bound, UnboundNote):
        yield WalkthroughProblem(walkthrough.id, note.id, "unbound", {"why": bound.why.what, **bound.why.values})
        return
    for wrong in unmet_expectations(binder, bound, others):
        values = {"claim": wrong.claim, "subject": wrong.subject, "asked": wrong.asked, "there": wrong.there}
        yield WalkthroughProblem(walkthrough.id, note.id, "expect", values, bound.step)
    place = StepScope(binder.trace, bound.step, binder.variables)
    for hole in sorted({hole for text in note_texts(note) for hole in placeholder_paths(text)}):
        if is_path(hole) and place.value(hole) is None:
            yield WalkthroughProblem(walkthrough.id, note.id, "value", {"path": hole}, bound.step)
    yield from _check_covered(binder, bound, walkthrough)


def _check_covered(binder: Binder, bound: BoundNote, walkthrough: Walkthrough) -> Iterator[WalkthroughProblem]:
    """Yield the pieces of code that a note claims to explain and that are not there."""
    statements = binder.statements
    for code in statements.codes(bound.anchor.function) if bound.anchor.through else ():
        firsts = statements.find(code, bound.anchor.statement)
        if firsts and not statements.find(code, bound.anchor.through, firsts[0].first):
            values = {"function": code.function, "statement": bound.anchor.through}
            yield WalkthroughProblem(walkthrough.id, bound.note.id, "statement", values, bound.step)
    for covered in bound.note.covers:
        if not in_range(binder.release, covered.releases):
            continue
        codes = statements.codes(covered.function)
        if not codes:
            yield WalkthroughProblem(
                walkthrough.id, bound.note.id, "function", {"function": covered.function}, bound.step
            )
        elif missing := next((piece for piece in (covered.statement, covered.through) if piece and not any(
            statements.find(code, piece) for code in codes)), None):  # fmt: skip
            values = {"function": covered.function, "statement": missing}
            yield WalkthroughProblem(walkthrough.id, bound.note.id, "statement", values, bound.step)


def _leads_somewhere(link: str, walkthrough: Walkthrough, known: Mapping[str, Walkthrough]) -> bool:
    name, _, note = link.partition("/")
    if not note and any(one.id == name for one in walkthrough.notes):
        return True
    other = known.get(name)
    return other is not None and (not note or any(one.id == note for one in other.notes))


class GivenTrace(NamedTuple):
    """A trace to check with. ``of``: walkthrough and name of each load that it was recorded for."""

    trace: Trace
    recorded_for: frozenset[tuple[str, str]] | None = None

    @property
    def release(self) -> str:
        return Binder(self.trace).release

    @property
    def name(self) -> str:
        return self.trace.meta.model_name


class TraceProblem(NamedTuple):
    """A problem, and the release of the trace that shows it; None for one that needs no trace."""

    problem: WalkthroughProblem
    release: str | None


class CheckResult(NamedTuple):
    """The result of checking a walkthrough.

    Attributes:
        walkthrough: the walkthrough.
        notes: how many of its notes were checked.
        problems: what does not hold.
        unchecked: how many are said not to be checked on these releases.
    """

    walkthrough: Walkthrough
    notes: int
    problems: list[TraceProblem]
    unchecked: int = 0


def check_many(
    walkthrough: Walkthrough, known: Mapping[str, Walkthrough], traces: Sequence[GivenTrace], *, all_notes: bool
) -> CheckResult:
    """Check one walkthrough.

    Args:
        walkthrough: what is checked.
        known: what its links may lead to.
        traces: the available traces.
        whatever: check all notes against a trace of none of its loads, instead of leaving it out.
    """
    found = [TraceProblem(problem, None) for problem in check_text(walkthrough, known)]
    notes: set[str] = set()
    unchecked: set[str] = set()
    for given, load in _traces_for(walkthrough, traces, all_notes=all_notes):
        release = given.release
        others = [
            other.trace
            for other, its in _traces_for(walkthrough, traces, all_notes=all_notes)
            if its == load and other.release != release
        ]
        problems = check_one(walkthrough, given.trace, load, others)
        found += [TraceProblem(problem, release) for problem in problems]
        applying = _applying_notes(walkthrough, load, release)
        notes |= {note.id for note in applying if note.is_checked_on(release)}
        unchecked |= {note.id for note in applying if not note.is_checked_on(release)}
    return CheckResult(walkthrough, len(notes), found, len(unchecked - notes))


def coverage_table(given: GivenTrace, walkthroughs: Sequence[Walkthrough], *, whole: bool) -> list[FunctionCoverage]:
    """Return the functions of a load; without ``whole``, those that the walkthroughs say something about."""
    return [one for one in measure_coverage(given.trace, walkthroughs) if whole or one.explained]


def _traces_for(
    walkthrough: Walkthrough, traces: Sequence[GivenTrace], *, all_notes: bool
) -> list[tuple[GivenTrace, str | None]]:
    """Return the traces to check with, each with the name of its load; None for all notes."""
    found: list[tuple[GivenTrace, str | None]] = []
    for given in traces:
        if given.recorded_for is not None:
            found += [(given, load) for owner, load in sorted(given.recorded_for) if owner == walkthrough.id]
        elif (load := load_name_for(walkthrough, given.trace)) is not None or all_notes:
            found.append((given, load))
    return found


def _applying_notes(walkthrough: Walkthrough, load: str | None, release: str) -> list[Note]:
    return [
        note
        for note in walkthrough.notes
        if load in (None, walkthrough.load_of(note))
        and in_range(release, walkthrough.releases)
        and in_range(release, note.releases)
    ]
