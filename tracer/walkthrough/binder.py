"""Binding notes to a trace: the step that each is about, or the reason why it has none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any, Final

import msgspec

from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.kwargs.hops import KeywordPath
from tracer.analysis.kwargs.paths import keyword_paths, select_call
from tracer.analysis.loading_calls import loading_calls
from tracer.analysis.locals import LocalsHistory, callers
from tracer.analysis.syntax import TRIES, StatementLike, first_line
from tracer.analysis.value_format import format_summary
from tracer.trace.errors import DanglingNumber
from tracer.trace.queries import FunctionCode, FunctionSteps, find_steps, frames_of, has_line_step, last_lines
from tracer.trace.reading import Trace
from tracer.trace.steps import Step
from tracer.walkthrough.format import Anchor, Note, Walkthrough, in_range
from tracer.walkthrough.statements import CodeStatement, StatementIndex, name_matches
from tracer.walkthrough.value_paths import StepScope, matches_value, to_plain


class BoundNote(msgspec.Struct, frozen=True):
    """A note at its step.

    Attributes:
        note: the note.
        step: its step.
        anchor: the alternative that was found.
        source: number of the source that the note is about, or None for a step without one.
        first: first line of what it explains.
        last: last line of it.
    """

    note: Note
    step: int
    anchor: Anchor
    source: int | None = None
    first: int | None = None
    last: int | None = None


class UnboundNote(msgspec.Struct, frozen=True):
    """A note that has no step in this trace, with the reason."""

    note: Note
    why: UnboundReason


class Binder:
    """Finds notes' steps in one trace. Keep one for a trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.statements = StatementIndex(trace)
        self.variables = LocalsHistory(trace)
        self.release = trace.meta.transformers or ""

    @cached_property
    def journeys(self) -> dict[str, KeywordPath]:
        """The keyword arguments of the call that loads the model, then of the others from the last on, by name."""
        chosen = select_call(self.trace)
        found: dict[str, KeywordPath] = {}
        for call in [] if chosen is None else [chosen, *reversed(loading_calls(self.trace))]:
            for journey in keyword_paths(self.trace, call=call.step):
                found.setdefault(journey.name, journey)
        return found

    def bind(self, walkthrough: Walkthrough) -> list[BoundNote | UnboundNote]:
        """Return every note of a walkthrough, in reading order."""
        return [self.note(note, walkthrough) for note in walkthrough.notes]

    def note(self, note: Note, walkthrough: Walkthrough) -> BoundNote | UnboundNote:
        """Return one note of a walkthrough."""
        for wanted in (walkthrough.releases, note.releases):
            if not in_range(self.release, wanted):
                return UnboundNote(note, UnboundReason("release", {"release": self.release, "wanted": wanted}))
        fitting = [anchor for anchor in note.anchors if in_range(self.release, anchor.releases)]
        for anchor in fitting:
            step = self.step(anchor, anchor.stage or note.stage)
            if step is not None:
                return self._bound(note, anchor, step)
        if not fitting:
            wanted = ", ".join(anchor.releases for anchor in note.anchors)
            return UnboundNote(note, UnboundReason("release", {"release": self.release, "wanted": wanted}))
        reasons = [why_unbound(self, anchor, anchor.stage or note.stage) for anchor in fitting]
        told = next((reason for reason in reasons if reason.decision is not None), reasons[0])
        return UnboundNote(note, told)

    def step(self, anchor: Anchor, stage: str | None) -> int | None:
        """Return the step of an anchor in a stage; in any stage if ``stage`` is None."""
        found = (step for step in self.candidates(anchor, stage) if self.holds(anchor, step))
        if anchor.occurrence > 0:
            return next(islice(found, anchor.occurrence - 1, None), None)
        every = list(found)
        return every[anchor.occurrence] if len(every) >= -anchor.occurrence else None

    def candidates(self, anchor: Anchor, stage: str | None) -> Iterator[int]:
        """Yield the steps at an anchor's place, whatever their data; in every stage if ``stage`` is None."""
        within = None
        if anchor.function:
            within = list(self._in_codes(self.statements.codes(anchor.function), anchor))
            if not within:
                return
        yield from find_steps(self.trace, within=within, kind=anchor.kind, stage=stage)

    def _in_codes(self, codes: list[FunctionCode], anchor: Anchor) -> Iterator[FunctionSteps]:
        """Yield which steps of some functions an anchor means."""
        for code in codes:
            if anchor.statement:
                ranges = [(one.first, one.last) for one in self.statements.find(code, anchor.statement)]
                if ranges:
                    yield FunctionSteps(code, ranges)
            else:
                yield FunctionSteps(code, event=anchor.event or ("" if anchor.kind else "call"))

    def holds(self, anchor: Anchor, number: int) -> bool:
        """Return whether a step's data, variables and callers are those that an anchor asks for."""
        if not (anchor.data or anchor.where or anchor.within):
            return True
        step = self.trace.step(number)
        if anchor.within and not self._is_within(step, anchor.within):
            return False
        if any(not matches_value(step.data.get(key), wanted) for key, wanted in anchor.data.items()):
            return False
        place = StepScope(self.trace, number, self.variables)
        return all(
            matches_value(to_plain(self.trace, place.value(path)), wanted) for path, wanted in anchor.where.items()
        )

    def _is_within(self, step: Step, function: str) -> bool:
        if step.frame is None:
            return False
        try:
            return any(
                name_matches(self.trace.frame(one).function, function) for one in callers(self.trace, step.frame)
            )
        except DanglingNumber:
            return False

    def _bound(self, note: Note, anchor: Anchor, number: int) -> BoundNote:
        step = self.trace.step(number)
        spans = self._explained(anchor, step)
        if not spans:
            return BoundNote(note, number, anchor, step.source, step.line, step.line)
        return BoundNote(note, number, anchor, step.source, spans[0].first, max(one.last for one in spans))

    def _explained(self, anchor: Anchor, step: Step) -> list[CodeStatement]:
        """Return the statements that a note is about by its anchor alone."""
        if step.frame is None or not anchor.function:
            return []
        frame = self.trace.frame(step.frame)
        code = FunctionCode.of(frame)
        if anchor.whole:
            return self.statements.of_function(code)
        here = [
            one
            for one in self.statements.of_function(code)
            if step.line is not None and one.first <= step.line <= one.last
        ]
        return self.statements.range(code, here[0], anchor.through) if anchor.statement and here else here


