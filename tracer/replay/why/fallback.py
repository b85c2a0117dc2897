"""When no rule fits: where it happened is told, and that the cause is not known."""

from __future__ import annotations

from tracer.replay.why.diagnosis import Cause, Evidence
from tracer.replay.why.facts import REMOTE, Facts, file_name


def own_code_raised(facts: Facts) -> Cause | None:
    """The directory's own code raised it."""
    failure = facts.failure
    origin = facts.root.origin if facts.root is not None else None
    if failure is None or origin is None or not origin.module.startswith(f"{REMOTE}."):
        return None
    values = {
        "error": failure.name,
        "file": file_name(origin.file),
        "line": origin.line,
        "function": origin.function,
        "statement": facts.statement(origin).strip(),
    }
    return Cause("own-code-raised", "certain", _through(facts), values, "look-at-code")


def unknown(facts: Facts) -> Cause:
    """No rule knows it."""
    if facts.failure is None:
        values = {"error": facts.error or facts.status}
        return Cause("unknown-outside", "likely", [], values, "look-at-last-steps" if facts.end is not None else None)
    origin = facts.failure.origin
    values = {"error": facts.failure.name, "function": origin.function}
    return Cause("unknown", "likely", _through(facts), values, "look-at-last-steps")


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
