"""Surprises: what a load did that its user may not expect, although it succeeded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, last_name
from tracer.analysis.diagnosis.remote_code_rules import local_preferred, own_files_left_alone
from tracer.analysis.loading_calls import AUTO_TOKENIZER, MODEL_LOADER, loading_calls
from tracer.text.visible import without_codes
from tracer.trace.outcome import RECORDING_ENDED
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Items, Step, entries, texts

_LIBRARY_TARGET: Final = "transformers/"  # targets of the library that are skipped do not exist in this release
_REPORTED_LEVELS: Final = ("WARNING", "ERROR", "CRITICAL")
_NUMBERS: Final = re.compile(r"(?<=\.)\d+(?=\.)")
_ENDED: Final = {
    "ENOSPC": "recording-ended-full",
    "EDQUOT": "recording-ended-quota",
    "EFBIG": "recording-ended-limit",
}
_STEPS_APART: Final = 5  # 4.44 and 5.23 log what they found just before they return it


def surprises(load: RecordedLoad) -> list[Cause]:
    """Return the surprises by importance: what changes the model's numbers comes first."""
    if load.status != "loaded":  # only what may have to do with the failure matters
        return [*incomplete_trace(load.trace), *unfilled_weights(load), *library_messages(load)]
    found = [
        *unfilled_weights(load),
        *dropped_arguments(load),
        *changed_dtypes(load),
        *replaced_tokenizer(load),
        *local_preferred(load),
    ]
    return [
        *incomplete_trace(load.trace),
        *found,
        *code_not_refreshed(load),
        *skipped_passes(load),
        *library_messages(load),
    ]


def incomplete_trace(trace: Trace) -> Iterator[Cause]:
    """Yield why the trace has less than the load did: it ended early, left a part out, or its journal was damaged."""
    ended = trace.meta.get(RECORDING_ENDED)
    if isinstance(ended, dict):
        kind = _ENDED.get(str(ended.get("error")), "recording-ended")
        step = ended.get("step")
        values = {"step": step, "message": str(ended.get("message"))}
        chain = []
        if isinstance(step, int) and 0 <= step < len(trace):
            chain = [Evidence(step, trace.step(step).kind)]
        yield Cause(kind, "certain", chain, values)
    if trace.meta.get("journal_damaged"):
        yield Cause("journal-damaged", "certain", [], {"step": len(trace) - 1})
    yield from _not_recorded(trace)


def unfilled_weights(load: RecordedLoad) -> Iterator[Cause]:
    """Yield parameters that the checkpoint did not fill, and tensors that no parameter took."""
    for step in load.steps("weights-report"):
        mismatched = entries(step.data.get("mismatched"))
        names = {entry.get("parameter") for entry in mismatched}
        new = [name for name in texts(step.data.get("new")) if name not in names]
        unexpected = [str(entry.get("name")) for entry in entries(step.data.get("unexpected")) if entry.get("told")]
        filled = _filled_before(load, step)
        layers = _of_further_layers(filled, new)
        others = [name for name in new if name not in set(layers)]
        checkpoint_is_whole = step.data.get("loaded") == step.data.get("checkpoint")
        heads = _of_unfilled_parts(filled, others) if checkpoint_is_whole else []
        missing = [name for name in others if name not in set(heads)]
        if layers:
            yield _of(step, "layers-new", {"count": len(layers), "names": layers}, "number-of-layers")
        if heads:
            yield _of(step, "head-new", {"count": len(heads), "names": heads}, "train-head")
        if missing:
            yield _of(step, "weights-new", {"count": len(missing), "names": missing}, "names-of-weights")
        if unexpected:
            yield _of(step, "weights-unexpected", {"count": len(unexpected), "names": unexpected}, "names-of-weights")
        if mismatched and load.status == "loaded":
            found = [str(entry.get("parameter")) for entry in mismatched]
            yield _of(step, "weights-mismatched", {"count": len(found), "names": found}, "sizes-in-config")
        if empty := texts(step.data.get("empty")):
            yield _of(step, "weights-empty", {"count": len(empty), "names": empty}, None)


def _filled_before(load: RecordedLoad, report: Step) -> list[str]:
    """Return the parameters that the checkpoint had filled when the library gave its report."""
    return [
        str(step.data.get("parameter"))
        for step in load.trace.steps(kinds=["tensor-loaded"], stop=report.number)
        if step.number < report.number
    ]


def _of_further_layers(filled: list[str], new: list[str]) -> list[str]:
    """Return names of a layer that the checkpoint has nothing of, while it has the same names in other layers."""
    layers = {layer for name in filled for layer in _layers(name)}
    patterns = {_NUMBERS.sub("*", name) for name in filled}
    return [
        name
        for name in new
        if _NUMBERS.sub("*", name) in patterns and any(layer not in layers for layer in _layers(name))
    ]


def _of_unfilled_parts(filled: list[str], new: list[str]) -> list[str]:
    """Return names in a part of the model that the checkpoint has nothing of: ``classifier.…``, ``bert.pooler.…``.

    A part is a child of the model, or of the base model in it. A tensor that is missing among others of its part,
    such as one of an expert's, is in no such part.
    """
    filled_parts = {part for name in filled for part in _parts(name)}
    return [name for name in new if any(part not in filled_parts for part in _parts(name))]


def _parts(name: str) -> list[str]:
    """Return the paths of a parameter's first two modules: ``bert`` and ``bert.pooler``."""
    modules = name.split(".")[:-1]
    return [".".join(modules[:depth]) for depth in range(1, min(len(modules), 2) + 1)]


def _layers(name: str) -> list[str]:
    """Return each prefix of a name that ends with a number: ``model.layers.0``."""
    return [name[: found.end()] for found in _NUMBERS.finditer(name)]


