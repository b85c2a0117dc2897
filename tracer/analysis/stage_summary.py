"""Summarize a load: for each stage the facts that matter, each with the step that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec

from tracer.analysis.kwargs.hops import USER
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.loading_calls import (
    AUTO_CONFIG,
    AUTO_MODEL,
    AUTO_PROCESSOR,
    AUTO_TOKENIZER,
    MODEL_LOADER,
    format_call,
    is_loading_call,
    loading_calls,
)
from tracer.analysis.model_flow import not_finite_at
from tracer.text.visible import without_codes
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import (
    AdapterAbsent,
    AdapterFound,
    ChatRendered,
    ClassRegistered,
    ClassResolved,
    ConfigBuilt,
    ConfigRead,
    Event,
    FileMissing,
    FileResolved,
    Generated,
    ImportsChecked,
    InputsPrepared,
    Label,
    Loaded,
    LogWritten,
    Mismatch,
    ModelBuilt,
    ModelLoaded,
    ModuleLeft,
    NotDone,
    NotEncoded,
    NotFed,
    NotGenerated,
    OutputsRead,
    PeftApplied,
    ProcessorFailed,
    ProcessorLoaded,
    ProcessorPart,
    Recorded,
    Shard,
    ShardOpened,
    ShardRead,
    TextPrepared,
    TokenGenerated,
    TokenizerLoaded,
    TrustAsked,
    WarningGiven,
    WeightsReport,
    event_of,
    read_event,
)
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame, Step
from tracer.trace.text_search import slowest_step


class Fact(msgspec.Struct):
    """One thing that was found out or decided during a load.

    Attributes:
        what: key of its sentence, see :mod:`tracer.views.show`.
        step: the step that shows it.
        values: the values in the sentence; plain JSON.
        trouble: whether it is a warning or an error.
        times: how often the same message was given.
    """

    what: str
    step: int
    values: dict[str, Any] = {}
    trouble: bool = False
    times: int = 1


class Slowest(msgspec.Struct):
    """The step of a stage that took longest, up to the next step; ``text`` is its statement, if any."""

    step: int
    seconds: float
    text: str


class StageSummary(msgspec.Struct):
    """What happened in one stage. ``seconds`` is the time spent between its steps and the next ones.

    ``slowest`` is the step that took most of it, if that is a lot of time.
    """

    stage: str
    steps: int
    seconds: float
    facts: list[Fact]
    slowest: Slowest | None = None


_LONG: Final = 1.0  # seconds that call for an explanation
_WITHIN_A_LOAD: Final = {
    "file", "file-not-there", "adapter", "no-adapter", "config-read", "config-read-left", "trust", "shard",
}  # fmt: skip
"""Facts that several functions of one load establish; each is listed once."""


def summarize_stages(trace: Trace, start: int = 0, stop: int | None = None) -> list[StageSummary]:
    """Return the stages in the order of their first facts; a stage without facts is placed by its first step.

    Only what is from step ``start`` up to but not including ``stop`` counts, one load of several for example.
    """
    seconds = trace.stage_seconds(start, stop)
    facts: dict[str, list[Fact]] = {}
    seen: dict[tuple[str, bytes], Fact] = {}
    not_finite: Step | None = None
    for step in trace.steps(start, stop, kinds=_KINDS):
        if not_finite is None and _gave_not_finite(step):
            not_finite = step
        for fact in _facts(trace, step):
            if fact.what == "called":
                seen.clear()
            there = seen.setdefault((step.stage, msgspec.json.encode([fact.what, fact.values])), fact)
            if there is fact or fact.what not in (*_WITHIN_A_LOAD, "said"):
                facts.setdefault(step.stage, []).append(fact)
            elif fact.what == "said":
                there.times += 1
    overwritten = _overwritten(trace, start, len(trace) if stop is None else stop)
    for stage, fact in (*overwritten, *_not_finite(trace, not_finite)):
        facts[stage] = sorted([*facts.get(stage, []), fact], key=lambda fact: fact.step)
    counts = trace.stage_counts(start, stop)
    first = {stage: found[0].step for stage, found in facts.items()}
    for stage in counts.keys() - first.keys():
        first[stage] = next((step.number for step in trace.steps(start, stop, stages=[stage])), 0)
    return [
        StageSummary(
            stage,
            counts[stage],
            round(seconds.get(stage, 0.0), 6),
            facts.get(stage, []),
            _slowest(trace, stage, seconds, start, stop),
        )
        for stage in sorted(counts, key=first.__getitem__)
    ]


def _overwritten(trace: Trace, start: int, stop: int) -> Iterator[tuple[str, Fact]]:
    """Yield the user's arguments that were set on a configuration and overwritten there later."""
    for call in loading_calls(trace):
        if not start <= call.step < stop:
            continue
        for one in keyword_paths(trace, call=call.step):
            if one.origin == USER and one.end.what == "overwritten" and one.end.step is not None:
                what = "argument-overwritten-by" if one.end.by else "argument-overwritten"
                values = {"name": one.name, "attribute": f"{one.end.where}.{one.end.name}", "by": one.end.by}
                yield trace.step(one.end.step).stage, Fact(what, one.end.step, values, trouble=True)


