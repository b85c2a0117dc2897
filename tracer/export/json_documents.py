"""JSON documents for programs: what ``--json`` prints, for a trace, its steps, a diagnosis, a comparison, and so on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tracer.analysis.check.problem import Problem
from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.explanation import ExplainedDecision
from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.analysis.diff import Comparison, compare
from tracer.analysis.kwargs.hops import KeywordPath
from tracer.analysis.loading_calls import LoadingCall
from tracer.analysis.stage_summary import summarize_stages
from tracer.analysis.value_format import summary_to_json, to_json
from tracer.trace.outcome import outcome_facts
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound, Change, Step, Unbound

if TYPE_CHECKING:  # what is about a trace alone does not wait for the course or the recording
    from tracer.exercise.validator import ValidationResult
    from tracer.launch.across import Bisection, ReleaseRun, Turn
    from tracer.walkthrough.checker import CheckResult, GivenTrace
    from tracer.walkthrough.explained_code import FunctionCoverage

_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]+")


def load_document(trace: Trace, *, stage: str | None = None) -> dict[str, Any]:
    """Return ``{"meta", "outcome", "stages": [{"stage", "steps", "seconds", "facts": […]}]}``."""
    stages = [
        msgspec.to_builtins(summary) for summary in summarize_stages(trace) if stage is None or summary.stage == stage
    ]
    meta = {key: value for key, value in trace.stored_meta.items() if key != "outcome"}
    return {"meta": meta, "outcome": outcome_facts(trace.stored_meta), "stages": stages}


def directory_check_document(problems: list[Problem], releases: list[str]) -> dict[str, Any]:
    """Return ``{"releases": […], "problems": [{"kind", "file", "line", "fails", "release", "values"}]}``."""
    return {"releases": releases, "problems": [msgspec.to_builtins(problem) for problem in problems]}


def step_documents(trace: Trace, *, stage: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield each step as an object, values and names filled in."""
    paths = trace.source_paths()
    for step in trace.steps(stages=None if stage is None else [stage]):
        yield _step(trace, step, paths)


def comparison_document(compared: Comparison, topics: Collection[str] = ()) -> dict[str, Any]:
    """Return ``{"a", "b", "same", "differences": […]}`` for these topics or for all."""
    a, b = (side._asdict() for side in compared.sides)
    differences = [
        msgspec.to_builtins(difference)
        for difference in compared.differences
        if not topics or difference.topic in topics
    ]
    return {"a": a, "b": b, "same": not compared.differences, "differences": differences}


def kwargs_document(trace: Trace, call: LoadingCall | None, found: list[KeywordPath]) -> dict[str, Any]:
    """Return ``{"call", "journeys": [{"name", "origin", "value", "stops", "end"}]}``, values as JSON."""
    return {
        "call": msgspec.to_builtins(call),
        "journeys": [_path(trace, path) for path in found],
    }


def decisions_document(
    trace: Trace, decisions: list[Decision], explained: list[ExplainedDecision] | None
) -> dict[str, Any]:
    """Return ``{"count", "decisions": […]}``: those that explain, or all of them; ``count`` counts all."""
    shown = (
        [_decision(trace, decision) for decision in decisions]
        if explained is None
        else [_explained(trace, decision) for decision in explained]
    )
    return {"count": len(decisions), "decisions": shown}


def diagnosis_document(found: Diagnosis) -> dict[str, Any]:
    """Return the fields of a :class:`~tracer.analysis.diagnosis.Diagnosis`, causes and surprises included."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def across_document(
    model: str, runs: Sequence[ReleaseRun], turn: Turn | None, bisection: Bisection | None
) -> dict[str, Any]:
    """Return ``{"model", "releases": [{"release", "outcome", "stage", "trace", "obstacle", "detail", "causes"}],
    "turn": {"good", "bad", "diff", "why"} | null, "bisection": {"verdict", "candidates"} | null}``."""
    return {
        "model": model,
        "releases": [_run(run) for run in runs],
        "turn": None if turn is None else _turn(turn),
        "bisection": None if bisection is None else {"verdict": bisection.verdict, "candidates": bisection.candidates},
    }


def _run(run: ReleaseRun) -> dict[str, Any]:
    document: dict[str, Any] = {
        "release": run.release,
        "good": run.good,
        "outcome": None if run.outcome is None else msgspec.to_builtins(run.outcome),
        "stage": None,
        "trace": None if run.trace is None else str(run.trace),
        "obstacle": run.obstacle,
        "detail": run.detail or None,
        "causes": [],
    }
    if run.trace is not None:
        with open_trace(run.trace) as trace:
            found = diagnose(trace)
            document |= {"stage": found.stage, "causes": msgspec.to_builtins(found.causes)}
    return document


def _turn(turn: Turn) -> dict[str, Any]:
    document: dict[str, Any] = {"good": turn.good.release, "bad": turn.bad.release, "diff": None, "why": None}
    if turn.bad.trace is not None:
        with open_trace(turn.bad.trace) as bad:
            document["why"] = diagnosis_document(diagnose(bad))
            if turn.good.trace is not None:
                with open_trace(turn.good.trace) as good:
                    document["diff"] = comparison_document(compare(good, bad))
    return document


def encode_document(document: Any, *, indent: int = 0) -> str:
    """Return JSON text that can't control a terminal: unprintable characters are escaped, even if JSON allows them."""
    text = (
        msgspec.json.format(msgspec.json.encode(document), indent=indent).decode()
        if indent
        else msgspec.json.encode(document).decode()
    )
    return _UNPRINTABLE.sub(lambda match: "".join(map(_escape, match.group())), text)


