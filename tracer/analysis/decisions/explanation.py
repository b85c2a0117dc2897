"""The short list that explains a load: the few decisions, out of hundreds, that determined how it went.

A decision is listed if it is a turning point of the library (see :mod:`tracer.analysis.decisions.turning_points`), if
it led to the failure of the load, if one of the user's own arguments is in its condition, or if the model's own code
asked its configuration. Everything else, such as checks that passed and unused options, is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

import msgspec

from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.decisions.turning_points import MINOR, TurningPoint, turning_point
from tracer.analysis.kwargs.follower import ArgumentFollower
from tracer.analysis.kwargs.frames import LiveFrame
from tracer.analysis.kwargs.hops import USER, Hop
from tracer.analysis.loading_calls import loading_calls
from tracer.analysis.locals import LocalsState, locals_after
from tracer.analysis.syntax import SyntaxTrees, first_line
from tracer.i18n import N_, Sentence
from tracer.trace.errors import DanglingNumber, TracerError
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame
from tracer.trace.values import Plain, Text, Value

_OF_THE_PASS: Final = frozenset({"forward", "generate"})
_MOST: Final = 30
_QUOTA: Final = {"user": 6, "own-code": 4, "file-missing": 2}
_LED_IN: Final = frozenset({"then", "case", "except", "not-caught"})
_CHOSEN: Final = frozenset({"then", "else", "case"})
_OWN: Final = ("<model>", "<modules-cache>")
_RANKS: Final = ("failure", "turning-point", "user", "own-code")


class ExplainedDecision(msgspec.Struct):
    """A decision that explains a load.

    Attributes:
        decision: the first of those that are alike.
        why: why it is listed: ``turning-point``, ``failure``, ``user`` (an argument of the user's) or ``own-code``.
        means: what its outcome means, as a key of :mod:`tracer.views.decisions`; empty if there is no sentence.
        times: how often the same was asked with the same outcome.
        values: variables that the sentence names and the condition does not.
    """

    decision: Decision
    why: str
    means: str = ""
    times: int = 1
    values: dict[str, Value] = {}


def select_decisions(trace: Trace, *, stage: str | None = None, function: str | None = None) -> list[Decision]:
    """Return the decisions, of one stage or one function if these are given.

    Raises:
        TracerError: there is no such stage, or no such function that decided anything.
    """
    if stage is not None and stage not in (there := trace.stage_counts()):
        raise TracerError(
            N_("{path} has no steps of stage {stage}. It has: {there}."),
            path=trace.path,
            stage=stage,
            there=", ".join(there) or Sentence(N_("none")),
        )
    found = list(decisions(trace, stages=None if stage is None else [stage]))
    if function is None:
        return found
    matching = [decision for decision in found if f".{decision.function}".endswith(f".{function}")]
    if not matching:
        names = {decision.function for decision in found}
        names |= {name.rpartition(".")[2] for name in names}
        near = get_close_matches(function, sorted(names), n=1)
        hint = Sentence(N_(" Did you mean {near}?"), near=near[0]) if near else ""
        raise TracerError(
            N_("{path} has no decision of a function named {function}.{hint}"),
            path=trace.path,
            function=function,
            hint=hint,
        )
    return matching


def explanation(trace: Trace, found: list[Decision] | None = None, *, whole: bool = True) -> list[ExplainedDecision]:
    """Return the decisions that explain a load, in their order.

    Args:
        trace: the load.
        found: its decisions if they are known already; those of one stage explain that stage alone.
        whole: leave out the passes through the loaded model.
    """
    if found is None:
        found = list(decisions(trace))
    arguments = ArgumentsInConditions(trace, found)
    failing = _failing(trace, found)
    listed: dict[object, ExplainedDecision] = {}
    for decision in _main_load_first(found):
        if whole and decision.stage in _OF_THE_PASS:
            continue
        explained, key = _explained(trace, decision, failing, arguments)
        if explained is None:
            continue
        first = listed.setdefault(key, explained)
        if first is not explained:
            first.times += 1
    return sorted(_within_quotas(listed.values()), key=lambda explained: explained.decision.step)


def _main_load_first(found: list[Decision]) -> list[Decision]:
    """Sort the tokenizer's decisions last, so that what it shares with the model's load counts as the model's."""
    return sorted(found, key=lambda decision: (decision.stage in ("processor", "tokenizer"), decision.step))


def _explained(
    trace: Trace, decision: Decision, failing: Collection[int], arguments: ArgumentsInConditions
) -> tuple[ExplainedDecision | None, object]:
    variable = DecisionLocals(trace, decision)
    point, means = turning_point(decision, variable) or (None, "")
    of_user = arguments.asked_by(decision)
    if point is not None and point.of_user and point.of_user not in arguments.holders(decision):
        point, means = None, ""
    counted = [_text(variable(name)) for name in point.counts] if point is not None else []
    values = named_values(point, variable) if point is not None else {}
    if means == "became-attribute" and of_user is not None:
        later = arguments.overwritten(of_user, decision.step)
        if later is not None:
            means, values = "attribute-overwritten", {**values, "later": Plain(later)}
    key = (decision.function.rpartition(".")[2], means or decision.condition, decision.outcome, of_user)
    if decision.step in failing:
        return ExplainedDecision(decision, "failure", means, values=values), (*key, decision.step)
    if point is not None:
        return ExplainedDecision(decision, "turning-point", means, values=values), (means, of_user, *counted)
    if decision.kind == "return" or decision.outcome == "unknown":
        return None, key
    if of_user is not None and decision.kind in ("if", "elif", "conditional") and decision.outcome in _CHOSEN:
        return ExplainedDecision(decision, "user"), key
    if decision.path.startswith(_OWN) and _asks_something(decision):
        return ExplainedDecision(decision, "own-code"), key
    return None, key


class DecisionLocals:
    """The local variables of a decision's frame at the time of the decision."""

    def __init__(self, trace: Trace, decision: Decision) -> None:
        self._trace = trace
        self._decision = decision
        self._locals: LocalsState | None = None

    def __call__(self, name: str) -> Value | None:
        if self._locals is None:
            self._locals = locals_after(self._trace, self._decision.frame, self._decision.step)
        return self._locals.value((name,))


def named_values(point: TurningPoint, variable: DecisionLocals) -> dict[str, Value]:
    """Return the values that the sentence about a turning point names."""
    found = {name: variable(name) for name in (*point.names, *point.counts)}
    return {name: value for name, value in found.items() if value is not None}


def _asks_something(decision: Decision) -> bool:
    """Return whether the configuration made a choice here; a check that passed is not a choice."""
    return (
        decision.kind in ("if", "elif", "conditional", "match")
        and decision.outcome in _CHOSEN
        and any(name.startswith("config.") for name in decision.names)
    )


def _failing(trace: Trace, found: list[Decision]) -> set[int]:
    """Return the steps of the decisions in whose branch the load failed, in each frame that the exception left."""
    outcome = trace.outcome
    step = outcome.step
    if outcome.status not in ("failed", "refused") or step is None or not 0 <= step < len(trace):
        return set()
    sources = SyntaxTrees(trace)
    around: dict[int, set[int]] = {}
    number = trace.step(step).frame
    while number is not None and number not in around:
        try:
            frame = trace.frame(number)
        except DanglingNumber:
            break
        around[number] = _headers_around(trace, frame, sources, step)
        number = frame.parent
    last: dict[tuple[int, int], Decision] = {}
    for decision in found:
        if decision.line in around.get(decision.frame, ()) and decision.outcome in _LED_IN:
            last[decision.frame, decision.line] = decision
    return {decision.step for decision in last.values()}


def _headers_around(trace: Trace, frame: Frame, sources: SyntaxTrees, step: int) -> set[int]:
    """Return the lines of the statements around the places where an exception passed through a frame."""
    syntax = sources(frame.source)
    function = syntax.function(frame) if syntax is not None else None
    if syntax is None or function is None:
        return set()
    nodes = syntax.statements_by_line(function)
    lines = {at.line for at in trace.steps(step, frame=frame.number) if at.event in ("raise", "unwind")}
    return {
        first_line(block.owner.node)
        for line in lines
        if line is not None and line in nodes
        for block in nodes[line].enclosing()
        if block.owner is not None
    }


def _within_quotas(listed: Iterable[ExplainedDecision]) -> list[ExplainedDecision]:
    left = dict(_QUOTA)
    kept: list[ExplainedDecision] = []
    for explained in sorted(listed, key=_rank):
        group = explained.means if explained.means in left else explained.why
        if group in left and explained.why != "failure":
            left[group] -= 1
            if left[group] < 0:
                continue
        kept.append(explained)
    return kept[:_MOST]


def _rank(explained: ExplainedDecision) -> tuple[int, bool, int]:
    minor = explained.why == "turning-point" and explained.means in MINOR
    rank = len(_RANKS) if minor else _RANKS.index(explained.why)
    return rank, explained.decision.stage in ("processor", "tokenizer"), explained.decision.step


def _text(value: Value | None) -> object:
    if isinstance(value, Text):
        return value.value
    return value.value if isinstance(value, Plain) else str(value)


class ArgumentsInConditions:
    """The user's arguments in the variables of conditions, for each of the user's loading calls.

    An argument is recognized by its path, not by a similar name.
    """

    def __init__(self, trace: Trace, found: Iterable[Decision]) -> None:
        self._steps = {decision.step: list(decision.names) for decision in found}
        self._holders: dict[int, dict[str, str]] = {}
        self._overwritten: dict[str, list[Hop]] = {}
        for call in loading_calls(trace):
            for track in ArgumentFollower(trace, call, self._look).follow():
                self._overwritten.setdefault(track.name, []).extend(
                    hop for hop in track.hops if hop.what in ("became-config", "overwritten")
                )

    def holders(self, decision: Decision) -> dict[str, str]:
        """Return the expressions in a condition that held a user's argument, or its name, with the argument's name."""
        return self._holders.get(decision.step, {})

    def asked_by(self, decision: Decision) -> str | None:
        """Return the user's argument that a condition asks about."""
        holders = self.holders(decision)
        return next((holders[written] for written in decision.names if written in holders), None)

    def overwritten(self, name: str, after: int) -> int | None:
        """Return the step, after another, at which the attribute that an argument was set to last got another value."""
        later = [hop for hop in self._overwritten.get(name, []) if hop.step > after]
        return later[-1].step if later and later[-1].what == "overwritten" else None

    def _look(self, live: LiveFrame) -> None:
        written = self._steps.get(live.step.number)
        if written is None:
            return
        found = {name: track.name for name, track in live.locals.items() if track.origin == USER}
        for dictionary, held in live.held.items():
            for key, track in held.items():
                if track.origin == USER:
                    found[f"{dictionary}[{key!r}]"] = track.name
        for dictionary, key_variable in live.loops.values():
            at_key = live.held.get(dictionary, {}).get(live.text(key_variable) or "")
            if at_key is not None and at_key.origin == USER:
                found[key_variable] = at_key.name
        for dictionary in live.held.keys() & set(written):  # ``key in kwargs``, where the key is in a variable
            for name in written:
                at_key = live.held[dictionary].get(live.text(name) or "")
                if at_key is not None and at_key.origin == USER:
                    found[name] = at_key.name
        # decisions about trust are turning points anyway
        self._holders[live.step.number] = {
            written: argument for written, argument in found.items() if argument != "trust_remote_code"
        }