def _gave_not_finite(step: Step) -> bool:
    left = event_of(step, ModuleLeft)
    return left is not None and any(one.nan or one.inf for one in left.statistics)


def _not_finite(trace: Trace, step: Step | None) -> Iterator[tuple[str, Fact]]:
    """Yield the module that first gave NaN or infinity, at the step where it was left."""
    if step is None:
        return
    found = not_finite_at(trace, Recorded(step, read_event(step.data, ModuleLeft)))
    if found is not None:
        yield step.stage, Fact("not-finite", step.number, {**found.facts()}, trouble=True)


def _slowest(trace: Trace, stage: str, seconds: dict[str, float], start: int, stop: int | None) -> Slowest | None:
    """Return the step that took most of a stage's time if that is long, for example an import of a model's class."""
    if seconds.get(stage, 0.0) < _LONG:
        return None
    number, spent = slowest_step(trace, stage, start, stop)
    if spent < max(_LONG, seconds[stage] / 2):
        return None
    step = trace.step(number)
    text = ""
    if step.event in ("line", "call") and step.source is not None and step.line is not None:
        with suppress(DanglingNumber):
            text = "".join(trace.source(step.source).text.splitlines()[step.line - 1 : step.line]).strip()
    return Slowest(number, round(spent, 6), text)


def _facts(trace: Trace, step: Step) -> Iterator[Fact]:
    if step.kind == "call":
        yield from _call(trace, step)
    else:
        yield from facts_of_step(step)


def facts_of_step(step: Step) -> Iterator[Fact]:
    """Yield what one step shows by itself; this works while the trace is still being recorded."""
    if step.kind in _FACTS_BY_KIND:
        kind, facts = _FACTS_BY_KIND[step.kind]
        yield from facts(step, read_event(step.data, kind))


_AUTO_CALLS: Final = (AUTO_MODEL, AUTO_TOKENIZER, AUTO_PROCESSOR, AUTO_CONFIG)
_REMOTE: Final = "transformers_modules."  # the package that remote code is imported under


def _call(trace: Trace, step: Step) -> Iterator[Fact]:
    """Yield the user's call of an auto class, which no stepped function made."""
    if step.frame is None:
        return
    frame = trace.frame(step.frame)
    if is_loading_call(frame) and frame.function in _AUTO_CALLS:
        yield Fact("called", step.number, {"call": format_call(trace, step)})
    elif (
        frame.module.startswith(_REMOTE) and frame.function.endswith(".from_pretrained") and step.stage == "construct"
    ):  # of a model: those of configurations and tokenizers belong to their own stages
        alone = not any(_is_in(trace, loader, step.frame) for loader in trace.frames(MODEL_LOADER))
        yield Fact("own-loader-alone" if alone else "own-loader", step.number, {"function": frame.function})


