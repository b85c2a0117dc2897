"""Find the decisions of a load by following each frame from step to step.

No condition is evaluated: the next step of the frame shows which branch was taken.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from tracer.analysis.decisions.conditions import DecisionPoint, asked_paths, decision_syntax, recorded_names
from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.outcomes import (
    PendingConditional,
    PendingDecision,
    PendingIf,
    PendingLoop,
    PendingMatch,
    PendingReturn,
    PendingTry,
    StepEvent,
    next_in_function,
)
from tracer.analysis.locals import LocalsState
from tracer.analysis.syntax import LOOPS, TRIES, Function, SourceSyntax, StatementNode, SyntaxTrees, first_line
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame, LightStep

_PENDING: Final[dict[str, type[PendingDecision]]] = {
    "if": PendingIf, "elif": PendingIf, "loop": PendingLoop, "try": PendingTry, "match": PendingMatch,
    "return": PendingReturn,
}  # fmt: skip


class FrameTracker:
    """Follow one frame from step to step.

    ``decided`` has its decisions in the stages that are asked for (in all, if None), in order; ``reached`` is the
    number of the last step that it has followed.
    """

    def __init__(
        self,
        trace: Trace,
        frame: Frame,
        path: str,
        syntax: SourceSyntax,
        function: Function,
        stages: Collection[str] | None,
    ) -> None:
        self.decided: list[Decision] = []
        self.reached = -1
        self._stages = stages
        self._trace = trace
        self.frame = frame
        self._path = path
        self._syntax = syntax
        self._nodes = syntax.statements_by_line(function)
        self._points = decision_syntax(syntax).points
        self._variables = LocalsState(trace)
        self._open: list[PendingDecision] = []
        self._at: StatementNode | None = None
        self._raising = False

    def step(self, step: LightStep) -> None:
        """Follow one step of this frame."""
        self.reached = step.number
        if step.changes:
            self._variables.apply(step.number, step.changes)
        if step.event == "line":
            self._line(step)
        elif step.event == "raise":
            self._raising = True
            if self._at is not None:
                self._update_open(step, self._at)
        elif step.event in ("return", "unwind"):
            self._end(step)

    @property
    def waiting(self) -> bool:
        """Whether a decision that is asked for is still open."""
        return any(self._wants(pending.decision.stage) for pending in self._open)

    def finish(self) -> None:
        """Close the open decisions, which stay unknown, as no more steps are recorded."""
        for pending in self._open:
            pending.cut_off()
        self._open.clear()

    def _line(self, step: LightStep) -> None:
        statement = self._statement_of(step)
        if statement is None:  # it is not known where the frame went
            self.finish()
        else:
            if self._open:
                self._raising = self._raising or self._caught_by(statement)
                self._update_open(step, statement)
            points = self._points.get(id(statement))
            if points is None:  # the syntax keeps the node alive
                points = self._points[id(statement)] = list(_decision_points(statement, self._syntax))
            for point in points:
                self._choose(step, statement, point)
        self._raising = False
        self._at = statement

    def _end(self, step: LightStep) -> None:
        self._raising = self._raising or step.event == "unwind"
        if self._at is not None and self._statement_of(step) is self._at:
            self._update_open(step, self._at)
        self.finish()  # something is left if the frame has more lines than are recorded
        self._raising = False
        self._at = None

    def _statement_of(self, step: LightStep) -> StatementNode | None:
        if step.source != self.frame.source or step.line is None:
            return None
        return self._nodes.get(step.line)

    def _caught_by(self, statement: StatementNode) -> bool:
        """Return whether the frame entered a handler, even if no step records the exception, as with StopIteration."""
        if not isinstance(statement.node, ast.ExceptHandler):
            return False
        owner = statement.block.owner
        if self._at is None or owner is None:
            return False
        return self._at.branch_of(owner.node) == "body"

    def _update_open(self, step: LightStep, statement: StatementNode) -> None:
        """Update the open decisions, innermost first, with where the frame is now."""
        if self._open:
            value = None if step.value is None else self._value(step.value)
            now = StepEvent(step, statement, self._at, self._raising, value, self._variables)
            self._open = [pending for pending in reversed(self._open) if not pending.closed_by(now)][::-1]

    def _choose(self, step: LightStep, statement: StatementNode, point: DecisionPoint) -> None:
        kind, expression = point.kind, point.expression
        if kind == "loop" and any(pending.statement is statement for pending in self._open):
            return  # the loop's next iteration
        decision = self._begin(step, point)
        if expression is not None:
            self._open.append(PendingConditional(decision, statement, self._syntax, expression, self._variables))
        else:
            self._open.append(_PENDING[kind](decision, statement, self._syntax))

    def _begin(self, step: LightStep, point: DecisionPoint) -> Decision:
        frame, wanted = self.frame, self._wants(step.stage)
        names, absent = recorded_names(point.asked if wanted else (), self._variables)
        decision = Decision(
            step.number, frame.number, step.stage, frame.function, frame.source, self._path, step.line or 0,
            point.kind, point.condition, names=names, absent=absent, guards=point.guards,
        )  # fmt: skip
        if wanted:
            self.decided.append(decision)
        return decision

    def _wants(self, stage: str) -> bool:
        return self._stages is None or stage in self._stages

    def _value(self, number: v.ValueId) -> v.Value | None:
        try:
            return self._trace.value(number)
        except DanglingNumber:
            return None


def _decision_points(statement: StatementNode, syntax: SourceSyntax) -> Iterator[DecisionPoint]:
    node = statement.node
    if isinstance(node, ast.If):
        yield _decision_point("elif" if syntax.is_elif(node) else "if", node.test, syntax, node.body)
    elif isinstance(node, LOOPS):
        yield _decision_point("loop", node, syntax, node.body)
    elif isinstance(node, TRIES):
        yield _decision_point("try", node, syntax, node.body)
    elif isinstance(node, ast.Match):
        yield _decision_point("match", node.subject, syntax)
    elif isinstance(node, ast.Return) and is_early(statement):
        yield _decision_point("return", node, syntax)
    for expression in syntax.conditionals(statement):
        yield _decision_point("conditional", expression.test, syntax)._replace(expression=expression)


def may_decide(node: ast.AST) -> bool:
    """Return whether a statement is of a kind that can decide something; cheaper than to follow its frame."""
    if isinstance(node, (ast.If, *LOOPS, *TRIES, ast.Match, ast.Return)):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    heads = [item.context_expr for item in node.items] if isinstance(node, (ast.With, ast.AsyncWith)) else [node]
    return any(isinstance(inner, ast.IfExp) for head in heads for inner in ast.walk(head))


def _decision_point(kind: str, asked: ast.AST, syntax: SourceSyntax, guarded: Sequence[ast.stmt] = ()) -> DecisionPoint:
    condition = syntax.text(asked) if isinstance(asked, ast.expr) else syntax.header(asked)
    guards = syntax.line(first_line(guarded[0])) if guarded else ""
    return DecisionPoint(
        kind, condition, asked_paths(looked_at) if (looked_at := _asked_for(asked)) is not None else [], guards=guards
    )


def is_early(statement: StatementNode) -> bool:
    """Return whether a return statement leaves its function before the function's end."""
    in_loop = any(block.owner is not None and isinstance(block.owner.node, LOOPS) for block in statement.enclosing())
    return in_loop or bool(next_in_function(statement))


