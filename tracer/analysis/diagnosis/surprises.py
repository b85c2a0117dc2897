"""Surprises: what a load did that its user may not expect, although it succeeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tracer.analysis.diagnosis.adapter_rules import is_of_saved_module, saved_modules_absent, saved_modules_unfilled
from tracer.analysis.diagnosis.attention_rules import other_attention
from tracer.analysis.diagnosis.cause import Cause, Evidence
from tracer.analysis.diagnosis.class_rules import class_not_saved
from tracer.analysis.diagnosis.dtype_rules import is_floating, may_keep_float32, mixed_dtypes
from tracer.analysis.diagnosis.override_rules import overrides_that_kept_passes_away
from tracer.analysis.diagnosis.own_code import differing_modules
from tracer.analysis.diagnosis.own_file_rules import code_of_earlier_load, stale_code
from tracer.analysis.diagnosis.quantization_rules import not_in_weights, not_in_weights_as, stored_otherwise
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, file_name, last_name
from tracer.analysis.diagnosis.remote_code_rules import local_preferred, own_files_left_alone
from tracer.analysis.diagnosis.settings_rules import generation_settings_unread
from tracer.analysis.diagnosis.silent_rules import not_tied, silent_wrongs
from tracer.analysis.diagnosis.tokenizer_rules import picture_dropped, tokenizer_without_vocabulary
from tracer.analysis.diagnosis.weight_file_rules import files_differ
from tracer.analysis.diagnosis.weight_names import Prefix, further_layers, layers_in_config, other_prefix
from tracer.analysis.loading_calls import AUTO_TOKENIZER, MODEL_LOADER, loading_calls
from tracer.analysis.model_flow import first_not_finite
from tracer.text.visible import without_codes
from tracer.trace.events import (
    AdapterFound,
    ClassResolved,
    LogWritten,
    Message,
    NotDone,
    NotEncoded,
    NotFed,
    NotGenerated,
    ProcessorFailed,
    Recorded,
    Shard,
    ShardOpened,
    ShardRead,
    TensorLoaded,
    TokenizerLoaded,
    WarningGiven,
    WeightsReport,
    events,
)
from tracer.trace.missing_libraries import missing_packages
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Items, Step

_LIBRARY_TARGET: Final = "transformers/"  # targets of the library that are skipped do not exist in this release
_REPORTED_LEVELS: Final = ("WARNING", "ERROR", "CRITICAL")
_ENDED: Final = {
    "ENOSPC": "recording-ended-full",
    "EDQUOT": "recording-ended-quota",
    "EFBIG": "recording-ended-limit",
}
_LORA: Final = ".lora_"
_STEPS_APART: Final = 5  # 4.44 and 5.23 log what they found just before they return it


def surprises(load: RecordedLoad) -> list[Cause]:
    """Return the surprises by importance: what changes the model's numbers comes first."""
    if load.status != "loaded":  # only what may have to do with the failure matters
        return [
            *incomplete_trace(load.trace),
            *unfilled_weights(load),
            *local_preferred(load),
            *code_of_earlier_load(load),
            *library_messages(load),
        ]
    found = [
        *silent_wrongs(load),
        *class_not_saved(load),
        *unfilled_weights(load),
        *numbers_not_finite(load),
        *files_differ(load),
        *saved_modules_absent(load),
        *dropped_arguments(load),
        *stored_integers(load),
        *mixed_dtypes(load),
        *changed_dtypes(load),
        *other_attention(load),
        *own_from_pretrained(load),
        *replaced_tokenizer(load),
        *tokenizer_without_vocabulary(load),
        *overrides_that_kept_passes_away(load),
        *picture_dropped(load),
        *generation_settings_unread(load),
        *local_preferred(load),
        *code_of_earlier_load(load),
    ]
    return [
        *incomplete_trace(load.trace),
        *_told_once(found),
        *code_not_refreshed(load),
        *skipped_passes(load),
        *library_messages(load),
    ]


def _told_once(found: list[Cause]) -> list[Cause]:
    """Return each surprise once, with the evidence of all of them: one fault can keep several passes away."""
    told: list[Cause] = []
    for cause in found:
        for at, other in enumerate(told):
            if other.kind == cause.kind and other.values == cause.values:
                chain = [*other.chain, *(one for one in cause.chain if one not in other.chain)]
                told[at] = msgspec.structs.replace(other, chain=sorted(chain, key=lambda one: one.step))
                break
        else:
            told.append(cause)
    return told


_IN_REPORT: Final = frozenset(
    {
        "said",
        "not-fed",
        "not-encoded",
        "not-generated",
        "not-recorded",
        "not-refreshed",
        "journal-damaged",
        "recording-ended",
    }
    | {"layers-new", "head-new", "weights-new", "weights-unexpected", "weights-mismatched", "weights-empty"}
    | {"not-finite", "dtype-changed", "argument-dropped", "tokenizer-replaced", "local-preferred", *_ENDED.values()}
)
"""What the report of a load says at its stage already, or leaves to ``why``."""


