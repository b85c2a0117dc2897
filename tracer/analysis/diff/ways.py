"""Decisions that went otherwise, and keyword arguments that ended elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.diff.difference import Difference, Table, table_differences
from tracer.analysis.diff.names import class_name, function_name
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.trace.reading import Trace


def compare_decisions(a: Trace, b: Trace) -> Iterator[Difference]:
    """Conditions that both loads came to, with another outcome."""
    mine, theirs = _outcomes(a), _outcomes(b)
    for place, (outcomes, step) in mine.items():
        if place in theirs and (there := theirs[place])[0].keys() != outcomes.keys():
            function, condition = place
            subject = f"{function}: {condition}"
            steps = _telling(outcomes, there[0], step), _telling(there[0], outcomes, there[1])
            yield Difference("decisions", "went-otherwise", subject, list(outcomes), list(there[0]), steps)


# Where it went on instead is a matter of how the code is written.
_COARSE: Final = {"after": "not-then", "else": "not-then", "elif": "not-then"}


def _outcomes(trace: Trace) -> dict[tuple[str, str], tuple[dict[str, int], int]]:
    """The outcomes of each condition, with the step of the first of each kind; and its first step."""
    found: dict[tuple[str, str], tuple[dict[str, int], int]] = {}
    for decision in decisions(trace):
        if decision.kind == "return" or decision.outcome == "unknown":
            continue  # a return follows from the condition around it
        kind = "if" if decision.kind == "elif" else decision.kind
        place = (function_name(decision.function), f"{kind} {decision.condition}")
        outcome = _COARSE.get(decision.outcome, decision.outcome)
        found.setdefault(place, ({}, decision.step))[0].setdefault(outcome, decision.step)
    return found


def _telling(outcomes: dict[str, int], others: dict[str, int], default: int) -> int:
    """The first step with an outcome that the other side does not have."""
    return next((step for outcome, step in outcomes.items() if outcome not in others), default)


def compare_keywords(a: Table, b: Table) -> Iterator[Difference]:
    """Arguments that ended elsewhere, or are there on one side only, by the :func:`ends` of both loads."""
    yield from table_differences("keywords", "keyword", a, b)


def ends(trace: Trace) -> Table:
    """What became of each keyword argument of a load."""
    found: Table = {}
    for journey in keyword_paths(trace):
        end = journey.end
        where = function_name(class_name(end.where)) if end.where else None
        found.setdefault(journey.name, ({"what": end.what, "where": where, "error": end.error}, end.step))
    return found