_MOST_FRAMES: Final = 20
_MOST_NAMES: Final = 4  # of the values in a decision
_VALUE: Final = 44
_OF_THE_MODEL: Final = ("<model>", "<modules-cache>")
_RECEIVERS: Final = ("config", "tokenizer", "processor", "model")
_LEADS_INTO: Final = {
    "body": ("then", "entered", "completed", "except", "not-caught"),
    "orelse": ("elif", "else", "completed", "entered", "not-entered"),
    "handler": ("except",),
    "case": ("case",),
}
_INNER: Final = (
    ast.stmt, ast.ExceptHandler, ast.match_case,
    ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


class UnboundReason(msgspec.Struct, frozen=True):
    """The reason why a note has no step.

    Attributes:
        what: key of its sentence, see :mod:`tracer.views.walkthrough.reasons`.
        values: what the sentence is filled with; plain JSON.
        decision: the decision that went the other way, if one did.
    """

    what: str
    values: dict[str, Any] = {}
    decision: Decision | None = None

    @property
    def stage(self) -> str:
        """The stage of the decision; empty without one."""
        return self.decision.stage if self.decision is not None else ""

    @property
    def is_try(self) -> bool:
        """Whether the decision is a ``try``, whose handlers are the exception to what a function does."""
        return self.decision is not None and self.decision.kind == "try"


def why_unbound(binder: Binder, anchor: Anchor, stage: str) -> UnboundReason:
    """Return the reason why an anchor has no step in a stage of a trace."""
    return (_of_function if anchor.function else _of_kind)(binder, anchor, stage)


def _of_kind(binder: Binder, anchor: Anchor, stage: str) -> UnboundReason:
    stages = _stages(binder, anchor)
    values = {"kind": anchor.kind, "stage": stage}
    if stage not in stages:
        if stages and _matching(binder, anchor, None):
            return UnboundReason("kind-elsewhere", {**values, "there": stages})
        return UnboundReason("kind" if stage in binder.trace.stages() else "stage", values)
    if anchor.data:
        return UnboundReason("kind-data", {**values, "wanted": anchor.data})
    return _other_case(binder, anchor, values)


def _of_function(binder: Binder, anchor: Anchor, stage: str) -> UnboundReason:
    statements = binder.statements
    codes = statements.codes(anchor.function)
    if not codes:
        return _never_called(binder, anchor.function, stage)
    if anchor.statement:
        found = [(code, one) for code in codes for one in statements.find(code, anchor.statement)]
        if not found:
            return _no_statement(binder, anchor, codes)
        passed = [_passed_by(binder.trace, code, statement) for code, statement in found]
        reasons = [reason for reason in passed if reason is not None]
        if len(reasons) == len(found):
            return min(reasons, key=lambda one: one.what != "left-before")
    values = {"function": anchor.function, "stage": stage}
    stages = _stages(binder, anchor)
    if not stages:
        return UnboundReason(f"no-{anchor.event or 'call'}", values)
    if stage not in stages:
        return UnboundReason("other-stage", {**values, "there": stages})
    return _other_case(binder, anchor, values)


def _other_case(binder: Binder, anchor: Anchor, values: dict[str, Any]) -> UnboundReason:
    """Return that it happened in the stage, but not as, or not as often as, the note says."""
    stage = str(values["stage"])
    count = len(_matching(binder, anchor, stage))
    if 0 < count < abs(anchor.occurrence):
        return UnboundReason("too-few", {**values, "count": count, "occurrence": abs(anchor.occurrence)})
    if anchor.within and not _matching(binder, msgspec.structs.replace(anchor, where={}, data={}), stage):
        return UnboundReason("not-within", {**values, "within": anchor.within})
    wanted = {**anchor.where, **anchor.data}
    return UnboundReason("values", {**values, "wanted": wanted}) if wanted else UnboundReason("no-such-case", values)


def _stages(binder: Binder, anchor: Anchor) -> list[str]:
    """Return the stages that have steps at an anchor's place, whatever their data."""
    return list(dict.fromkeys(binder.trace.step(number).stage for number in binder.candidates(anchor, None)))


def _matching(binder: Binder, anchor: Anchor, stage: str | None) -> list[int]:
    return [number for number in binder.candidates(anchor, stage) if binder.holds(anchor, number)]


def _no_statement(binder: Binder, anchor: Anchor, codes: list[FunctionCode]) -> UnboundReason:
    paths = binder.trace.source_paths()
    own = {paths.get(code.source, "").startswith(_OF_THE_MODEL) for code in codes}
    whose = "statement-anywhere" if len(own) > 1 else "statement-of-model" if True in own else "statement"
    return UnboundReason(whose, {"function": anchor.function, "statement": anchor.statement, "release": binder.release})


def _never_called(binder: Binder, function: str, stage: str) -> UnboundReason:
    """Look for the statements that would have called it, and ask why none of them ran."""
    reasons = [_passed_by(binder.trace, code, statement) for code, statement in _calls_of(binder.statements, function)]
    told = [one for one in reasons if one is not None and one.what in ("decision", "left-before")]
    if told and len(told) == len(reasons):
        nearest = min(told, key=lambda one: (one.what != "left-before", one.is_try, one.stage != stage))
        return msgspec.structs.replace(nearest, values={**nearest.values, "function": function, "called": True})
    if stage not in binder.trace.stages():
        return UnboundReason("stage", {"stage": stage})
    return UnboundReason(
        "function" if _is_there(binder.statements, function) else "no-function", {"function": function}
    )


def _is_there(statements: StatementIndex, function: str) -> bool:
    """Return whether any code that the trace holds defines a function, in a class of that name where it is a method."""
    owner, _, name = function.rpartition(".")
    for source in statements.trace.source_paths():
        syntax = statements.sources(source)
        if syntax is not None and any(node.name == name for node in syntax.functions.values()):
            if not owner:
                return True
            own = owner.rpartition(".")[2]
            if any(isinstance(node, ast.ClassDef) and node.name == own for node in ast.walk(syntax.tree)):
                return True
    return False


def _calls_of(statements: StatementIndex, function: str) -> Iterator[tuple[FunctionCode, CodeStatement]]:
    """Yield the statements that can only have called this function."""
    for code in statements.all_codes():
        for one in statements.of_function(code):
            if any(_is_call_of(call, code, function) for call in _calls_in(one.spot.node)):
                yield code, one


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a statement; of a compound one, those of its header."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if isinstance(at, ast.Call):
            yield at
        waiting.extend(child for child in ast.iter_child_nodes(at) if not isinstance(child, _INNER))


def _is_call_of(call: ast.Call, code: FunctionCode, function: str) -> bool:
    """Return whether a call is of a function, and not of a method of another class that has the same name."""
    owner, _, name = function.rpartition(".")
    owner = owner.rpartition(".")[2]
    called = _last_name(call.func)
    if name == "__init__":
        return bool(owner) and called == owner
    if called != name:
        return False
    if not owner or not isinstance(call.func, ast.Attribute):
        return not owner
    receiver = _last_name(call.func.value)
    if receiver in ("self", "cls"):
        return owner in code.function.split(".")
    word = receiver.removesuffix("_class").lower()
    mentioned = [one for one in _RECEIVERS if one in owner.lower()]
    return receiver == owner or (word in mentioned if mentioned else bool(word))


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _passed_by(trace: Trace, code: FunctionCode, statement: CodeStatement) -> UnboundReason | None:
    """Return why a statement of a function that ran did not run; None where it did."""
    if has_line_step(trace, code, statement.first, statement.last):
        return None
    values = {"function": code.function, "inside": code.function, "statement": statement.shown}
    lasts = last_lines(trace, code)
    if not lasts:
        return UnboundReason("lines-not-recorded", values)
    for frame in frames_of(trace, code, _MOST_FRAMES):
        decision = _led_past(list(decisions(trace, frame=frame)), statement)
        if decision is not None:
            return UnboundReason("decision", {**values, **_told_of(trace, decision)}, decision)
    return UnboundReason("left-before" if max(lasts) < statement.first else "not-run", values)


def _led_past(made: list[Decision], statement: CodeStatement) -> Decision | None:
    """Return the outermost decision around a statement that led past it in one execution."""
    around = [(block.owner.node, block.branch) for block in statement.spot.enclosing() if block.owner is not None]
    for node, branch in reversed(around):
        here = [one for one in made if one.line == first_line(node) and _is_of(one, node)]
        if any(one.outcome in _LEADS_INTO.get(branch, (one.outcome,)) for one in here):
            continue
        told = [one for one in here if one.outcome != "unknown"]
        if told:
            return told[-1]
        if here:
            return None
    return None


def _is_of(decision: Decision, node: StatementLike) -> bool:
    """Return whether a decision is the statement's own, and not that of a conditional expression in its header."""
    if isinstance(node, TRIES):
        return decision.kind == "try"
    return decision.kind not in ("conditional", "return")


def _told_of(trace: Trace, decision: Decision) -> dict[str, Any]:
    """Return what a sentence needs to know about a decision."""
    names = list(decision.names.items())[:_MOST_NAMES]
    return {
        "asked": f"{decision.kind} {decision.condition}" if decision.kind in ("if", "elif") else decision.condition,
        "outcome": decision.outcome,
        "taken": decision.taken,
        "line": decision.line,
        "names": {name: format_summary(trace, value, _VALUE) for name, value in names},
    }