def unnoticed(trace: Trace) -> list[Cause]:
    """Return what went wrong in a load that succeeded, and what nothing in the report of its stages says."""
    if trace.outcome.status != "loaded":
        return []
    return [cause for cause in surprises(RecordedLoad(trace)) if cause.kind not in _IN_REPORT]


def incomplete_trace(trace: Trace) -> Iterator[Cause]:
    """Yield why the trace has less than the load did: it ended early, left a part out, or its journal was damaged."""
    ended = trace.meta.recording_ended
    if ended is not None:
        kind = _ENDED.get(ended.error, "recording-ended")
        values = {"step": ended.step, "message": ended.message}
        chain = [Evidence(ended.step, trace.step(ended.step).kind)] if 0 <= ended.step < len(trace) else []
        yield Cause(kind, "certain", chain, values)
    if trace.meta.journal_damaged:
        yield Cause("journal-damaged", "certain", [], {"step": len(trace) - 1})
    yield from _not_recorded(trace)


def unfilled_weights(load: RecordedLoad) -> Iterator[Cause]:
    """Yield parameters that the checkpoint did not fill, and tensors that no parameter took."""
    for recorded in load.events(WeightsReport):
        step, report = recorded.step, recorded.event
        mismatched = [mismatch.parameter for mismatch in report.mismatched]
        differing = set(mismatched)
        new = [name for name in report.new if name not in differing]
        read: list[Recorded[Shard]] = load.events(ShardOpened, ShardRead)
        if new and not report.checkpoint and read and all(str(one.event.path).endswith(".bin") for one in read):
            nothing: dict[str, object] = {"file": read[-1].event.path, "count": len(new)}
            yield _of(step, "checkpoint-without-tensors", nothing, "take-inner-dictionary")
            continue
        unexpected = [tensor.name for tensor in report.unexpected if tensor.told]
        if (otherwise := stored_otherwise(load, report)) is not None:
            new = [name for name in new if name not in otherwise.names]
            unexpected = [name for name in unexpected if name not in otherwise.names]
            mismatched = [name for name in mismatched if name not in otherwise.names]
            if not_in_weights(load) is None:  # otherwise it is the cause
                yield not_in_weights_as(load, step.number, otherwise, failed=False)
        filled = _filled_before(load, step.number)
        prefix = other_prefix(new, unexpected)
        if prefix is not None:
            renamed = {*prefix.pairs, *prefix.pairs.values()}
            new = [name for name in new if name not in renamed]
            unexpected = [name for name in unexpected if name not in renamed]
            yield _of(step, *_prefix(prefix))
        if saved := [name for name in new if is_of_saved_module(name)]:
            new = [name for name in new if name not in saved]
            yield saved_modules_unfilled(load, step.number, saved)
        if told := _told_by_index(load, new):
            new = [name for name in new if name not in told]
            file = next(iter(told.values()))
            yield _of(step, "index-lies", {"count": len(told), "names": list(told), "file": file}, "same-revision")
        given = [tensor.name for tensor in report.unexpected]
        if not report.loaded and given and (unused := _of_unused_adapter(load, new)):
            named: dict[str, object] = {"count": len(unused), "names": unused, "there": given}
            yield _of(step, "adapter-unused", named, "names-of-adapter")
            new, unexpected = [name for name in new if name not in set(unused)], []
        layers = further_layers(filled, new)
        others = [name for name in new if name not in set(layers)]
        checkpoint_is_whole = report.loaded == report.checkpoint and bool(report.loaded)
        heads = _of_unfilled_parts(filled, others) if checkpoint_is_whole else []
        missing = [name for name in others if name not in set(heads)]
        explained = {name for cause in not_tied(load, recorded) for name in cause.values["names"]}
        heads, missing = ([name for name in names if name not in explained] for names in (heads, missing))
        dropped = further_layers(filled, unexpected)
        unexpected = [name for name in unexpected if name not in set(dropped)]
        if layers:
            yield _of(step, "layers-new", {"count": len(layers), "names": layers}, "number-of-layers")
        if heads:
            yield _of(step, "head-new", {"count": len(heads), "names": heads}, "train-head")
        if missing:
            yield _of(step, "weights-new", {"count": len(missing), "names": missing}, "names-of-weights")
        if dropped:
            values = {"count": len(dropped), "names": dropped, **layers_in_config(load, filled, dropped)}
            yield _of(step, "layers-dropped", values, "layers-key" if "key" in values else "number-of-layers-dropped")
        if unexpected:
            yield _of(step, "weights-unexpected", {"count": len(unexpected), "names": unexpected}, "names-of-weights")
        if mismatched and load.status == "loaded":
            yield _of(step, "weights-mismatched", {"count": len(mismatched), "names": mismatched}, "sizes-in-config")
        if report.empty:
            yield _of(step, "weights-empty", {"count": len(report.empty), "names": report.empty}, None)