def _is_in(trace: Trace, frame: Frame, outer: int) -> bool:
    seen: set[int] = set()
    while frame.parent is not None and frame.parent not in seen:
        if frame.parent == outer:
            return True
        seen.add(frame.parent)
        frame = trace.frame(frame.parent)
    return False


def _file_resolved(step: Step, found: FileResolved) -> Iterator[Fact]:
    yield Fact("file", step.number, {"path": found.path})


def _file_missing(step: Step, missing: FileMissing) -> Iterator[Fact]:
    if step.event == "unwind":
        yield Fact("file-not-there", step.number, {"name": missing.name, "in": missing.in_}, trouble=True)


def _adapter_found(step: Step, found: AdapterFound) -> Iterator[Fact]:
    yield Fact("adapter", step.number, {"path": found.path})


def _adapter_absent(step: Step, absent: AdapterAbsent) -> Iterator[Fact]:
    yield Fact("no-adapter", step.number, {"in": absent.in_})


def _config_read(step: Step, read: ConfigRead) -> Iterator[Fact]:
    unused = [name for name in read.unused if name not in _HOUSEKEEPING]
    values = {"keys": len(read.keys), "model_type": read.model_type, "left": unused}
    yield Fact("config-read-left" if unused else "config-read", step.number, values)


def _config_built(step: Step, built: ConfigBuilt) -> Iterator[Fact]:
    taken = [name for name in dict.fromkeys(built.taken) if name not in _HOUSEKEEPING]
    yield Fact("config-built", step.number, {"class": built.class_})
    if taken:
        yield Fact("became-config", step.number, {"names": taken})
    unused = [name for name in built.unused if name not in _HOUSEKEEPING]
    kept = [name for name in built.kept if name in unused]
    if kept:
        yield Fact("set-and-left", step.number, {"names": kept})
    if left := [name for name in unused if name not in kept]:
        yield Fact("left-for-model", step.number, {"names": left})


def _trust(step: Step, asked: TrustAsked) -> Iterator[Fact]:
    yield Fact("trust", step.number, _pick(asked, "has_local_code", "has_remote_code", "given", "decision"))
    if asked.refused:
        yield Fact("trust-refused", step.number, trouble=True)


def _class_resolved(step: Step, found: ClassResolved) -> Iterator[Fact]:
    if found.way in ("remote", "mapping", "name-pattern"):
        values = {"class": found.class_, **_pick(found, "reference", "final_module", "key")}
        if found.referrer and found.repository:
            yield Fact("class-elsewhere", step.number, {**values, "repository": found.repository})
            return
        yield Fact(f"class-{found.way}", step.number, values)


def _imports_checked(step: Step, checked: ImportsChecked) -> Iterator[Fact]:
    if checked.missing:
        yield Fact("packages-missing", step.number, {"names": checked.missing, "file": checked.file}, trouble=True)


def _class_registered(step: Step, registered: ClassRegistered) -> Iterator[Fact]:
    how = "registered-saving" if registered.how == "for saving" else "registered-loading"
    yield Fact(how, step.number, {"class": registered.class_, "with": registered.with_})


def _model_loaded(step: Step, loaded: ModelLoaded) -> Iterator[Fact]:
    values = {"class": loaded.class_, "parameters": loaded.parameters}
    if loaded.within:
        yield Fact("model-within", step.number, {**values, "outer": loaded.within})
    else:
        yield Fact("model", step.number, values)
    for one in loaded.packed:
        yield Fact("model-packed", step.number, msgspec.to_builtins(one))
    by_device: dict[str, list[str]] = {}
    for name, device in loaded.device_map.items():
        by_device.setdefault(device, []).append(name)
    for device, names in by_device.items():
        if names == [""]:
            yield Fact("placed-whole", step.number, {"device": device})
        else:
            yield Fact("placed-disk" if device == "disk" else "placed", step.number, {"device": device, "names": names})


def _loaded(step: Step, loaded: Loaded) -> Iterator[Fact]:
    yield Fact("loaded", step.number, {"class": loaded.class_})


