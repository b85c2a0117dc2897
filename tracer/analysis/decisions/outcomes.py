"""The outcome of each kind of choice, read from where its frame goes next.

``if``, loops and early returns are settled by the next line that runs, ``try`` and ``match`` by the clause that runs.
A conditional expression is one statement and one step, so it is settled by recorded values.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from tracer.analysis.decisions.conditions import decision_syntax, recorded_attribute, truth_of
from tracer.analysis.decisions.decision import Decision, Skipped
from tracer.analysis.locals import LocalsState
from tracer.analysis.syntax import LOOPS, SourceSyntax, StatementNode, first_line
from tracer.trace import values as v
from tracer.trace.steps import Bound, LightStep


class StepEvent(NamedTuple):
    """An event of the frame.

    Attributes:
        step: its step.
        statement: where the frame is now; at its end, where it ended.
        before: where it was before.
        raising: whether an exception has been raised since the frame's last line.
        value: the step's value: what was returned or raised.
        variables: the local variables at this event.
    """

    step: LightStep
    statement: StatementNode
    before: StatementNode | None
    raising: bool
    value: v.Value | None
    variables: LocalsState

    @property
    def is_end(self) -> bool:
        return self.step.event in ("return", "unwind")


class PendingDecision:
    """A decision whose outcome is not known yet."""

    def __init__(self, decision: Decision, statement: StatementNode, syntax: SourceSyntax) -> None:
        self.decision = decision
        self.statement = statement
        self.syntax = syntax

    def closed_by(self, now: StepEvent) -> bool:
        """Take an event into account; return whether the decision is complete."""
        raise NotImplementedError

    def cut_off(self) -> None:
        """Finish where the recording ends."""

    def decide(self, outcome: str, now: StepEvent, skipped: Sequence[ast.AST] = ()) -> bool:
        self.decision.outcome = outcome
        self.decision.skipped = skipped_lines(self.syntax, skipped)
        self.decision.went = now.step.number
        return True

    def raises(self, now: StepEvent) -> bool:
        """Return whether the decision's own line ended in an exception."""
        return now.raising and now.before is self.statement


def next_in_function(statement: StatementNode) -> Sequence[ast.stmt]:
    """Return the statements that come next in the function if this one is passed over; none at its end."""
    at: StatementNode | None = statement
    while at is not None:
        if rest := next_in_block(at):
            return rest
        at = at.block.owner
    return ()


def next_in_block(statement: StatementNode) -> Sequence[ast.stmt]:
    """Return the statements that come next in the same block."""
    statements = statement.block.statements
    for index, sibling in enumerate(statements):
        if sibling is statement.node:
            return statements[index + 1 :]
    return ()


def skipped_lines(syntax: SourceSyntax, nodes: Sequence[ast.AST]) -> Skipped | None:
    """Return the lines from the first to the last of these nodes."""
    if not nodes:
        return None
    key = tuple(map(id, nodes))
    lines = decision_syntax(syntax).skipped
    known = lines.get(key)
    if known is None:
        first, last = min(map(_start, nodes)), max(map(_end, nodes))
        text = syntax.text(nodes[0]) if isinstance(nodes[0], ast.expr) else syntax.line(first)
        known = lines[key] = Skipped(first, max(first, last), text)
    return known


def _start(node: ast.AST) -> int:
    return first_line(node) if isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)) else node.lineno  # type: ignore[attr-defined]


def _end(node: ast.AST) -> int:
    if isinstance(node, ast.match_case):
        node = node.body[-1]
    return getattr(node, "end_lineno", None) or 0


