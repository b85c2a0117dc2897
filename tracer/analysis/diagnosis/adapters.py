"""Adapters: their base, and whether they fit it."""

from __future__ import annotations

import re

from tracer.analysis.diagnosis.facts import MODEL, Facts, last_name
from tracer.analysis.diagnosis.model import Cause, Evidence

# peft 0.12 (ValueError) to 0.18 (its own type): "Target modules {'query_key_value'} not found in the base model. …"
_TARGETS = re.compile(r"^Target modules (?P<names>.+?) not found in the base model")


def base_missing(facts: Facts) -> Cause | None:
    """The base that adapter_config.json names is not there."""
    failure, found = facts.failure, facts.last("adapter-found")
    if failure is None or found is None:
        return None
    missing = facts.last("file-missing", name="config.json")
    if missing is None or missing.number < found.number or missing.data.get("in") == found.data.get("in"):
        return None
    if facts.last("config-built") is not None and facts.steps("config-built")[-1].number > missing.number:
        return None
    base = missing.data.get("in")
    gone = Evidence(missing.number, "file-missing", {"name": "config.json", "in": base})
    values = {"base": base, "file": found.data.get("path")}
    return Cause("adapter-base-missing", "certain", facts.with_raised(_adapter(facts), gone), values, "name-base")


def does_not_fit(facts: Facts) -> Cause | None:
    """The base was built and filled, and then the adapter could not be put into it."""
    failure, found = facts.failure, facts.last("adapter-found")
    report = facts.steps("weights-report")
    if failure is None or found is None or not report or not failure.origin.function.endswith(MODEL):
        return None
    if report[0].data.get("loaded") != report[0].data.get("checkpoint") or failure.step < report[0].number:
        return None
    resolved = facts.last("class-resolved")
    base = last_name(resolved.data.get("class")) if resolved is not None else "?"
    filled = Evidence(report[0].number, "base-filled", {"class": base, "count": report[0].data.get("loaded")})
    chain = facts.with_raised(_adapter(facts), filled)
    targets = _TARGETS.match(failure.text)
    if failure.name == "NoMatchingPeftModuleError" or targets is not None:
        names = re.findall(r"'([^']+)'", targets["names"]) if targets else []
        values = {"class": base, "names": names, "file": found.data.get("path")}
        return Cause("adapter-for-another-model", "certain", chain, values, "adapters-own-base")
    again = [step for step in report[1:] if step.data.get("mismatched")]
    # 4.44 leaves it to torch's load_state_dict, which says "size mismatch for …" (torch 1 and 2)
    if failure.error == "RuntimeError" and (again or "size mismatch" in failure.text):
        values = {"class": base, "file": found.data.get("path")}
        return Cause("adapter-of-other-sizes", "certain" if again else "likely", chain, values, "adapters-own-base")
    return None


def _adapter(facts: Facts) -> Evidence | None:
    found = next(iter(facts.steps("adapter-found")), None)
    return None if found is None else Evidence(found.number, "adapter", {"path": found.data.get("path")})