def validation_document(validated: Sequence[ValidationResult]) -> dict[str, Any]:
    """Return ``{"transformers", "exercises": [{"id", "fits", "problems": [{"what", "values"}], "seconds"}]}``."""
    from tracer.releases import installed_release

    return {
        "transformers": installed_release() or "-",
        "exercises": [msgspec.to_builtins(result) for result in validated],
    }


def check_document(
    checked: Sequence[CheckResult], tables: Sequence[tuple[GivenTrace, list[FunctionCoverage]]] | None
) -> dict[str, Any]:
    """Return ``{"walkthroughs": [{"id", "notes", "checked", "unchecked", "problems": […]}], "coverage": [{…}]}``."""
    document: dict[str, Any] = {
        "walkthroughs": [
            {
                "id": result.walkthrough.id,
                "notes": len(result.walkthrough.notes),
                "checked": result.notes,
                "unchecked": result.unchecked,
                "problems": [
                    {**msgspec.to_builtins(problem), "release": release} for problem, release in result.problems
                ],
            }
            for result in checked
        ]
    }
    if tables is not None:
        document["coverage"] = [
            {
                "model": given.name,
                "release": given.release,
                "explained": sum(function.explained for function in table),
                "executed": sum(function.executed for function in table),
                "functions": msgspec.to_builtins(table),
            }
            for given, table in tables
        ]
    return document


def _escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _step(trace: Trace, step: Step, paths: dict[int, str]) -> dict[str, Any]:
    frame = trace.frame(step.frame) if step.frame is not None else None
    made: dict[str, Any] = {
        "number": step.number,
        "time": step.time,
        "thread": step.thread,
        "stage": step.stage,
        "kind": step.kind,
        "event": step.event,
        "frame": step.frame,
        "function": f"{frame.module}.{frame.function}" if frame is not None else None,
        "file": paths.get(step.source) if step.source is not None else None,
        "line": step.line,
        "changes": [_change(trace, change) for change in step.changes],
        "data": step.data,
    }
    if step.value is not None:
        made["value"] = to_json(trace, step.value)
    return made


def _change(trace: Trace, change: Change) -> dict[str, Any]:
    if isinstance(change, Bound):
        return {"name": change.name, "set": to_json(trace, change.value)}
    if isinstance(change, Unbound):
        return {"name": change.name, "deleted": True}
    return {
        "name": change.name,
        "added": {key: to_json(trace, value) for key, value in change.added.items()},
        "changed": {key: to_json(trace, value) for key, value in change.changed.items()},
        "removed": change.removed,
    }


def _path(trace: Trace, path: KeywordPath) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(path)
    made["value"] = to_json(trace, path.value)
    for stop, number in zip(made["stops"], [stop.value for stop in path.hops], strict=True):
        stop["value"] = None if number is None else to_json(trace, number)
    return made


def _decision(trace: Trace, decision: Decision) -> dict[str, Any]:
    """Return a decision as plain JSON, its values filled in."""
    skipped = decision.skipped
    return {
        "step": decision.step,
        "frame": decision.frame,
        "stage": decision.stage,
        "function": decision.function,
        "path": decision.path,
        "line": decision.line,
        "kind": decision.kind,
        "condition": decision.condition,
        "outcome": decision.outcome,
        "taken": decision.taken or None,
        "names": {name: summary_to_json(trace, value) for name, value in decision.names.items()},
        "absent": decision.absent,
        "value": None if decision.value is None else summary_to_json(trace, decision.value),
        "times": decision.times,
        "ended": decision.ended,
        "skipped": None if skipped is None else {"from": skipped.first, "to": skipped.last, "text": skipped.text},
        "went": decision.went,
    }


def _explained(trace: Trace, explained: ExplainedDecision) -> dict[str, Any]:
    """Return an explained decision as plain JSON, with the reason why it was chosen."""
    extra = {"why": explained.why, "means": explained.means or None, "count": explained.times}
    return {**_decision(trace, explained.decision), **extra}
