"""Choices among clauses: the ``except`` that took an exception, the ``case`` that matched."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tracer.analysis.choice import Choice, Moment, after
from tracer.analysis.decision import Decision
from tracer.analysis.syntax import Spot, Syntax, first_line
from tracer.trace import values as v


class TryChoice(Choice):
    def __init__(self, decision: Decision, spot: Spot, syntax: Syntax) -> None:
        super().__init__(decision, spot, syntax)
        self._error: v.Value | None = None
        self._raised_at: Spot | None = None
        self._asked: ast.ExceptHandler | None = None

    def closed_by(self, now: Moment) -> bool:
        node = self.spot.node
        assert isinstance(node, ast.Try) or hasattr(node, "finalbody")
        branch = now.spot.branch_of(node)
        if now.step.event == "raise":
            if branch == "body":
                self._error, self._raised_at = now.value, now.spot
            return False
        if branch == "handler":
            clause = now.spot.clause_of(node)
            assert isinstance(clause, ast.ExceptHandler)
            if now.spot.node is not clause:
                return self._caught(clause, now)
            if self._asked is None and self._raised_at is None:  # StopIteration is not reported on its way
                self._raised_at = now.before
            self._asked = clause
            return now.is_end and self._end_of_handlers(now)
        if branch == "body" and not now.is_end:
            self._error = self._raised_at = None  # what was raised did not get out of the body
            return False
        if self._asked is not None or (now.flying and self._raised_at is not None):
            return self._end_of_handlers(now)
        return self.decide("completed", now, getattr(node, "handlers", ()))

    def _end_of_handlers(self, now: Moment) -> bool:
        asked = self._asked
        if asked is not None and now.step.event != "unwind" and first_line(asked.body[0]) == asked.lineno:
            return self._caught(asked, now)
        self.decision.value = self._error
        return self.decide("not-caught", now, self._rest_of_body())

    def _caught(self, clause: ast.ExceptHandler, now: Moment) -> bool:
        self.decision.value = self._error
        kind = self.syntax.text(clause.type) if clause.type is not None else ""
        self.decision.taken = f"except {kind}".strip()
        return self.decide("except", now, self._rest_of_body())

    def _rest_of_body(self) -> Sequence[ast.AST]:
        spot = self._raised_at
        while spot is not None and spot.block.owner is not None:
            if spot.block.owner.node is self.spot.node:
                return after(spot)
            spot = spot.block.owner
        return ()


class MatchChoice(Choice):
    def __init__(self, decision: Decision, spot: Spot, syntax: Syntax) -> None:
        super().__init__(decision, spot, syntax)
        self._asked: ast.match_case | None = None

    def closed_by(self, now: Moment) -> bool:
        node = self.spot.node
        assert isinstance(node, ast.Match)
        if now.step.event == "raise":
            return False
        clause = now.spot.clause_of(node)
        if isinstance(clause, ast.match_case):
            if now.spot.node is not clause:
                return self._matched(node, clause, now)
            if not now.is_end:
                self._asked = clause
                return False
        if now.flying:
            return self.decide("raised", now)
        if self._asked is not None and first_line(self._asked.body[0]) == first_line(self._asked):
            if self._asked is not node.cases[-1] or _always(self._asked):
                return self._matched(node, self._asked, now)
            return self.decide("unknown", now)
        return self.decide("no-case", now, node.cases)

    def _matched(self, node: ast.Match, clause: ast.match_case, now: Moment) -> bool:
        self.decision.taken = f"case {self.syntax.text(clause.pattern)}"
        others = [case for case in node.cases if case is not clause]
        after = [case for case in others if first_line(case) > first_line(clause)]
        return self.decide("case", now, after or others)


def _always(case: ast.match_case) -> bool:
    pattern = case.pattern
    return case.guard is None and isinstance(pattern, ast.MatchAs) and pattern.pattern is None