_TELLING: Final = re.compile(r"(^|_)(size|pixels|length|rate|frames|tokens?|patch(es)?|stride)$")
_DOES: Final = "do_"


def _processor(step: Step, loaded: ProcessorLoaded) -> Iterator[Fact]:
    """Yield what a processor is made of, each part with its sizes and with what it does."""
    yield Fact("loaded", step.number, {"class": loaded.class_})
    own = ProcessorPart("", loaded.class_, loaded.settings)
    for part in [own, *loaded.parts]:
        settings = [
            f"{name} {_setting(value)}"
            for name, value in part.settings.items()
            if _TELLING.search(name) and value is not False
        ]
        settings += [name for name, value in part.settings.items() if name.startswith(_DOES) and value is True]
        values = {"name": part.name, "class": part.class_, "settings": settings}
        if settings:
            yield Fact("processor-part" if part.name else "processor-settings", step.number, values)
        elif part.name:
            yield Fact("processor-part-plain", step.number, values)


def _setting(value: Any) -> str:
    """Return a size as it is written: ``336×336``."""
    if isinstance(value, dict) and set(value) == {"height", "width"}:
        return f"{value['height']}×{value['width']}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)


def _built(step: Step, built: ModelBuilt) -> Iterator[Fact]:
    values = {"class": built.class_, **_pick(built, "modules", "tensors", "numbers")}
    if built.tied:
        yield Fact("built-tied", step.number, {**values, "names": built.tied})
    else:
        yield Fact("built", step.number, values)


def _passed(step: Step, left: ModuleLeft) -> Iterator[Fact]:
    """Yield the outermost call of a pass through the model."""
    outermost = step.stage == "forward" and left.parent is None
    if outermost and step.value is not None and left.nanoseconds is not None:
        yield Fact("passed", step.number, {"seconds": left.nanoseconds / 1e9})


def _chat(step: Step, chat: ChatRendered) -> Iterator[Fact]:
    yield Fact("chat", step.number, {"text": chat.text})


def _text(step: Step, text: TextPrepared) -> Iterator[Fact]:
    yield Fact("text", step.number, {"prompt": text.prompt, "count": text.count})


def _fed(step: Step, fed: InputsPrepared) -> Iterator[Fact]:
    """Yield what the pass gets, what was shown or told, and what was left out or made up."""
    inputs = [f"{one.name} {'×'.join(map(str, one.shape))} {one.dtype}" for one in fed.inputs]
    yield Fact("fed", step.number, {"inputs": inputs, "by": fed.by})
    for what, shown in (("fed-picture", fed.picture), ("fed-film", fed.film), ("fed-sound", fed.sound)):
        if shown is not None:
            size = "×".join(map(str, shown.size))
            values = {"file": shown.file, "size": size, **_pick_of(shown, "frames", "seconds", "rate")}
            yield Fact(what if shown.file is not None else f"{what}-own", step.number, values)
    for one in fed.placeholders:
        yield Fact("placeholder", step.number, {"name": one.name, "id": one.id, "count": one.count})
    for note in fed.notes:
        yield Fact("fed-note", step.number, {"why": note}, trouble=True)


