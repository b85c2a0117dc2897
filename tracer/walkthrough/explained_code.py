"""The code that notes explain: excerpts with the lines that ran, and how much of what ran is covered."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tracer.analysis.syntax import first_line, header_end
from tracer.trace.errors import DanglingNumber
from tracer.trace.queries import FunctionCode, lines_in_frame, lines_in_function
from tracer.trace.reading import Trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.format import CoveredCode, Walkthrough, in_range
from tracer.walkthrough.statements import CodeStatement, function_of

_MOST: Final = 40  # lines of an excerpt
_KEPT: Final = {"not-run": 2, "comment": 2, "documentation": 0}  # lines of a run of such that are shown
_AT_THE_END: Final = 8


class ExcerptLine(NamedTuple):
    """A line of source. ``ran`` is None for one that can't run: a comment, an ``else:``."""

    number: int
    text: str
    ran: bool | None
    here: bool = False


class ExcerptGap(NamedTuple):
    """Lines that are left out; ``ran`` is False where none of them ran."""

    lines: int
    ran: bool | None


Shown: TypeAlias = "ExcerptLine | ExcerptGap"


class Excerpt(NamedTuple):
    """Lines of one function."""

    path: str
    function: str
    first: int
    last: int
    lines: list[Shown]


def note_excerpt(binder: Binder, bound: BoundNote) -> Excerpt | None:
    """Return the code at a note's anchor; None for a step without a stored source."""
    step = binder.trace.step(bound.step)
    if bound.source is None or bound.first is None or bound.last is None or step.frame is None:
        return None
    try:
        frame = binder.trace.frame(step.frame)
    except DanglingNumber:
        return None
    code = FunctionCode.of(frame)
    first, last = bound.first, bound.last
    header = _header(binder, code)
    if header is not None and (bound.anchor.whole or first <= header[1]):
        first, last = min(first, header[0]), max(last, header[1])
    ran = lines_in_frame(binder.trace, step.frame, code.source)
    here = step.line if step.event != "call" and not bound.anchor.whole else None
    return _make_excerpt(binder, code, first, last, ran, here)


def covered_excerpts(binder: Binder, bound: BoundNote) -> Iterator[Excerpt]:
    """Yield the other code that a note explains, in source order, without what its own excerpt shows."""
    found = []
    own = note_excerpt(binder, bound)
    for one in bound.note.covers:
        if in_range(binder.release, one.releases):
            for code in binder.statements.codes(one.function)[:1]:
                made = _covered_excerpt(binder, code, one)
                if made is not None and not (own is not None and _within(made, own)):
                    found.append(made)
    yield from sorted(found, key=lambda one: (one.path, one.first))


def _within(one: Excerpt, other: Excerpt) -> bool:
    same = (one.path, one.function) == (other.path, other.function)
    return same and other.first <= one.first and one.last <= other.last


def _covered_excerpt(binder: Binder, code: FunctionCode, wanted: CoveredCode) -> Excerpt | None:
    statements = binder.statements.of_function(code)
    header = _header(binder, code)
    if wanted.statement:
        found = binder.statements.find(code, wanted.statement)[:1]
        statements = binder.statements.range(code, found[0], wanted.through) if found else []
    if not statements:
        return None
    first, last = statements[0].first, max(one.last for one in statements)
    first = first if wanted.statement or header is None else header[0]
    return _make_excerpt(binder, code, first, last, lines_in_function(binder.trace, code), None)


def _header(binder: Binder, code: FunctionCode) -> tuple[int, int] | None:
    """Return the lines of a function's ``def``."""
    node = function_of(binder.statements.sources(code.source), code)
    return None if node is None else (first_line(node), header_end(node))


def _make_excerpt(
    binder: Binder, code: FunctionCode, first: int, last: int, ran: set[int], here: int | None
) -> Excerpt | None:
    syntax = binder.statements.sources(code.source)
    if syntax is None or not 0 < first <= last <= len(syntax.lines):
        return None
    kinds = _kinds(binder.statements.of_function(code), ran)
    lines = [
        ExcerptLine(number, syntax.lines[number - 1], {"ran": True, "not-run": False}.get(kinds.get(number, "")))
        for number in range(first, last + 1)
    ]
    marked = _marked(lines, binder.statements.of_function(code), here)
    shown = _shortened(list(_folded(marked, kinds)))
    path = binder.trace.source_paths().get(code.source, "?")
    return Excerpt(path, code.function, first, last, shown)