def _asked_for(node: ast.AST) -> ast.AST | None:
    """Return the expression whose names matter to a decision."""
    if isinstance(node, TRIES):
        return None
    if isinstance(node, ast.While):
        return node.test
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return node.iter
    return node.value if isinstance(node, ast.Return) else node


def decisions(trace: Trace, *, stages: Collection[str] | None = None, frame: int | None = None) -> Iterator[Decision]:
    """Yield the decisions in the order of their steps: all of them, those of some stages, or those of one frame."""
    next_in_function = _TraceTracker(trace, stages)
    if frame is not None:
        next_in_function.follow(trace.light_steps(frame=frame))
    elif stages is None:
        next_in_function.follow(trace.light_steps())
    else:
        next_in_function.follow_stages(stages)
    yield from sorted(next_in_function.decided(), key=lambda decision: decision.step)


class _TraceTracker:
    """Follow all frames, each through its own steps."""

    def __init__(self, trace: Trace, stages: Collection[str] | None) -> None:
        self._trace = trace
        self._stages = stages
        self._sources = SyntaxTrees(trace)
        self._paths = trace.source_paths()
        self._frames: dict[int, FrameTracker | None] = {}

    def follow(self, steps: Iterable[LightStep]) -> None:
        for step in steps:
            if step.frame is not None:
                tracker = self._tracker_of(step.frame)
                if tracker is not None:
                    tracker.step(step)

    def follow_stages(self, stages: Collection[str]) -> None:
        """Follow the stages' steps in one pass; read a frame's other steps only where they matter."""
        previous = gap = -1
        for step in self._trace.light_steps(stages=stages):
            if step.number != previous + 1:
                gap = step.number  # other stages came in between, and frames may have gone on in them
            previous = step.number
            tracker = self._tracker_of(step.frame) if step.frame is not None else None
            if tracker is not None:
                if tracker.reached < gap and (step.event != "call" or tracker.reached >= 0):
                    self._catch_up(tracker, step)
                tracker.step(step)
        for tracker in self._frames.values():
            if tracker is not None and tracker.waiting:
                self._go_on(tracker)

    def _catch_up(self, tracker: FrameTracker, step: LightStep) -> None:
        for missed in self._trace.light_steps(tracker.reached + 1, step.number, frame=step.frame):
            tracker.step(missed)

    def _go_on(self, tracker: FrameTracker) -> None:
        """Follow a frame until none of its decisions is open."""
        for step in self._trace.light_steps(tracker.reached + 1, frame=tracker.frame.number):
            tracker.step(step)
            if not tracker.waiting:
                break

    def decided(self) -> list[Decision]:
        found: list[Decision] = []
        for tracker in self._frames.values():
            if tracker is not None:
                tracker.finish()
                found.extend(tracker.decided)
        return found

    def _tracker_of(self, number: int) -> FrameTracker | None:
        if number not in self._frames:
            self._frames[number] = self._begin(number)
        return self._frames[number]

    def _begin(self, number: int) -> FrameTracker | None:
        try:
            frame = self._trace.frame(number)
        except DanglingNumber:
            return None
        syntax = self._sources(frame.source)
        function = syntax.function(frame) if syntax is not None else None
        if syntax is None or function is None:
            return None
        return FrameTracker(self._trace, frame, self._paths.get(frame.source, "?"), syntax, function, self._stages)