def _pick_of(value: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _token(step: Step, token: TokenGenerated) -> Iterator[Fact]:
    """Yield a token with its text if it has one, and what was kept for the next one if that is known."""
    values: dict[str, Any] = {"id": token.id, "text": token.text}
    what = "token" if token.text is not None else "token-id"
    if token.ids:
        what, values = "token-codes", {"ids": token.ids}
    if token.cache is not None:
        what, values = f"{what}-cached", {**values, "cache": token.cache}
    elif token.state:
        what, values = f"{what}-state", {**values, "state": ["×".join(map(str, shape)) for shape in token.state]}
    yield Fact(what, step.number, values)


def _generated(step: Step, made: Generated) -> Iterator[Fact]:
    """Yield what a call that makes the model write returned, and what it was not told."""
    by = {"by": made.by}
    tensors = [f"{one.name} {'×'.join(map(str, one.shape))} {one.dtype}".strip() for one in made.tensors]
    if made.text is not None:
        yield Fact("generated-text", step.number, {**by, "text": made.text})
    elif made.what == "sound" and made.seconds is not None:
        yield Fact("generated-sound", step.number, {**by, "tensors": tensors, **_pick(made, "seconds", "rate")})
    elif made.what is not None:
        yield Fact(f"generated-{made.what}-plain", step.number, {**by, "tensors": tensors})
    elif tensors:
        yield Fact("generated-tensors", step.number, {**by, "tensors": tensors})
    else:
        yield Fact("generated-other", step.number, {**by, "class": made.class_})
    if made.left_out:
        yield Fact("generated-left-out", step.number, {**by, "names": made.left_out}, trouble=True)


def _outputs(step: Step, read: OutputsRead) -> Iterator[Fact]:
    """Yield what the outputs of a pass mean; of a kind from a newer release nothing."""
    shape = "×".join(map(str, read.shape))
    labels = [_labelled(label) for label in read.labels]
    values: dict[str, Any] = {"shape": shape, "labels": labels, "count": read.count}
    what = f"outputs-{read.what}"
    if read.what == "vectors":
        for vector in read.vectors:
            size = "×".join(map(str, vector.shape))
            norm = "?" if vector.norm is None else f"{vector.norm:.4g}"
            yield Fact(what, step.number, {"name": vector.name, "shape": size, "norm": norm})
    elif read.what in ("labels", "each-token", "segments", "vocabulary"):
        yield Fact(what, step.number, values)
    elif read.what in ("boxes", "masks"):
        what = what if read.count is not None else f"{what}-plain"
        yield Fact(what, step.number, {**values, "threshold": read.threshold})
    elif read.what == "ctc":
        shown: list[Any] = [*read.ids[:_IDS], *(["…"] if len(read.ids) > _IDS else [])]
        values.update(text=read.text, ids=shown)
        yield Fact(what if read.text is not None else f"{what}-ids", step.number, values)
    elif read.what == "span" and len(read.ids) == 2:
        values.update(text=read.text, begin=read.ids[0], end=read.ids[1])
        yield Fact(what if read.text is not None else f"{what}-plain", step.number, values)
    elif read.what == "sound":
        what = what if read.seconds is not None else f"{what}-plain"
        yield Fact(what, step.number, {**values, "seconds": read.seconds, "rate": read.rate})
    elif read.what in ("numbers", "depth", "picture", "spectrogram") and len(read.range) == 2:
        lowest, highest = (f"{number:.4g}" for number in read.range)
        yield Fact(what, step.number, {**values, "lowest": lowest, "highest": highest})


_IDS: Final = 12


def _labelled(label: Label) -> str:
    """Return a label as it is told: with its token, and its probability in percent."""
    name = label.label if label.label is not None else "" if label.id is None else str(label.id)
    told = name if label.token is None else f"{label.token!r}: {name}"
    return told if label.probability is None else f"{told} {label.probability:.1%}".strip()


def _peft(step: Step, applied: PeftApplied) -> Iterator[Fact]:
    values = {"count": len(applied.replaced), **_pick(applied, "trainable", "all", "percent")}
    yield Fact("peft", step.number, values)


def _not_done(step: Step, skipped: NotDone) -> Iterator[Fact]:
    yield Fact(skipped.kind, step.number, {"why": skipped.why}, trouble=True)


def _shard(step: Step, shard: Shard) -> Iterator[Fact]:
    yield Fact("shard", step.number, {"path": shard.path, "tensors": shard.tensors, "bytes": shard.bytes})


def _weights(step: Step, report: WeightsReport) -> Iterator[Fact]:
    """Yield how much of the checkpoint became parameters, then each exception to it."""
    values: dict[str, Any] = {"count": report.loaded, "of": report.checkpoint}
    if report.within:
        yield Fact("weights-within", step.number, {**values, "class": report.class_, "outer": report.within})
    else:
        yield Fact("weights", step.number, values)
    differing = {mismatch.parameter for mismatch in report.mismatched}
    for what, names, trouble in (
        ("weights-new", [name for name in report.new if name not in differing], True),
        ("weights-empty", report.empty, True),
        ("weights-unexpected", [tensor.name for tensor in report.unexpected if tensor.told], True),
        ("weights-passed-over", [tensor.name for tensor in report.unexpected if not tensor.told], False),
        ("weights-unread", report.unread, True),
    ):
        if names:
            yield Fact(what, step.number, {"count": len(names), "names": names}, trouble)
    for mismatch in report.mismatched:
        yield _mismatched(step, mismatch)
    for failed in report.unconverted:
        names = [source.name for source in failed.sources]
        reason = str(failed.reason).partition("\n")[0]
        values = {"parameter": failed.parameters, "count": len(names), "names": names, "reason": reason}
        yield Fact("weights-unconverted", step.number, values, trouble=True)
    for group in report.tied:
        yield Fact("weights-tied", step.number, {"names": group})


def _mismatched(step: Step, mismatch: Mismatch) -> Fact:
    """Return the fact for a parameter whose shape in the checkpoint differs: one tensor, several, or a part of one."""
    values = {"name": mismatch.parameter, "there": mismatch.shape, "here": mismatch.shape_there}
    sources = mismatch.sources
    if len(sources) > 1:
        return Fact("weights-mismatched-merged", step.number, {**values, "count": len(sources)}, trouble=True)
    if sources and sources[0].shape != mismatch.shape:
        made = {"source": sources[0].name, "stored": sources[0].shape}
        return Fact("weights-mismatched-part", step.number, {**values, **made}, trouble=True)
    return Fact("weights-mismatched", step.number, values, trouble=True)


def _warning(step: Step, warning: WarningGiven) -> Iterator[Fact]:
    yield _said(step, warning.category, warning.message)


def _log(step: Step, log: LogWritten) -> Iterator[Fact]:
    if log.level in ("WARNING", "ERROR", "CRITICAL"):
        yield _said(step, log.level, log.message)


def _said(step: Step, who: str | None, message: str | None) -> Fact:
    text = None if message is None else without_codes(message)
    return Fact("said", step.number, {"who": who, "message": text}, trouble=True)


def _pick(event: Event, *names: str) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}