def _of_unused_adapter(load: RecordedLoad, new: list[str]) -> list[str]:
    """Return those of the parameters that are a LoRA adapter's."""
    return [name for name in new if _LORA in name] if load.last(AdapterFound) is not None else []


def _prefix(prefix: Prefix) -> tuple[str, dict[str, object], str]:
    """Return the kind, values and remedy for tensors that only a prefix keeps from their parameters."""
    tensor, parameter = next(iter(prefix.pairs.items()))
    values = {
        "count": len(prefix.pairs),
        "tensor": tensor,
        "parameter": parameter,
        "there": prefix.there,
        "here": prefix.here,
    }
    if not prefix.there:
        return "prefix-lacking", values, "add-prefix"
    return ("prefix-differs", values, "rename-tensors") if prefix.here else ("prefix-too-much", values, "strip-prefix")


def _told_by_index(load: RecordedLoad, names: list[str]) -> dict[str, str]:
    """Return those of the parameters that the index of the weights names, each with the file that is to have it.

    An index whose files were not opened was not used: a whole weights file beside it comes first.
    """
    told: dict[str, str] = {}
    shards: list[Recorded[Shard]] = load.events(ShardOpened, ShardRead)
    opened = {file_name(shard.event.path) for shard in shards}
    for file in ("model.safetensors.index.json", "pytorch_model.bin.index.json"):
        files = (load.trace.meta.json_object(file) or {}).get("weight_map")
        if isinstance(files, dict):
            told |= {name: str(files[name]) for name in names if str(files.get(name)) in opened}
    return told


def _filled_before(load: RecordedLoad, report: int) -> list[str]:
    """Return the parameters that the checkpoint had filled when the library gave its report."""
    return [str(loaded.event.parameter) for loaded in events(load.trace, TensorLoaded, stop=report)]


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


def numbers_not_finite(load: RecordedLoad) -> Iterator[Cause]:
    """Yield the module that first gave NaN or infinity, of a pass whose numbers were recorded."""
    found = first_not_finite(load.trace)
    if found is not None:
        yield Cause("not-finite", "certain", [Evidence(found.step, "not-finite", {**found.facts()})], {**found.facts()})


def dropped_arguments(load: RecordedLoad) -> Iterator[Cause]:
    """Yield arguments that ``from_pretrained`` pops from kwargs and discards: ``_ = kwargs.pop(name, None)``."""
    call = load.model_call
    given = load.given_arguments(call)
    if call is None or not given:
        return
    for frame in load.trace.frames(MODEL_LOADER):
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


def stored_integers(load: RecordedLoad) -> Iterator[Cause]:
    """Yield tensors that are stored as whole numbers and became floating point parameters."""
    found: dict[tuple[str, str], list[Recorded[TensorLoaded]]] = {}
    for loaded in load.tensors:
        here, sources = loaded.event.dtype, loaded.event.sources
        if len(sources) == 1 and here is not None and is_floating(here) and _is_whole(sources[0].dtype):
            found.setdefault((str(sources[0].dtype), here), []).append(loaded)
    for (there, here), tensors in found.items():
        names = [str(loaded.event.parameter) for loaded in tensors]
        values = {"count": len(names), "names": names, "there": there, "here": here}
        evidence = [Evidence(tensors[0].step.number, "dtype", {"there": there, "here": here})]
        yield Cause("integers-as-floats", "certain", evidence, values, "store-floating-or-quantized")


def _is_whole(dtype: str | None) -> bool:
    return dtype is not None and dtype.startswith(("int", "uint"))


