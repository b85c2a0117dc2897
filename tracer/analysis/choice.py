"""A choice that waits to be told where its frame went."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from tracer.analysis.decision import Decision, Skipped
from tracer.analysis.folding import Folded
from tracer.analysis.syntax import Spot, Syntax, first_line
from tracer.trace import values as v
from tracer.trace.steps import LightStep


class Moment(NamedTuple):
    """An event of the frame.

    Attributes:
        step: the step behind it.
        spot: where the frame is now; at its end, where it ended.
        before: where it was.
        flying: whether an exception is on its way since the frame's last line.
        value: the step's value: what was returned or raised.
        variables: the local variables at this event.
    """

    step: LightStep
    spot: Spot
    before: Spot | None
    flying: bool
    value: v.Value | None
    variables: Folded

    @property
    def is_end(self) -> bool:
        return self.step.event in ("return", "unwind")


class Choice:
    """A decision that has begun."""

    def __init__(self, decision: Decision, spot: Spot, syntax: Syntax) -> None:
        self.decision = decision
        self.spot = spot
        self.syntax = syntax

    def closed_by(self, now: Moment) -> bool:
        """Take in an event; whether nothing more is to come."""
        raise NotImplementedError

    def cut_off(self) -> None:
        """The recording ends here."""

    def decide(self, outcome: str, now: Moment, skipped: Sequence[ast.AST] = ()) -> bool:
        self.decision.outcome = outcome
        self.decision.skipped = skipped_lines(self.syntax, skipped)
        self.decision.went = now.step.number
        return True

    def raises(self, now: Moment) -> bool:
        """Whether the choice's own line ended in an exception."""
        return now.flying and now.before is self.spot


def following(spot: Spot) -> Sequence[ast.stmt]:
    """The statements that come next in the function, were this one passed over; none at its end."""
    at: Spot | None = spot
    while at is not None:
        if rest := after(at):
            return rest
        at = at.block.owner
    return ()


def after(spot: Spot) -> Sequence[ast.stmt]:
    """The statements that come next in its own block."""
    statements = spot.block.statements
    for index, statement in enumerate(statements):
        if statement is spot.node:
            return statements[index + 1 :]
    return ()


def skipped_lines(syntax: Syntax, nodes: Sequence[ast.AST]) -> Skipped | None:
    """The lines from the first to the last of these."""
    if not nodes:
        return None
    key = tuple(map(id, nodes))
    known = syntax.skipped.get(key)
    if known is None:
        first, last = min(map(_start, nodes)), max(map(_end, nodes))
        text = syntax.text(nodes[0]) if isinstance(nodes[0], ast.expr) else syntax.line(first)
        known = syntax.skipped[key] = Skipped(first, max(first, last), text)
    return known


def _start(node: ast.AST) -> int:
    return first_line(node) if isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)) else node.lineno  # type: ignore[attr-defined]


def _end(node: ast.AST) -> int:
    if isinstance(node, ast.match_case):
        node = node.body[-1]
    return getattr(node, "end_lineno", None) or 0
