"""Tensors and parameters that do not go together."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from tracer.analysis.diagnosis.facts import Facts, entries, texts
from tracer.analysis.diagnosis.model import Cause, Evidence
from tracer.trace.steps import Step

_NUMBERS: Final = re.compile(r"(?<=\.)\d+(?=\.)")
_TOLD: Final = 4  # of many conversions that failed alike, the first


def not_converted(facts: Facts) -> Cause | None:
    """The library gave up merging or splitting tensors: some are missing, or they don't go together."""
    report = _report(facts)
    failed = facts.steps("conversion-failed")
    if report is None or not failed or not entries(report.data.get("unconverted")):
        return None
    first = failed[0].data
    sources = entries(first.get("sources"))
    chain = facts.with_raised(*(_failed(step) for step in failed[:_TOLD]))
    parameters = [name for step in failed for name in texts(step.data.get("parameters"))]
    values: dict[str, Any] = {"parameter": parameters, "count": len(sources), "names": _names(sources)}
    if missing := _missing(sources):
        values["missing"] = missing
        return Cause("tensors-missing", "certain", chain, values, "tensors-of-a-group")
    for kind in _kinds(sources).values():
        shapes = Counter(str(source.get("shape")) for source in kind.values())
        if len(shapes) > 1:
            usual = shapes.most_common(1)[0][0]
            odd = next(source for source in kind.values() if str(source.get("shape")) != usual)
            values.update(name=odd.get("name"), there=str(odd.get("shape")), others=usual)
            return Cause("tensors-of-two-shapes", "certain", chain, values, "tensors-of-a-group")
    values["reason"] = first.get("reason")
    return Cause("not-converted", "certain", chain, values, "look-at-the-tensors")


def shapes_differ(facts: Facts) -> Cause | None:
    """Tensors of the checkpoint have other shapes than the parameters that the configuration asks for."""
    report = _report(facts)
    mismatched = entries(report.data.get("mismatched")) if report is not None else []
    if report is None or not mismatched:
        return None
    first = mismatched[0]
    seen = Evidence(report.number, "mismatched", {"count": len(mismatched), "name": first.get("parameter")})
    chain = facts.with_raised(seen)
    for entry in mismatched:
        sources = entries(entry.get("sources"))
        if missing := _missing(sources):
            values = {"parameter": entry.get("parameter"), "count": len(sources), "missing": missing}
            return Cause("tensors-missing", "certain", chain, values, "tensors-of-a-group")
    values = {
        "count": len(mismatched),
        "name": first.get("parameter"),
        "there": first.get("shape"),
        "here": first.get("shape_there"),
    }
    return Cause("shapes-differ", "certain", chain, values, "sizes-in-config")


def _report(facts: Facts) -> Step | None:
    """The report of the weights that the load ended with; of an adapter's, other rules speak."""
    failure, report = facts.failure, facts.last("weights-report")
    if failure is None or report is None or failure.error != "RuntimeError" or report.number > failure.step:
        return None
    return report if facts.last("adapter-found") is None else None


def _failed(step: Step) -> Evidence:
    names = _names(entries(step.data.get("sources")))
    values = {
        "count": len(names),
        "name": names[0] if names else "?",
        "parameter": texts(step.data.get("parameters")),
        "reason": str(step.data.get("reason")).partition("\n")[0],
    }
    return Evidence(step.number, "conversion-failed", values)


def _names(sources: list[dict[str, Any]]) -> list[str]:
    return [str(source.get("name")) for source in sources]


def _kinds(sources: list[dict[str, Any]]) -> dict[str, dict[tuple[str, ...], dict[str, Any]]]:
    """Tensors whose names differ in numbers alone, by these numbers."""
    kinds: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    for source in sources:
        name = str(source.get("name"))
        kinds.setdefault(_NUMBERS.sub("*", name), {})[tuple(_NUMBERS.findall(name))] = source
    return kinds


def _missing(sources: list[dict[str, Any]]) -> list[str]:
    """Names that others of the group ask for: another weight of the same expert, or a weight of a later expert."""
    kinds = _kinds(sources)
    if len(sources) < 2:
        return []
    asked = {numbers for kind in kinds.values() for numbers in kind}
    counting = [position for position, found in enumerate(zip(*asked, strict=False)) if len(set(found)) > 1]
    if len(counting) == 1 and len({len(numbers) for numbers in asked}) == 1:
        position = counting[0]
        example = next(iter(asked))
        for number in range(max(int(numbers[position]) for numbers in asked)):
            asked.add((*example[:position], str(number), *example[position + 1 :]))
    found = []
    for pattern, kind in kinds.items():
        for numbers in sorted(asked - kind.keys(), key=lambda numbers: [int(number) for number in numbers]):
            given = iter(numbers)
            found.append(re.sub(r"\*", lambda _, given=given: next(given, "*"), pattern))  # type: ignore[misc]
    return found
