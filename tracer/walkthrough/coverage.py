"""How much of the code that ran is explained: executed statements under a note, function by function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from tracer.trace.queries import FunctionCode, lines_in_function
from tracer.trace.reading import Trace
from tracer.walkthrough.binding import Binder, BoundNote
from tracer.walkthrough.format import CoveredCode, Walkthrough
from tracer.walkthrough.releases import in_range
from tracer.walkthrough.statements import CodeStatement


class FunctionCoverage(msgspec.Struct, frozen=True):
    """One function's executed statements. ``missing`` are the first lines of those that no note explains."""

    function: str
    path: str
    executed: int
    explained: int
    missing: list[int]


def measure_coverage(trace: Trace, walkthroughs: Iterable[Walkthrough]) -> list[FunctionCoverage]:
    """Of each stepped function of a load, in the order in which they were first called."""
    binder = Binder(trace)
    explained: dict[FunctionCode, set[int]] = {}
    for walkthrough in walkthroughs:
        for bound in binder.bind(walkthrough):
            if isinstance(bound, BoundNote):
                for code, statement in _explained(binder, bound):
                    explained.setdefault(code, set()).add(statement.first)
    paths = trace.source_paths()
    return [
        FunctionCoverage(
            code.function,
            paths.get(code.source, "?"),
            len(ran),
            len(ran & explained.get(code, set())),
            sorted(ran - explained.get(code, set())),
        )
        for code, ran in _executed(binder)
        if ran
    ]


def coverage_totals(found: Iterable[FunctionCoverage]) -> tuple[int, int]:
    """Explained and executed statements in all."""
    every = list(found)
    return sum(one.explained for one in every), sum(one.executed for one in every)


def _executed(binder: Binder) -> Iterator[tuple[FunctionCode, set[int]]]:
    for code in binder.statements.all_codes():
        lines = lines_in_function(binder.trace, code)
        statements = binder.statements.of_function(code)
        yield code, {one.first for one in statements if any(one.first <= line <= one.last for line in lines)}


def _explained(binder: Binder, bound: BoundNote) -> Iterator[tuple[FunctionCode, CodeStatement]]:
    """Every statement that a note is about."""
    frame_number = binder.trace.step(bound.step).frame
    if frame_number is not None and bound.first is not None and bound.last is not None and bound.anchor.function:
        frame = binder.trace.frame(frame_number)
        code = FunctionCode(frame.function, frame.source, frame.line)
        for one in binder.statements.of_function(code):
            if bound.first <= one.first <= bound.last:
                yield code, one
    for covered in bound.note.covers:
        if in_range(binder.release, covered.releases):
            yield from _covered_statements(binder, covered)


def _covered_statements(binder: Binder, covered: CoveredCode) -> Iterator[tuple[FunctionCode, CodeStatement]]:
    statements = binder.statements
    for code in statements.codes(covered.function):
        if not covered.statement:
            yield from ((code, one) for one in statements.of_function(code))
            continue
        for first in statements.find(code, covered.statement)[:1]:
            yield from ((code, one) for one in statements.range(code, first, covered.through))