def dropped_arguments(load: RecordedLoad) -> Iterator[Cause]:
    """Yield arguments that ``from_pretrained`` pops from kwargs and discards: ``_ = kwargs.pop(name, None)``."""
    call = load.model_call
    given = load.given_arguments(call)
    if call is None or not given:
        return
    for frame in load.trace.frames():
        if frame.function != MODEL_LOADER:
            continue
        for step in load.trace.steps(frame=frame.number):
            if not any(isinstance(change, Bound) and change.name == "_" for change in step.changes):
                continue
            for change in step.changes:
                if isinstance(change, Items):
                    for name in set(change.removed) & given.keys():
                        evidence = [
                            Evidence(call.number, "given", {"name": name, "value": given[name]}),
                            Evidence(step.number, "thrown-away", {"name": name}),
                        ]
                        yield Cause("argument-dropped", "certain", evidence, {"name": name}, "leave-out-dropped")


def changed_dtypes(load: RecordedLoad) -> Iterator[Cause]:
    """Yield changes of dtype between checkpoint and model that the user did not ask for."""
    calls = [(call, load.given_arguments(load.trace.step(call.step))) for call in loading_calls(load.trace)]
    changed: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    for step in load.trace.steps(kinds=["tensor-loaded"]):
        here = step.data.get("dtype")
        for source in entries(step.data.get("sources"))[:1]:
            there = source.get("dtype")
            wanted = next((given for call, given in calls if call.step <= step.number <= call.last), {})
            if isinstance(there, str) and isinstance(here, str) and there != here and here not in _dtypes(wanted):
                changed[there, here] += 1
                first.setdefault((there, here), step.number)
    for (there, here), count in changed.most_common():
        values = {"count": count, "there": there, "here": here}
        evidence = [Evidence(first[there, here], "dtype", {"there": there, "here": here})]
        yield Cause("dtype-changed", "certain", evidence, values, "name-dtype")


def _dtypes(given: dict[str, Any]) -> list[str]:
    """Return the dtypes that a call asked for."""
    wanted = [given.get(name) for name in ("dtype", "torch_dtype")]
    texts = [value.get("text") if isinstance(value, dict) else value for value in wanted]
    return [text.removeprefix("torch.") for text in texts if isinstance(text, str)]


def replaced_tokenizer(load: RecordedLoad) -> Iterator[Cause]:
    """Yield a tokenizer other than tokenizer_config.json names: 5.x falls back where 4.x fails."""
    for step in load.steps("tokenizer-loaded"):
        if step.frame is None or load.trace.frame(step.frame).function != AUTO_TOKENIZER:
            continue
        # 4.44 names the variable config_tokenizer_class, 5.x tokenizer_config_class
        for name in ("tokenizer_config_class", "config_tokenizer_class"):
            wanted, got = load.variable(step.frame, name, at=step.number), last_name(step.data.get("class"))
            if not isinstance(wanted, str) or wanted.startswith(
                "PreTrainedTokenizer"
            ):  # these base classes imply no vocabulary
                continue
            if wanted.removesuffix("Fast") != got.removesuffix("Fast"):
                values = {"wanted": wanted, "class": got}
                evidence = [Evidence(step.number, "tokenizer-loaded", {"class": got})]
                yield Cause("tokenizer-replaced", "certain", evidence, values, "name-tokenizer-class")


def code_not_refreshed(load: RecordedLoad) -> Iterator[Cause]:
    """Yield code that ran from the modules cache and that this load did not compare with the directory's."""
    for name, path in own_files_left_alone(load).items():
        yield Cause("not-refreshed", "likely", [], {"file": f"{name}.py", "path": path}, "clear-copy")


def skipped_passes(load: RecordedLoad) -> Iterator[Cause]:
    """Yield passes through the model that could not be run after the load."""
    for kind in ("not-fed", "not-generated"):
        for step in load.steps(kind):
            yield _of(step, kind, {"why": step.data.get("why")}, None)


def _not_recorded(trace: Trace) -> Iterator[Cause]:
    """Yield what the recorder left out, except functions that the release does not have."""
    skipped = trace.meta.get("skipped")
    for name, reason in skipped.items() if isinstance(skipped, dict) else ():
        if not str(name).startswith(_LIBRARY_TARGET):
            yield Cause("not-recorded", "certain", [], {"what": str(name), "reason": str(reason)}, None)


def library_messages(load: RecordedLoad) -> Iterator[Cause]:
    """Yield warnings of the library or Python, each once, except those that repeat the weights' report."""
    seen: set[str] = set()
    failing = (
        load.exceptions[0].step if load.exceptions else len(load.trace)
    )  # from there on, the chain of exceptions shows it
    for step in load.steps("warning", "log"):
        is_warning = step.kind == "warning" or step.data.get("level") in _REPORTED_LEVELS
        message = without_codes(str(step.data.get("message")))
        if is_warning and step.number < failing and message not in seen and not _repeats_report(load, step):
            seen.add(message)
            yield _of(step, "said", {"message": message}, None)


def _repeats_report(load: RecordedLoad, message: Step) -> bool:
    """Return whether the message belongs to a weights' report with mismatches, which has it already."""
    return any(
        abs(message.number - step.number) <= _STEPS_APART
        for step in load.steps("weights-report")
        if any(step.data.get(key) for key in ("new", "missing", "unexpected", "mismatched", "unconverted"))
    )


def _of(step: Step, kind: str, values: dict[str, object], remedy: str | None) -> Cause:
    return Cause(kind, "certain", [Evidence(step.number, step.kind, values)], dict(values), remedy)
