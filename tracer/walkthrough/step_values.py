"""What is recorded at a note's step: the values that its statement uses and makes, and the decisions it takes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tracer.analysis.decisions.conditions import asked_paths
from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.tracker import decisions
from tracer.trace.errors import DanglingNumber
from tracer.trace.queries import FunctionCode
from tracer.trace.steps import Step
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.placeholders import format_found
from tracer.walkthrough.statements import CodeStatement
from tracer.walkthrough.value_paths import PlainData, StepScope

_MOST: Final = 10
_OF_THE_RECORDING: Final = ("nanoseconds", "call", "parent")  # data about the recording, not the load
_MANY: Final = 3
_MOST_DECISIONS: Final = 6
_OF_EVENT: Final = {"return": "returned", "raise": "raised", "unwind": "raised"}


class StepValue(NamedTuple):
    """A value. ``role`` is how it comes up: ``used``, ``made``, ``argument``, ``returned``, ``raised`` or ``told``."""

    role: str
    name: str
    value: str


class CountedDecision(NamedTuple):
    """A decision, and how often the same was asked with the same outcome."""

    decision: Decision
    times: int


def step_values(binder: Binder, bound: BoundNote) -> list[StepValue]:
    """Return the values at a note's step, in the order in which they are written there."""
    trace = binder.trace
    step = trace.step(bound.step)
    place = StepScope(trace, bound.step, binder.variables)
    found = dict.fromkeys(_recorded(binder, step, place))
    return list(_together(found))[:_MOST]


def _together(found: Iterable[StepValue]) -> Iterator[StepValue]:
    """List the names that hold None together, as a library call has many such arguments."""
    every = list(found)
    for role in dict.fromkeys(one.role for one in every):
        own = [one for one in every if one.role == role]
        empty = [one for one in own if one.value == "None"]
        if len(empty) < _MANY:
            yield from own
        else:
            yield from (one for one in own if one.value != "None")
            yield StepValue(role, ", ".join(one.name for one in empty), "None")


def step_decisions(binder: Binder, bound: BoundNote) -> list[CountedDecision]:
    """Return the decisions that the note's code took in this execution of its function."""
    frame = binder.trace.step(bound.step).frame
    if frame is None or bound.first is None or bound.last is None:
        return []
    counts: dict[tuple[object, ...], int] = {}
    firsts: dict[tuple[object, ...], Decision] = {}
    for one in decisions(binder.trace, frame=frame):
        if bound.first <= one.line <= bound.last and not _says_nothing(one):
            key = (one.line, one.condition, one.outcome, one.taken)
            firsts.setdefault(key, one)
            counts[key] = counts.get(key, 0) + 1
    return [CountedDecision(one, counts[key]) for key, one in firsts.items()][:_MOST_DECISIONS]


def _says_nothing(decision: Decision) -> bool:
    return decision.kind == "return" or (decision.kind == "try" and decision.outcome == "completed")


def paths_at(binder: Binder, step: Step) -> list[str]:
    """Return the paths of the values that a step's statement uses and makes, as a note writes them."""
    if step.event == "call":
        states = binder.variables.at(step.number)
        return list(states[0].variables) if states else []
    if step.event in _OF_EVENT:
        return ["step.value"]
    statement = statement_at(binder, step) if step.event == "line" else None
    if statement is None:
        return [f"step.{name}" for name, value in step.data.items() if value is not None]
    place = StepScope(binder.trace, step.number, binder.variables)
    return list(dict.fromkeys(path for _, _, path in _of_statement(place, statement.spot.node)))


def _recorded(binder: Binder, step: Step, place: StepScope) -> Iterator[StepValue]:
    if step.event == "line":
        statement = statement_at(binder, step)
        if statement is not None:
            for role, name, path in _of_statement(place, statement.spot.node):
                yield from _named(place, role, name, path)
    elif step.event == "call":
        states = binder.variables.at(step.number)
        for name in states[0].variables if states else ():
            yield from _named(place, "argument", name, name)
    elif step.event in _OF_EVENT:
        yield from _named(place, _OF_EVENT[step.event], "", "step.value")
    for name, value in step.data.items():
        if value is not None and name not in _OF_THE_RECORDING:
            yield StepValue("told", name, format_found(place.trace, PlainData(value)))


def _of_statement(place: StepScope, node: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Yield what is recorded of what a statement uses and makes: the role, how it is written, its path."""
    for expression in _read(node):
        for path, text in asked_paths(expression):
            for length in range(len(path), 0, -1):  # an attribute that is not recorded: show its owner instead
                written = _written(path[:length])
                if place.value(written) is not None:
                    yield "used", "".join(text[:length]), written
                    break
    for target in _written_to(node):
        for path, text in asked_paths(target):
            written = f"after.{_written(path)}"
            if place.value(written) is not None:
                yield "made", "".join(text), written


def _named(place: StepScope, role: str, name: str, path: str) -> Iterator[StepValue]:
    found = place.value(path)
    if found is not None:
        yield StepValue(role, name, format_found(place.trace, found))


def _written(path: Iterable[str | int]) -> str:
    first, *rest = map(str, path)
    return first + "".join(f"[{key}]" for key in rest)


def _read(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions that a statement looks at; of a compound one those of its header."""
    for name in ("test", "iter", "subject", "value", "exc", "cause", "msg", "type"):
        inner = getattr(node, name, None)
        if isinstance(inner, ast.expr):
            yield inner
    for item in getattr(node, "items", ()):
        yield item.context_expr
    if isinstance(node, ast.AugAssign):
        yield node.target


def _written_to(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a statement binds."""
    if isinstance(node, ast.Assign):
        yield from node.targets
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For, ast.AsyncFor)):
        yield node.target
    for item in getattr(node, "items", ()):
        if isinstance(item, ast.withitem) and item.optional_vars is not None:
            yield item.optional_vars


def statement_at(binder: Binder, step: Step) -> CodeStatement | None:
    """Return the statement that a step is about to run."""
    if step.frame is None or step.line is None:
        return None
    try:
        frame = binder.trace.frame(step.frame)
    except DanglingNumber:
        return None
    code = FunctionCode.of(frame)
    here = step.line
    return next((one for one in binder.statements.of_function(code) if one.first <= here <= one.last), None)