def changed_dtypes(load: RecordedLoad) -> Iterator[Cause]:
    """Yield changes of dtype between checkpoint and model that the user did not ask for.

    Whole numbers, and tensors of one dtype that only in part were changed, are :func:`stored_integers` and
    :func:`mixed_dtypes`.
    """
    if next(mixed_dtypes(load), None) is not None:
        return
    calls = [(call, load.given_arguments(load.trace.step(call.step))) for call in loading_calls(load.trace)]
    keeping = may_keep_float32(load)
    dtypes: set[str] = set()
    changed: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    for loaded in load.tensors:
        number, here = loaded.step.number, loaded.event.dtype
        there = loaded.event.sources[0].dtype if loaded.event.sources else None
        wanted = next((given for call, given in calls if call.step <= number <= call.last), {})
        if here is not None and is_floating(here):
            dtypes.add(here)
        if there is None or here is None or there == here or (_is_whole(there) and is_floating(here)):
            continue
        if here not in _dtypes(wanted):
            changed[there, here] += 1
            first.setdefault((there, here), number)
    for (there, here), count in changed.most_common():
        if here == "float32" and len(dtypes) > 1 and keeping:
            continue  # kept in float32 on purpose, beside modules of another dtype
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
    for loaded in load.events(TokenizerLoaded):
        step = loaded.step
        if step.frame is None or load.trace.frame(step.frame).function != AUTO_TOKENIZER:
            continue
        # 4.44 names the variable config_tokenizer_class, 5.x tokenizer_config_class
        for name in ("tokenizer_config_class", "config_tokenizer_class"):
            wanted, got = load.variable(step.frame, name, at=step.number), last_name(loaded.event.class_)
            if not isinstance(wanted, str) or wanted.startswith(
                "PreTrainedTokenizer"
            ):  # these base classes imply no vocabulary
                continue
            if wanted.removesuffix("Fast") != got.removesuffix("Fast"):
                values = {"wanted": wanted, "class": got}
                evidence = [Evidence(step.number, "tokenizer-loaded", {"class": got})]
                yield Cause("tokenizer-replaced", "certain", evidence, values, "name-tokenizer-class")


def own_from_pretrained(load: RecordedLoad) -> Iterator[Cause]:
    """Yield that the directory's class loads its weights itself: the library's ``from_pretrained`` never ran."""
    call, resolved = load.model_call, load.last(ClassResolved, way="remote")
    if call is None or resolved is None or resolved.step.number < call.number or load.part is not None:
        return
    if any(load.trace.frames(MODEL_LOADER)) or load.events(WeightsReport):
        return
    entered = call.frame
    if not any(step.event == "return" for step in load.trace.steps(frame=entered)):
        return
    yield _of(resolved.step, "own-from-pretrained", {"class": last_name(resolved.event.class_)}, "look-at-own-loader")


def code_not_refreshed(load: RecordedLoad) -> Iterator[Cause]:
    """Yield code that ran from the modules cache and that this load did not compare with the directory's."""
    if differing_modules(load) is not None:
        yield from stale_code(load)
        return
    for name, path in own_files_left_alone(load).items():
        yield Cause("not-refreshed", "likely", [], {"file": f"{name}.py", "path": path}, "clear-copy")


def skipped_passes(load: RecordedLoad) -> Iterator[Cause]:
    """Yield what a load went on without: the processor, and passes through the model."""
    for failed in load.events(ProcessorFailed):
        event = failed.event
        error = str(event.error).rpartition(".")[2]
        values: dict[str, Any] = {
            "class": event.class_,
            "error": error,
            "message": str(event.message).strip().partition("\n")[0].rstrip("."),
        }
        part, packages = missing_packages(str(event.message))
        if part and packages:
            values |= {"part": part, "packages": packages, "install": " ".join(packages)}
            yield _of(failed.step, "processor-package", values, "install-for-processor")
        else:
            yield _of(failed.step, event.kind, values, "look-at-processor")
    not_done: list[Recorded[NotDone]] = load.events(NotFed, NotEncoded, NotGenerated)
    for skipped in not_done:
        yield _of(skipped.step, skipped.event.kind, {"why": skipped.event.why}, None)


def _not_recorded(trace: Trace) -> Iterator[Cause]:
    """Yield what the recorder left out, except functions that the release does not have."""
    for name, reason in trace.meta.skipped.items():
        if not name.startswith(_LIBRARY_TARGET):
            yield Cause("not-recorded", "certain", [], {"what": name, "reason": reason}, None)


def library_messages(load: RecordedLoad) -> Iterator[Cause]:
    """Yield warnings of the library or Python, each once, except those that repeat the weights' report."""
    seen: set[str] = set()
    failing = (
        load.exceptions[0].step if load.exceptions else len(load.trace)
    )  # from there on, the chain of exceptions shows it
    messages: list[Recorded[Message]] = load.events(WarningGiven, LogWritten)
    for given in messages:
        if isinstance(given.event, LogWritten) and given.event.level not in _REPORTED_LEVELS:
            continue
        message = without_codes(str(given.event.message))
        if given.step.number < failing and message not in seen and not _repeats_report(load, given.step):
            seen.add(message)
            yield _of(given.step, "said", {"message": message}, None)


def _repeats_report(load: RecordedLoad, message: Step) -> bool:
    """Return whether the message belongs to a weights' report with mismatches, which has it already."""
    return any(
        abs(message.number - report.step.number) <= _STEPS_APART
        for report in load.events(WeightsReport)
        if _has_left(report.event)
    )


def _has_left(report: WeightsReport) -> bool:
    return bool(report.new or report.missing or report.unexpected or report.mismatched or report.unconverted)


def _of(step: Step, kind: str, values: dict[str, object], remedy: str | None) -> Cause:
    return Cause(kind, "certain", [Evidence(step.number, step.kind, values)], dict(values), remedy)
