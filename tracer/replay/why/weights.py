"""Tensors and parameters that do not go together."""

from __future__ import annotations

from tracer.replay.why.diagnosis import Cause, Evidence
from tracer.replay.why.facts import Facts, entries


def shapes_differ(facts: Facts) -> Cause | None:
    """Tensors of the checkpoint have other shapes than the parameters that the configuration asks for."""
    failure = facts.failure
    report = facts.last("weights-report")
    if failure is None or report is None or failure.error != "RuntimeError" or facts.last("adapter-found") is not None:
        return None
    mismatched = entries(report.data.get("mismatched"))
    if not mismatched or report.number > failure.step:
        return None
    first = mismatched[0]
    values = {
        "count": len(mismatched),
        "name": first.get("parameter"),
        "there": first.get("shape"),
        "here": first.get("shape_there"),
    }
    seen = Evidence(report.number, "mismatched", {"count": len(mismatched), "name": first.get("parameter")})
    return Cause("shapes-differ", "certain", facts.with_raised(seen), values, "sizes-in-config")
