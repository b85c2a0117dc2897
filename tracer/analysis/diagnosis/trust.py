"""Remote code that may not run."""

from __future__ import annotations

from tracer.analysis.diagnosis.facts import Facts, texts
from tracer.analysis.diagnosis.model import Cause, Evidence
from tracer.trace.reading import Trace
from tracer.trace.steps import Step

_SHOWN = 12  # characters of a checksum


def code_not_agreed(facts: Facts) -> Cause | None:
    """A file that was about to run was not the one that somebody had agreed to."""
    return not_agreed(facts.trace)


def not_agreed(trace: Trace) -> Cause | None:
    """Return the cause of a load that was stopped because other code would have run; None for any other trace."""
    code = trace.meta.get("remote_code")
    stopped = code.get("refused") if isinstance(code, dict) else None
    if not isinstance(stopped, dict):
        return None
    agreed, found = texts(stopped.get("agreed")), str(stopped.get("found") or "")
    values = {
        "file": str(stopped.get("file")),
        "agreed": ", ".join(f"{one[:_SHOWN]}…" for one in agreed),
        "found": f"{found[:_SHOWN]}…",
    }
    kind = "code-compiled" if not found else "code-changed" if agreed else "code-not-shown"
    return Cause(kind, "certain", [], values, "look-again")


def refused(facts: Facts) -> Cause | None:
    """The directory's code is needed, and ``trust_remote_code`` is false or was not given."""
    asked = facts.last("trust-asked", refused=True)
    failure = facts.failure
    if asked is None or failure is None or not failure.step <= asked.number <= failure.passages[-1].step:
        return None
    given = asked.data.get("given")
    kind = "trust-refused" if given is False else "trust-not-given"
    return Cause(kind, "certain", facts.with_raised(_evidence(asked)), {"given": given}, "trust-remote-code")


def local_preferred(facts: Facts) -> list[Cause]:
    """The directory has code of its own, and the library's was taken: a surprise to whoever changed that code."""
    return [
        Cause("local-preferred", "certain", [_evidence(step)], {"given": step.data.get("given")}, "take-remote")
        for step in facts.steps("trust-asked")
        if step.data.get("has_local_code") and step.data.get("has_remote_code") and step.data.get("decision") is False
    ][-1:]


def _evidence(step: Step) -> Evidence:
    names = ("has_local_code", "has_remote_code", "given", "decision")
    return Evidence(step.number, "trust", {name: step.data.get(name) for name in names})
