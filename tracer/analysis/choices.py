"""``if``, loops and early returns: told by which line of the frame runs next."""

from __future__ import annotations

import ast

from tracer.analysis.choice import Choice, Moment, following, skipped_lines
from tracer.analysis.decision import Decision
from tracer.analysis.syntax import LOOPS, Spot, Syntax, first_line
from tracer.trace.steps import Bound


class IfChoice(Choice):
    def closed_by(self, now: Moment) -> bool:
        node = self.spot.node
        assert isinstance(node, ast.If)
        one_line = first_line(node.body[0]) == node.lineno
        if now.step.event == "raise":
            return False
        if self.raises(now):
            return self.decide("unknown" if one_line else "raised", now)
        branch = now.spot.branch_of(node)
        if branch == "body":
            return self.decide("then", now, node.orelse)
        if branch == "orelse":
            next_asked = now.spot.node is node.orelse[0] and self.syntax.is_elif(now.spot.node)
            return self.decide("elif" if next_asked else "else", now, node.body)
        if not one_line:
            return self.decide("after", now, node.body)
        return self._on_one_line(node, now)

    def _on_one_line(self, node: ast.If, now: Moment) -> bool:
        """``if a: b`` is one step; what comes next tells more or less."""
        inside = node.body[0]
        rest = following(self.spot)
        goes_on = bool(rest) and now.spot.node is rest[0] and not now.is_end
        if isinstance(inside, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            if goes_on:
                return self.decide("after", now, node.body)
            return self.decide("then" if rest else "unknown", now, node.orelse if rest else ())
        bound = {name.id for name in ast.walk(inside) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
        changed = {change.name for change in now.step.changes if isinstance(change, Bound)}
        return self.decide("then" if bound & changed else "unknown", now, node.orelse if bound & changed else ())


class LoopChoice(Choice):
    def __init__(self, decision: Decision, spot: Spot, syntax: Syntax) -> None:
        super().__init__(decision, spot, syntax)
        assert isinstance(spot.node, LOOPS)
        self.node = spot.node
        self._at_header = True
        self._first = first_line(self.node.body[0])
        # ``while True`` stands at its header once alone; what is first in it follows directly on what is last
        self._without_header = _is_endless(self.node)
        owner = spot.block.owner
        self._inside_endless = owner is not None and _is_endless(owner.node) and spot.block.statements[0] is spot.node
        decision.times = None if self._first == self.node.lineno else 0

    def closed_by(self, now: Moment) -> bool:
        if now.step.event == "raise":
            return False
        decision = self.decision
        branch = None if now.is_end else now.spot.branch_of(self.node)
        if now.spot is self.spot and not now.is_end:
            if self._at_header and self._inside_endless and decision.times is not None:
                return self._over("exhausted", now)
            self._at_header = True
            return False
        if branch == "body":
            self._count(now)
            return False
        if self.raises(now):
            decision.ended = "exception"
            return self.decide("entered" if decision.times else "raised", now)
        if branch == "orelse" or self._at_header or decision.times is None:
            return self._over("exhausted", now)
        if now.flying or now.step.event == "unwind":
            return self._over("exception", now)
        is_return = now.before is not None and isinstance(now.before.node, ast.Return)
        if is_return or (now.is_end and not _is_break(now.before)):
            return self._over("return", now)
        return self._over("break", now)

    def cut_off(self) -> None:
        if self.decision.times:
            self.decision.outcome = "entered"
        self.decision.ended = "unknown"
        self.decision.times = None

    def _count(self, now: Moment) -> None:
        again = self._without_header and now.spot.node is self.node.body[0] and not isinstance(now.spot.node, LOOPS)
        if (self._at_header or again) and self.decision.times is not None:
            self.decision.times += 1
            if self.decision.outcome == "unknown":
                self.decide("entered", now)
        self._at_header = False

    def _over(self, how: str, now: Moment) -> bool:
        times = self.decision.times
        if times is None:
            return self.decide("unknown", now)
        self.decision.ended = how
        if times == 0:
            return self.decide("not-entered", now, self.node.body)
        if how != "exhausted":
            self.decision.skipped = skipped_lines(self.syntax, self.node.orelse)
        return True


class ReturnChoice(Choice):
    def closed_by(self, now: Moment) -> bool:
        if now.step.event == "raise":
            return False
        if self.raises(now):
            return self.decide("raised", now)
        self.decision.outcome, self.decision.went = "returned", now.step.number
        if now.step.event == "return":
            self.decision.value = now.value
        function = [*self.spot.enclosing()][-1].statements
        rest = following(self.spot)
        self.decision.skipped = skipped_lines(self.syntax, [rest[0], function[-1]] if rest else ())
        return True


def _is_endless(node: ast.AST) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant)


def _is_break(spot: Spot | None) -> bool:
    node = spot.node if spot is not None else None
    return isinstance(node, ast.Break) or (isinstance(node, ast.If) and isinstance(node.body[0], ast.Break))
