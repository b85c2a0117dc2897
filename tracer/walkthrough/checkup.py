"""Checking several walkthroughs against several traces: which trace is for whom, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tracer.trace.meta import model_name
from tracer.trace.reading import Trace
from tracer.walkthrough.binding import Binder
from tracer.walkthrough.checking import Problem, check_text, check_trace
from tracer.walkthrough.coverage import Coverage, coverage
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.loads import matching
from tracer.walkthrough.releases import in_range


class Given(NamedTuple):
    """A trace to check with. ``of``: walkthrough and name of each load that it was recorded for."""

    trace: Trace
    of: frozenset[tuple[str, str]] | None = None

    @property
    def release(self) -> str:
        return Binder(self.trace).release

    @property
    def name(self) -> str:
        return model_name(self.trace.meta)


class Found(NamedTuple):
    """A problem, and the release of the trace that shows it; None for one that needs no trace."""

    problem: Problem
    release: str | None


class Checked(NamedTuple):
    """What came of a walkthrough."""

    walkthrough: Walkthrough
    notes: int
    found: list[Found]


def checkup(
    walkthrough: Walkthrough, known: Mapping[str, Walkthrough], traces: Sequence[Given], *, whatever: bool
) -> Checked:
    """Check one walkthrough.

    Args:
        walkthrough: what is checked.
        known: what its links may lead to.
        traces: the traces there are.
        whatever: check all notes against a trace that is of none of its loads, instead of leaving it out.
    """
    found = [Found(problem, None) for problem in check_text(walkthrough, known)]
    notes: set[str] = set()
    for given, load in _fitting(walkthrough, traces, whatever=whatever):
        release = given.release
        others = [
            other.trace
            for other, its in _fitting(walkthrough, traces, whatever=whatever)
            if its == load and other.release != release
        ]
        problems = check_trace(walkthrough, given.trace, load, others)
        found += [Found(problem, release) for problem in problems]
        notes |= _checked(walkthrough, load, release)
    return Checked(walkthrough, len(notes), found)


def covered(given: Given, walkthroughs: Sequence[Walkthrough], *, whole: bool) -> list[Coverage]:
    """The functions of a load; without ``whole``, those that the walkthroughs say something of."""
    return [one for one in coverage(given.trace, walkthroughs) if whole or one.explained]


def as_json(checked: Sequence[Checked], tables: Sequence[tuple[Given, list[Coverage]]] | None) -> dict[str, Any]:
    """The same for programs."""
    document: dict[str, Any] = {
        "walkthroughs": [
            {
                "id": one.walkthrough.id,
                "notes": len(one.walkthrough.notes),
                "checked": one.notes,
                "problems": [{**msgspec.to_builtins(problem), "release": release} for problem, release in one.found],
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


def _fitting(walkthrough: Walkthrough, traces: Sequence[Given], *, whatever: bool) -> list[tuple[Given, str | None]]:
    """The traces to check with, each with the name of its load; None for all notes."""
    found: list[tuple[Given, str | None]] = []
    for given in traces:
        if given.of is not None:
            found += [(given, load) for owner, load in sorted(given.of) if owner == walkthrough.id]
        elif (load := matching(walkthrough, given.trace)) is not None or whatever:
            found.append((given, load))
    return found


def _checked(walkthrough: Walkthrough, load: str | None, release: str) -> set[str]:
    return {
        note.id
        for note in walkthrough.notes
        if load in (None, walkthrough.load_of(note))
        and in_range(release, walkthrough.releases)
        and in_range(release, note.releases)
    }
