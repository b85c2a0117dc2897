"""Why a note has no step in a trace: the decision that went the other way, as far as the code tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tracer.replay.decision import Decision
from tracer.replay.decisions import decisions
from tracer.replay.plain import short_value
from tracer.replay.syntax import first_line
from tracer.trace.reading import Trace
from tracer.walkthrough.format import Anchor
from tracer.walkthrough.statements import Code, Statement, Statements

_MOST_FRAMES: Final = 20
_MOST_NAMES: Final = 4  # of the values in a decision
_VALUE: Final = 44
_RAN: Final = (
    "SELECT 1 FROM step JOIN frame ON step.frame = frame.number WHERE frame.source = ? AND frame.line = ?"
    " AND step.line BETWEEN ? AND ? AND step.event = 'line' LIMIT 1"
)


class Unbound(msgspec.Struct, frozen=True):
    """A reason.

    Attributes:
        what: key of the sentence that tells it, see :mod:`tracer.walkthrough.words`.
        values: what the sentence is filled with; plain JSON.
        decision: the decision that went the other way, if one did.
    """

    what: str
    values: dict[str, Any] = {}
    decision: Decision | None = None


def why_unbound(statements: Statements, anchor: Anchor, stage: str) -> Unbound:
    """The reason why an anchor has no step in a stage of a trace."""
    trace = statements.trace
    if stage not in trace.stages():
        return Unbound("stage", {"stage": stage})
    if not anchor.function:
        return Unbound("kind", {"kind": anchor.kind, "stage": stage})
    codes = statements.codes(anchor.function)
    if not codes:
        return _never_called(statements, anchor.function)
    if not anchor.statement:
        return _elsewhere(anchor, stage)
    found = [(code, one) for code in codes for one in statements.find(code, anchor.statement)]
    if not found:
        return Unbound("statement", {"function": anchor.function, "statement": anchor.statement})
    for code, statement in found:
        if (passed := _passed_by(trace, code, statement)) is not None:
            return passed
    return _elsewhere(anchor, stage)


def _elsewhere(anchor: Anchor, stage: str) -> Unbound:
    """It ran, but not in the stage or with the values that the note is about."""
    what = "values" if anchor.where or anchor.data or anchor.within or abs(anchor.occurrence) > 1 else "other-stage"
    return Unbound(what, {"function": anchor.function, "stage": stage})


def _never_called(statements: Statements, function: str) -> Unbound:
    """Look for the statement that would have called it, and ask why that did not run."""
    for code, statement in _calls_of(statements, function.rpartition(".")[2]):
        passed = _passed_by(statements.trace, code, statement)
        if passed is not None:
            return msgspec.structs.replace(passed, values={**passed.values, "function": function, "called": True})
    return Unbound("function", {"function": function})


def _calls_of(statements: Statements, name: str) -> Iterator[tuple[Code, Statement]]:
    called = re.compile(rf"(?<![\w]){re.escape(name)}\(")
    for code in statements.all_codes():
        for one in statements.of(code):
            if called.search(one.text):
                yield code, one


def _passed_by(trace: Trace, code: Code, statement: Statement) -> Unbound | None:
    """Why a statement of a function that ran did not run; None where it did."""
    if (
        next(iter(trace.rows(tuple[int], _RAN, code.source, code.line, statement.first, statement.last)), None)
        is not None
    ):
        return None
    around = {first_line(block.owner.node) for block in statement.spot.enclosing() if block.owner is not None}
    values = {"function": code.function, "inside": code.function, "statement": statement.shown}
    frames = trace.rows(
        tuple[int],
        "SELECT number FROM frame WHERE source = ? AND line = ? ORDER BY number LIMIT ?",
        code.source, code.line, _MOST_FRAMES,
    )  # fmt: skip
    for (frame,) in list(frames):
        for decision in reversed(list(decisions(trace, frame=frame))):
            if decision.line in around:
                return Unbound("decision", {**values, **_told_of(trace, decision)}, decision)
    return Unbound("left-before", values)


def _told_of(trace: Trace, decision: Decision) -> dict[str, Any]:
    """What a sentence says of a decision."""
    names = list(decision.names.items())[:_MOST_NAMES]
    return {
        "asked": f"{decision.kind} {decision.condition}" if decision.kind in ("if", "elif") else decision.condition,
        "outcome": decision.outcome,
        "taken": decision.taken,
        "line": decision.line,
        "names": {name: short_value(trace, value, _VALUE) for name, value in names},
    }
