"""Rules for weights: tensors that do not fit the parameters."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.quantization_rules import stored_otherwise
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, last_name
from tracer.analysis.diagnosis.weight_names import NUMBERS, labels_in_config, size_in_config
from tracer.analysis.loading_calls import MODEL_LOADER
from tracer.trace.events import (
    AdapterFound,
    ClassResolved,
    ConversionFailed,
    Recorded,
    StoredTensor,
    WeightsReport,
)

_CONVERSIONS: Final = 4  # at most shown, of many that failed alike


def not_converted(load: RecordedLoad) -> Cause | None:
    """Detect tensors that the library could not merge or split: some are missing, or they don't fit each other."""
    report = _report(load)
    failed = load.events(ConversionFailed)
    if report is None or not failed or not report.event.unconverted:
        return None
    sources = failed[0].event.sources
    chain = load.with_raised(*map(_failed, failed[:_CONVERSIONS]))
    parameters = [name for conversion in failed for name in conversion.event.parameters]
    values: dict[str, Any] = {"parameter": parameters, "count": len(sources), "names": _names(sources)}
    if missing := _missing(sources):
        values["missing"] = missing
        return Cause("tensors-missing", "certain", chain, values, "tensors-of-a-group")
    for kind in _kinds(sources).values():
        shapes = Counter(str(source.shape) for source in kind.values())
        if len(shapes) > 1:
            usual = shapes.most_common(1)[0][0]
            odd = next(source for source in kind.values() if str(source.shape) != usual)
            values.update(name=odd.name, there=str(odd.shape), others=usual)
            return Cause("tensors-of-two-shapes", "certain", chain, values, "tensors-of-a-group")
    values["reason"] = failed[0].event.reason
    return Cause("not-converted", "certain", chain, values, "look-at-the-tensors")


def shapes_differ(load: RecordedLoad) -> Cause | None:
    """Detect tensors whose shapes differ from the parameters that the configuration describes."""
    report = _report(load)
    mismatched = report.event.mismatched if report is not None else []
    if report is None or not mismatched or stored_otherwise(load, report.event) is not None:
        return None
    first = mismatched[0]
    seen = Evidence(report.step.number, "mismatched", {"count": len(mismatched), "name": first.parameter})
    chain = load.with_raised(seen)
    values: dict[str, Any]
    for mismatch in mismatched:
        if missing := _missing(mismatch.sources):
            values = {"parameter": mismatch.parameter, "count": len(mismatch.sources), "missing": missing}
            return Cause("tensors-missing", "certain", chain, values, "tensors-of-a-group")
    values = {
        "count": len(mismatched),
        "name": first.parameter,
        "there": first.shape,
        "here": first.shape_there,
    }
    size = size_in_config(load, mismatched)
    if size is not None:
        values |= size._asdict()
    if size is None and (labels := labels_in_config(load, mismatched)) is not None:
        values |= labels._asdict()
        return Cause("shapes-differ-in-labels", "certain", chain, values, "labels-in-config")
    return Cause("shapes-differ", "certain", chain, values, "size-in-config" if size is not None else "sizes-in-config")


def names_mixed(load: RecordedLoad) -> Cause | None:
    """Detect names that are neither those of the whole model nor those of its base, which transformers 4 refuses."""
    failure = load.failure
    if failure is None or failure.error != "ValueError" or not failure.origin.function.endswith(MODEL_LOADER):
        return None
    # 4.0 to 4.48: no tensor begins with the prefix of the base model, and some are beside the base model.
    if not failure.text.startswith("The state dictionary of the model you are trying to load is corrupted"):
        return None
    frame = failure.origin.frame
    names = load.variable(frame, "loaded_state_dict_keys") if frame is not None else None
    resolved = load.last(ClassResolved)
    values = {
        "class": last_name(resolved.event.class_) if resolved is not None else "?",
        "names": [name for name in names if isinstance(name, str)] if isinstance(names, list) else [],
    }
    return Cause("names-mixed", "certain", load.with_raised(), values, "names-of-the-class")


def _report(load: RecordedLoad) -> Recorded[WeightsReport] | None:
    """Return the weights' report that the load ended with, unless an adapter was involved, which has its own rules."""
    failure, report = load.failure, load.last(WeightsReport)
    if failure is None or report is None or failure.error != "RuntimeError" or report.step.number > failure.step:
        return None
    return report if load.last(AdapterFound) is None else None


def _failed(conversion: Recorded[ConversionFailed]) -> Evidence:
    names = _names(conversion.event.sources)
    values = {
        "count": len(names),
        "name": names[0] if names else "?",
        "parameter": conversion.event.parameters,
        "reason": str(conversion.event.reason).partition("\n")[0],
    }
    return Evidence(conversion.step.number, "conversion-failed", values)


def _names(sources: list[StoredTensor]) -> list[str]:
    return [source.name for source in sources]


def _kinds(sources: list[StoredTensor]) -> dict[str, dict[tuple[str, ...], StoredTensor]]:
    """Group tensors whose names differ only in numbers, by these numbers."""
    kinds: dict[str, dict[tuple[str, ...], StoredTensor]] = {}
    for source in sources:
        kinds.setdefault(NUMBERS.sub("*", source.name), {})[tuple(NUMBERS.findall(source.name))] = source
    return kinds


def _missing(sources: list[StoredTensor]) -> list[str]:
    """Return the names that the group implies and lacks: another weight of an expert, or an expert in between."""
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
