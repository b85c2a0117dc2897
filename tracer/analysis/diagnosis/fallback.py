"""When no rule fits: where it happened is told, and that the cause is not known."""

from __future__ import annotations

import ast
import textwrap

from tracer.analysis.diagnosis.facts import REMOTE, Facts, file_name
from tracer.analysis.diagnosis.model import Cause, Certainty, Evidence

_CALLS = 3  # of a statement's calls only the first are named


def own_code_raised(facts: Facts) -> Cause | None:
    """It was first seen in the directory's own code. Whether that raised it, its statement has to show."""
    failure = facts.failure
    if failure is None or not failure.origin.module.startswith(f"{REMOTE}."):
        return None
    origin = failure.origin
    statement = facts.statement(origin).strip()
    raises, calls = _read(statement)
    kind = "own-code-called" if calls else "own-code-failed"
    certainty: Certainty = "unknown"
    if raises == failure.name:
        kind, certainty = "own-code-raised", "likely" if calls else "certain"  # a call in it can raise the same
    values = {
        "error": failure.name,
        "file": file_name(origin.file),
        "line": origin.line,
        "function": origin.function,
        "statement": statement,
        "calls": calls,
    }
    return Cause(kind, certainty, _through(facts), values, "look-at-code")


def unknown(facts: Facts) -> Cause:
    """No rule knows it."""
    if facts.failure is None:
        values = {"error": facts.error or facts.status, "step": facts.end}
        kind = "unknown-unseen" if facts.error and facts.end is not None else "unknown-outside"
        return Cause(kind, "unknown", [], values, "look-at-last-steps" if facts.end is not None else None)
    origin = facts.failure.origin
    values = {"error": facts.failure.name, "function": origin.function}
    return Cause("unknown", "unknown", _through(facts), values, "look-at-last-steps")


def _read(statement: str) -> tuple[str | None, list[str]]:
    """The exception that a statement raises by name, and what it calls; of a compound statement its head alone."""
    try:
        (node,) = ast.parse(textwrap.dedent(statement)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        try:
            (node,) = ast.parse(f"{textwrap.dedent(statement).rstrip()} pass").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None, []
    raised = node.exc if isinstance(node, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    name = ast.unparse(raised).rpartition(".")[2] if isinstance(raised, (ast.Name, ast.Attribute)) else None
    own = node.exc if isinstance(node, ast.Raise) else None
    called = [ast.unparse(part.func) for part in ast.walk(node) if isinstance(part, ast.Call) and part is not own]
    return name, [f"{one}()" for one in dict.fromkeys(called)][:_CALLS]


def _through(facts: Facts) -> list[Evidence]:
    """Each exception, and the functions that the last one went through."""
    failure = facts.failure
    assert failure is not None
    seen = {
        passage.step: Evidence(passage.step, "passed", {"function": passage.function})
        for passage in failure.passages[1:]
        if passage.event == "raise"
    }
    return facts.with_raised(*seen.values())
