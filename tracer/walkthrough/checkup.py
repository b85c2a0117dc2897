"""Checking several walkthroughs against several traces: which trace is for whom, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tracer.trace.meta import model_name
from tracer.trace.reading import Trace
from tracer.walkthrough.binding import Binder
from tracer.walkthrough.checking import WalkthroughProblem, check_one, check_text
from tracer.walkthrough.coverage import FunctionCoverage, measure_coverage
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.loads import load_name_for
from tracer.walkthrough.releases import in_range


class GivenTrace(NamedTuple):
    """A trace to check with. ``of``: walkthrough and name of each load that it was recorded for."""

    trace: Trace
    recorded_for: frozenset[tuple[str, str]] | None = None

    @property
    def release(self) -> str:
        return Binder(self.trace).release

    @property
    def name(self) -> str:
        return model_name(self.trace.meta)


class TraceProblem(NamedTuple):
    """A problem, and the release of the trace that shows it; None for one that needs no trace."""

    problem: WalkthroughProblem
    release: str | None


class CheckResult(NamedTuple):
    """What came of a walkthrough."""

    walkthrough: Walkthrough
    notes: int
    problems: list[TraceProblem]


def check_many(
    walkthrough: Walkthrough, known: Mapping[str, Walkthrough], traces: Sequence[GivenTrace], *, all_notes: bool
) -> CheckResult:
    """Check one walkthrough.

    Args:
        walkthrough: what is checked.
        known: what its links may lead to.
        traces: the traces there are.
        whatever: check all notes against a trace that is of none of its loads, instead of leaving it out.
    """
    found = [TraceProblem(problem, None) for problem in check_text(walkthrough, known)]
    notes: set[str] = set()
    for given, load in _traces_for(walkthrough, traces, all_notes=all_notes):
        release = given.release
        others = [
            other.trace
            for other, its in _traces_for(walkthrough, traces, all_notes=all_notes)
            if its == load and other.release != release
        ]
        problems = check_one(walkthrough, given.trace, load, others)
        found += [TraceProblem(problem, release) for problem in problems]
        notes |= _checked_notes(walkthrough, load, release)
    return CheckResult(walkthrough, len(notes), found)


def coverage_table(given: GivenTrace, walkthroughs: Sequence[Walkthrough], *, whole: bool) -> list[FunctionCoverage]:
    """The functions of a load; without ``whole``, those that the walkthroughs say something of."""
    return [one for one in measure_coverage(given.trace, walkthroughs) if whole or one.explained]


def as_json(
    checked: Sequence[CheckResult], tables: Sequence[tuple[GivenTrace, list[FunctionCoverage]]] | None
) -> dict[str, Any]:
    """The same for programs."""
    document: dict[str, Any] = {
        "walkthroughs": [
            {
                "id": one.walkthrough.id,
                "notes": len(one.walkthrough.notes),
                "checked": one.notes,
                "problems": [{**msgspec.to_builtins(problem), "release": release} for problem, release in one.problems],
            }
            for one in checked
        ]
    }
    if tables is not None:
        document["coverage"] = [
            {
                "model": given.name,
                "release": given.release,
                "explained": sum(one.explained for one in table),
                "executed": sum(one.executed for one in table),
                "functions": msgspec.to_builtins(table),
            }
            for given, table in tables
        ]
    return document


def _traces_for(
    walkthrough: Walkthrough, traces: Sequence[GivenTrace], *, all_notes: bool
) -> list[tuple[GivenTrace, str | None]]:
    """The traces to check with, each with the name of its load; None for all notes."""
    found: list[tuple[GivenTrace, str | None]] = []
    for given in traces:
        if given.recorded_for is not None:
            found += [(given, load) for owner, load in sorted(given.recorded_for) if owner == walkthrough.id]
        elif (load := load_name_for(walkthrough, given.trace)) is not None or all_notes:
            found.append((given, load))
    return found


def _checked_notes(walkthrough: Walkthrough, load: str | None, release: str) -> set[str]:
    return {
        note.id
        for note in walkthrough.notes
        if load in (None, walkthrough.load_of(note))
        and in_range(release, walkthrough.releases)
        and in_range(release, note.releases)
    }