class PendingIf(PendingDecision):
    def closed_by(self, now: StepEvent) -> bool:
        node = self.statement.node
        assert isinstance(node, ast.If)
        one_line = first_line(node.body[0]) == node.lineno
        if now.step.event == "raise":
            return False
        if self.raises(now):
            return self.decide("unknown" if one_line else "raised", now)
        branch = now.statement.branch_of(node)
        if branch == "body":
            return self.decide("then", now, node.orelse)
        if branch == "orelse":
            next_asked = now.statement.node is node.orelse[0] and self.syntax.is_elif(now.statement.node)
            return self.decide("elif" if next_asked else "else", now, node.body)
        if not one_line:
            return self.decide("after", now, node.body)
        return self._on_one_line(node, now)

    def _on_one_line(self, node: ast.If, now: StepEvent) -> bool:
        """Decide ``if a: b``, which is one step, by what comes next, as far as that shows it."""
        inside = node.body[0]
        rest = next_in_function(self.statement)
        goes_on = bool(rest) and now.statement.node is rest[0] and not now.is_end
        if isinstance(inside, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            if goes_on:
                return self.decide("after", now, node.body)
            return self.decide("then" if rest else "unknown", now, node.orelse if rest else ())
        bound = {name.id for name in ast.walk(inside) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
        changed = {change.name for change in now.step.changes if isinstance(change, Bound)}
        return self.decide("then" if bound & changed else "unknown", now, node.orelse if bound & changed else ())


class PendingLoop(PendingDecision):
    def __init__(self, decision: Decision, statement: StatementNode, syntax: SourceSyntax) -> None:
        super().__init__(decision, statement, syntax)
        assert isinstance(statement.node, LOOPS)
        self.node = statement.node
        self._at_header = True
        self._first = first_line(self.node.body[0])
        # ``while True`` is at its header only once; its first statement directly follows its last
        self._without_header = _is_endless(self.node)
        owner = statement.block.owner
        self._inside_endless = (
            owner is not None and _is_endless(owner.node) and statement.block.statements[0] is statement.node
        )
        decision.times = None if self._first == self.node.lineno else 0

    def closed_by(self, now: StepEvent) -> bool:
        if now.step.event == "raise":
            return False
        decision = self.decision
        branch = None if now.is_end else now.statement.branch_of(self.node)
        if now.statement is self.statement and not now.is_end:
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
        if now.raising or now.step.event == "unwind":
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

    def _count(self, now: StepEvent) -> None:
        again = (
            self._without_header
            and now.statement.node is self.node.body[0]
            and not isinstance(now.statement.node, LOOPS)
        )
        if (self._at_header or again) and self.decision.times is not None:
            self.decision.times += 1
            if self.decision.outcome == "unknown":
                self.decide("entered", now)
        self._at_header = False

    def _over(self, how: str, now: StepEvent) -> bool:
        times = self.decision.times
        if times is None:
            return self.decide("unknown", now)
        self.decision.ended = how
        if times == 0:
            return self.decide("not-entered", now, self.node.body)
        if how != "exhausted":
            self.decision.skipped = skipped_lines(self.syntax, self.node.orelse)
        return True


class PendingReturn(PendingDecision):
    def closed_by(self, now: StepEvent) -> bool:
        if now.step.event == "raise":
            return False
        if self.raises(now):
            return self.decide("raised", now)
        self.decision.outcome, self.decision.went = "returned", now.step.number
        if now.step.event == "return":
            self.decision.value = now.value
        function = [*self.statement.enclosing()][-1].statements
        rest = next_in_function(self.statement)
        self.decision.skipped = skipped_lines(self.syntax, [rest[0], function[-1]] if rest else ())
        return True


def _is_endless(node: ast.AST) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant)


def _is_break(statement: StatementNode | None) -> bool:
    node = statement.node if statement is not None else None
    return isinstance(node, ast.Break) or (isinstance(node, ast.If) and isinstance(node.body[0], ast.Break))


class PendingTry(PendingDecision):
    def __init__(self, decision: Decision, statement: StatementNode, syntax: SourceSyntax) -> None:
        super().__init__(decision, statement, syntax)
        self._error: v.Value | None = None
        self._raised_at: StatementNode | None = None
        self._asked: ast.ExceptHandler | None = None

    def closed_by(self, now: StepEvent) -> bool:
        node = self.statement.node
        assert isinstance(node, ast.Try) or hasattr(node, "finalbody")
        branch = now.statement.branch_of(node)
        if now.step.event == "raise":
            if branch == "body":
                self._error, self._raised_at = now.value, now.statement
            return False
        if branch == "handler":
            clause = now.statement.clause_of(node)
            assert isinstance(clause, ast.ExceptHandler)
            if now.statement.node is not clause:
                return self._caught(clause, now)
            if self._asked is None and self._raised_at is None:  # StopIteration is not reported when it is raised
                self._raised_at = now.before
            self._asked = clause
            return now.is_end and self._end_of_handlers(now)
        if branch == "body" and not now.is_end:
            self._error = self._raised_at = None  # the exception did not leave the body
            return False
        if self._asked is not None or (now.raising and self._raised_at is not None):
            return self._end_of_handlers(now)
        return self.decide("completed", now, getattr(node, "handlers", ()))

    def _end_of_handlers(self, now: StepEvent) -> bool:
        asked = self._asked
        if asked is not None and now.step.event != "unwind" and first_line(asked.body[0]) == asked.lineno:
            return self._caught(asked, now)
        self.decision.value = self._error
        return self.decide("not-caught", now, self._rest_of_body())

    def _caught(self, clause: ast.ExceptHandler, now: StepEvent) -> bool:
        self.decision.value = self._error
        kind = self.syntax.text(clause.type) if clause.type is not None else ""
        self.decision.taken = f"except {kind}".strip()
        return self.decide("except", now, self._rest_of_body())

    def _rest_of_body(self) -> Sequence[ast.AST]:
        statement = self._raised_at
        while statement is not None and statement.block.owner is not None:
            if statement.block.owner.node is self.statement.node:
                return next_in_block(statement)
            statement = statement.block.owner
        return ()


class PendingMatch(PendingDecision):
    def __init__(self, decision: Decision, statement: StatementNode, syntax: SourceSyntax) -> None:
        super().__init__(decision, statement, syntax)
        self._asked: ast.match_case | None = None

    def closed_by(self, now: StepEvent) -> bool:
        node = self.statement.node
        assert isinstance(node, ast.Match)
        if now.step.event == "raise":
            return False
        clause = now.statement.clause_of(node)
        if isinstance(clause, ast.match_case):
            if now.statement.node is not clause:
                return self._matched(node, clause, now)
            if not now.is_end:
                self._asked = clause
                return False
        if now.raising:
            return self.decide("raised", now)
        if self._asked is not None and first_line(self._asked.body[0]) == first_line(self._asked):
            if self._asked is not node.cases[-1] or _always(self._asked):
                return self._matched(node, self._asked, now)
            return self.decide("unknown", now)
        return self.decide("no-case", now, node.cases)

    def _matched(self, node: ast.Match, clause: ast.match_case, now: StepEvent) -> bool:
        self.decision.taken = f"case {self.syntax.text(clause.pattern)}"
        others = [case for case in node.cases if case is not clause]
        later = [case for case in others if first_line(case) > first_line(clause)]
        return self.decide("case", now, later or others)


def _always(case: ast.match_case) -> bool:
    pattern = case.pattern
    return case.guard is None and isinstance(pattern, ast.MatchAs) and pattern.pattern is None


class PendingConditional(PendingDecision):
    """``a if c else b``, decided by the recorded values in the condition, else by the value that was bound."""

    def __init__(
        self,
        decision: Decision,
        statement: StatementNode,
        syntax: SourceSyntax,
        expression: ast.IfExp,
        variables: LocalsState,
    ) -> None:
        super().__init__(decision, statement, syntax)
        self._expression = expression
        self._holds = truth_of(expression.test, variables)
        self._attribute = recorded_attribute(expression.test, variables)
        self._then = _operand(expression.body, variables)
        self._else = _operand(expression.orelse, variables)

    def closed_by(self, now: StepEvent) -> bool:
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
        """Decide by the name of the bound class or function, if the attribute that is asked agrees with it."""
        if self._attribute is None or not isinstance(bound, (v.Class, v.Function)):
            return None
        side = self._expression.body if self._attribute else self._expression.orelse
        return self._attribute if isinstance(side, ast.Name) and side.id == bound.name else None

    def _bound(self, now: StepEvent) -> v.Value | None:
        node = self.statement.node
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


def _operand(expression: ast.expr, variables: LocalsState) -> v.Value | None:
    """Return the value of a side of a conditional expression, if it is a constant or a variable."""
    if isinstance(expression, ast.Constant):
        value = expression.value
        if isinstance(value, str):
            return v.Text(value)
        return v.Plain(value) if value is None or isinstance(value, (bool, int, float)) else None
    return variables.value((expression.id,)) if isinstance(expression, ast.Name) else None


def _which(bound: v.Value, then: v.Value | None, other: v.Value | None) -> bool | None:
    """Return whether the first side was bound; None unless both are known and differ, or a known one was not bound."""
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
