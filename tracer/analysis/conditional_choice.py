"""``a if c else b``: one statement and one step, so the recorded values have to tell."""

from __future__ import annotations

import ast

from tracer.analysis.choice import Choice, Moment
from tracer.analysis.conditions import holds, recorded_attribute
from tracer.analysis.decision import Decision
from tracer.analysis.folding import Folded
from tracer.analysis.syntax import Spot, Syntax
from tracer.trace import values as v


class ConditionalChoice(Choice):
    """``a if c else b``: told by the recorded values in the condition, else by what was bound to."""

    def __init__(
        self, decision: Decision, spot: Spot, syntax: Syntax, expression: ast.IfExp, variables: Folded
    ) -> None:
        super().__init__(decision, spot, syntax)
        self._expression = expression
        self._holds = holds(expression.test, variables)
        self._attribute = recorded_attribute(expression.test, variables)
        self._then = _operand(expression.body, variables)
        self._else = _operand(expression.orelse, variables)

    def closed_by(self, now: Moment) -> bool:
        if now.step.event == "raise":
            return False
        bound = self._bound(now)
        outcome = self._holds
        if outcome is None and bound is not None:
            outcome = _which(bound, self._then, self._else)
            if outcome is None:
                outcome = self._named(bound)
        if self.raises(now):
            return self.decide("raised" if outcome is None else _branch(outcome), now)
        self.decision.value = bound
        if outcome is None:
            return self.decide("unknown", now)
        return self.decide(_branch(outcome), now, [self._expression.orelse if outcome else self._expression.body])

    def _named(self, bound: v.Value) -> bool | None:
        """A class or function that bears the name of one side, where the attribute that is asked points there too."""
        if self._attribute is None or not isinstance(bound, (v.Class, v.Function)):
            return None
        side = self._expression.body if self._attribute else self._expression.orelse
        return self._attribute if isinstance(side, ast.Name) and side.id == bound.name else None

    def _bound(self, now: Moment) -> v.Value | None:
        node = self.spot.node
        if isinstance(node, ast.Return) and node.value is self._expression:
            return now.value if now.step.event == "return" else None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            return None
        if node.value is not self._expression or not isinstance(target, ast.Name):
            return None
        return now.variables.value((target.id,))


def _branch(holds: bool) -> str:
    return "then" if holds else "else"


def _operand(expression: ast.expr, variables: Folded) -> v.Value | None:
    """What a side of a conditional expression gives, if it is a constant or a variable."""
    if isinstance(expression, ast.Constant):
        value = expression.value
        if isinstance(value, str):
            return v.Text(value)
        return v.Plain(value) if value is None or isinstance(value, (bool, int, float)) else None
    return variables.value((expression.id,)) if isinstance(expression, ast.Name) else None


def _which(bound: v.Value, then: v.Value | None, other: v.Value | None) -> bool | None:
    """Which side was bound, where the values tell: both are known and differ, or one is known and was not it."""
    if then is not None and other is not None:
        return None if _same(then, other) or not (_same(bound, then) or _same(bound, other)) else _same(bound, then)
    if then is not None and not _same(bound, then):
        return False
    if other is not None and not _same(bound, other):
        return True
    return None


def _same(one: v.Value, other: v.Value) -> bool:
    if isinstance(one, v.Plain) and isinstance(other, v.Plain):
        return type(one.value) is type(other.value) and one.value == other.value
    return one == other