def _kinds(statements: Iterable[CodeStatement], ran: set[int]) -> dict[int, str]:
    """Return the kind of each line: ran, not-run, documentation; nothing if no line was stepped."""
    found: dict[int, str] = {}
    for one in statements:
        lines = range(one.first, one.last + 1)
        documentation = isinstance(one.spot.node, ast.Expr) and isinstance(one.spot.node.value, ast.Constant)
        kind = "documentation" if documentation else "ran" if ran & set(lines) else "not-run" if ran else ""
        found.update((line, kind) for line in lines if found.get(line) != "ran")
    return found


def _marked(lines: list[ExcerptLine], statements: Iterable[CodeStatement], here: int | None) -> list[ExcerptLine]:
    """Return the lines with those of the step's statement marked."""
    if here is None:
        return lines
    own = next((one for one in statements if one.first <= here <= one.last), None)
    first, last = (own.first, own.last) if own is not None else (here, here)
    return [line._replace(here=first <= line.number <= last) for line in lines]


def _folded(lines: list[ExcerptLine], kinds: dict[int, str]) -> Iterator[Shown]:
    """Yield long runs of comments, documentation and lines that did not run, shortened to their beginnings."""

    def kind(line: ExcerptLine) -> str:
        stripped = line.text.strip()
        known = "comment" if stripped.startswith("#") else kinds.get(line.number, "")
        return known if known in _KEPT else ""

    for what, group in groupby(_joined(lines, kind), key=lambda pair: pair[1]):
        run = [line for line, _ in group]
        kept = _KEPT.get(what, len(run))
        if what != "documentation" and len(run) <= kept + 1:
            yield from run
        else:
            yield from run[:kept]
            yield ExcerptGap(len(run) - kept, False if what == "not-run" else None)


def _joined(lines: list[ExcerptLine], kind: object) -> list[tuple[ExcerptLine, str]]:
    """Return each line with its kind; lines between lines that did not run count as not run."""
    assert callable(kind)
    kinds = [str(kind(line)) for line in lines]
    neutral = [line.ran is None and not line.here for line in lines]
    before = ""
    for index, what in enumerate(kinds):
        if what == "not-run":
            before = what
        elif neutral[index] and before and _next(kinds, neutral, index) == before:
            kinds[index] = before
        elif not neutral[index]:
            before = ""
    return list(zip(lines, kinds, strict=True))


def _next(kinds: list[str], neutral: list[bool], index: int) -> str:
    """Return the kind of the next line that can run."""
    return next((kinds[at] for at in range(index + 1, len(kinds)) if not neutral[at] or kinds[at] == "not-run"), "")


def _shortened(lines: list[Shown]) -> list[Shown]:
    """Return the lines, without the middle if there are too many."""
    if len(lines) <= _MOST:
        return lines
    cut = lines[_MOST - _AT_THE_END : -_AT_THE_END]
    count = sum(one.lines if isinstance(one, ExcerptGap) else 1 for one in cut)
    none_ran = all(one.ran is False for one in cut)
    return [*lines[: _MOST - _AT_THE_END], ExcerptGap(count, False if none_ran else None), *lines[-_AT_THE_END:]]


class FunctionCoverage(msgspec.Struct, frozen=True):
    """One function's executed statements. ``missing`` are the first lines of those that no note explains."""

    function: str
    path: str
    executed: int
    explained: int
    missing: list[int]


def measure_coverage(trace: Trace, walkthroughs: Iterable[Walkthrough]) -> list[FunctionCoverage]:
    """Return the coverage of each stepped function of a load, in the order of their first calls."""
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
    """Return how many statements are explained, and how many were executed."""
    every = list(found)
    return sum(one.explained for one in every), sum(one.executed for one in every)


def _executed(binder: Binder) -> Iterator[tuple[FunctionCode, set[int]]]:
    for code in binder.statements.all_codes():
        lines = lines_in_function(binder.trace, code)
        statements = binder.statements.of_function(code)
        yield code, {one.first for one in statements if any(one.first <= line <= one.last for line in lines)}


def _explained(binder: Binder, bound: BoundNote) -> Iterator[tuple[FunctionCode, CodeStatement]]:
    """Yield every statement that a note is about."""
    frame_number = binder.trace.step(bound.step).frame
    if frame_number is not None and bound.first is not None and bound.last is not None and bound.anchor.function:
        frame = binder.trace.frame(frame_number)
        code = FunctionCode.of(frame)
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