# Arguments that the library passes to itself and that say nothing about the user's call.
_HOUSEKEEPING: Final = {"return_unused_kwargs", "name_or_path", "_from_auto", "_from_pipeline", "_commit_hash"}

_FACTS: Final[dict[type[Event], Callable[[Step, Any], Iterator[Fact]]]] = {
    FileResolved: _file_resolved,
    FileMissing: _file_missing,
    AdapterFound: _adapter_found,
    AdapterAbsent: _adapter_absent,
    ConfigRead: _config_read,
    ConfigBuilt: _config_built,
    TrustAsked: _trust,
    ClassResolved: _class_resolved,
    ImportsChecked: _imports_checked,
    ClassRegistered: _class_registered,
    ModelLoaded: _model_loaded,
    TokenizerLoaded: _loaded,
    ProcessorLoaded: _processor,
    ProcessorFailed: _not_done,
    ModelBuilt: _built,
    ModuleLeft: _passed,
    ChatRendered: _chat,
    TextPrepared: _text,
    InputsPrepared: _fed,
    OutputsRead: _outputs,
    TokenGenerated: _token,
    Generated: _generated,
    PeftApplied: _peft,
    NotFed: _not_done,
    NotEncoded: _not_done,
    NotGenerated: _not_done,
    ShardOpened: _shard,
    ShardRead: _shard,
    WeightsReport: _weights,
    WarningGiven: _warning,
    LogWritten: _log,
}
_FACTS_BY_KIND: Final = {kind.kind: (kind, facts) for kind, facts in _FACTS.items()}
_KINDS: Final = ("call", *_FACTS_BY_KIND)
