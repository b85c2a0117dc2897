"""Remote code that may not run."""

from __future__ import annotations

from tracer.replay.why.diagnosis import Cause, Evidence
from tracer.replay.why.facts import Facts
from tracer.trace.steps import Step


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
