"""Summarize a load: for each stage the facts that matter, each with the step that shows it."""

from __future__ import annotations

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
from tracer.text.visible import without_codes
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame, Step, entries
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


def summarize_stages(trace: Trace) -> list[StageSummary]:
    """Return the stages in the order of their first facts; a stage without facts is placed by its first step."""
    seconds = trace.stage_seconds()
    facts: dict[str, list[Fact]] = {}
    seen: dict[tuple[str, bytes], Fact] = {}
    for step in trace.steps(kinds=_KINDS):
        for fact in _facts(trace, step):
            if fact.what == "called":
                seen.clear()
            there = seen.setdefault((step.stage, msgspec.json.encode([fact.what, fact.values])), fact)
            if there is fact or fact.what not in (*_WITHIN_A_LOAD, "said"):
                facts.setdefault(step.stage, []).append(fact)
            elif fact.what == "said":
                there.times += 1
    for stage, fact in _overwritten(trace):
        facts[stage] = sorted([*facts.get(stage, []), fact], key=lambda fact: fact.step)
    counts = trace.stage_counts()
    first = {stage: found[0].step for stage, found in facts.items()}
    for stage in counts.keys() - first.keys():
        first[stage] = next((step.number for step in trace.steps(stages=[stage])), 0)
    return [
        StageSummary(
            stage,
            counts[stage],
            round(seconds.get(stage, 0.0), 6),
            facts.get(stage, []),
            _slowest(trace, stage, seconds),
        )
        for stage in sorted(counts, key=first.__getitem__)
    ]


def _overwritten(trace: Trace) -> Iterator[tuple[str, Fact]]:
    """Yield the user's arguments that were set on a configuration and overwritten there later."""
    for call in loading_calls(trace):
        for one in keyword_paths(trace, call=call.step):
            if one.origin == USER and one.end.what == "overwritten" and one.end.step is not None:
                what = "argument-overwritten-by" if one.end.by else "argument-overwritten"
                values = {"name": one.name, "attribute": f"{one.end.where}.{one.end.name}", "by": one.end.by}
                yield trace.step(one.end.step).stage, Fact(what, one.end.step, values, trouble=True)


def _slowest(trace: Trace, stage: str, seconds: dict[str, float]) -> Slowest | None:
    """Return the step that took most of a stage's time if that is long, for example an import of a model's class."""
    if seconds.get(stage, 0.0) < _LONG:
        return None
    number, spent = slowest_step(trace, stage)
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
        yield from _FACTS_BY_KIND[step.kind](step)


_AUTO_CALLS: Final = (AUTO_MODEL, AUTO_TOKENIZER, AUTO_PROCESSOR, AUTO_CONFIG)
_REMOTE: Final = "transformers_modules."  # the package that remote code is imported under


def _call(trace: Trace, step: Step) -> Iterator[Fact]:
    """Yield the user's call of an auto class, which no stepped function made."""
    if step.frame is None:
        return
    frame = trace.frame(step.frame)
    if is_loading_call(frame) and frame.function in _AUTO_CALLS:
        yield Fact("called", step.number, {"call": format_call(trace, step)})
    elif frame.module.startswith(_REMOTE) and frame.function.endswith(".from_pretrained"):
        alone = not any(
            _is_in(trace, loader, step.frame) for loader in trace.frames() if loader.function == MODEL_LOADER
        )
        yield Fact("own-loader-alone" if alone else "own-loader", step.number, {"function": frame.function})


def _is_in(trace: Trace, frame: Frame, outer: int) -> bool:
    seen: set[int] = set()
    while frame.parent is not None and frame.parent not in seen:
        if frame.parent == outer:
            return True
        seen.add(frame.parent)
        frame = trace.frame(frame.parent)
    return False


def _file_resolved(step: Step) -> Iterator[Fact]:
    yield Fact("file", step.number, {"path": step.data.get("path")})


def _file_missing(step: Step) -> Iterator[Fact]:
    if step.event == "unwind":
        yield Fact("file-not-there", step.number, _pick(step, "name", "in"), trouble=True)


def _adapter_found(step: Step) -> Iterator[Fact]:
    yield Fact("adapter", step.number, _pick(step, "path"))


def _adapter_absent(step: Step) -> Iterator[Fact]:
    yield Fact("no-adapter", step.number, _pick(step, "in"))


def _config_read(step: Step) -> Iterator[Fact]:
    unused = [name for name in _names(step, "unused") if name not in _HOUSEKEEPING]
    values = {"keys": len(_names(step, "keys")), "model_type": step.data.get("model_type"), "left": unused}
    yield Fact("config-read-left" if unused else "config-read", step.number, values)


def _config_built(step: Step) -> Iterator[Fact]:
    taken = [name for name in dict.fromkeys(_names(step, "taken")) if name not in _HOUSEKEEPING]
    yield Fact("config-built", step.number, {"class": step.data.get("class")})
    if taken:
        yield Fact("became-config", step.number, {"names": taken})
    unused = [name for name in _names(step, "unused") if name not in _HOUSEKEEPING]
    kept = [name for name in _names(step, "kept") if name in unused]
    if kept:
        yield Fact("set-and-left", step.number, {"names": kept})
    if left := [name for name in unused if name not in kept]:
        yield Fact("left-for-model", step.number, {"names": left})


def _trust(step: Step) -> Iterator[Fact]:
    values = _pick(step, "has_local_code", "has_remote_code", "given", "decision")
    yield Fact("trust", step.number, values)
    if step.data.get("refused"):
        yield Fact("trust-refused", step.number, trouble=True)


def _class_resolved(step: Step) -> Iterator[Fact]:
    way = step.data.get("way")
    if way in ("remote", "mapping", "name-pattern"):
        yield Fact(f"class-{way}", step.number, _pick(step, "class", "reference", "final_module", "key"))


def _imports_checked(step: Step) -> Iterator[Fact]:
    if missing := _names(step, "missing"):
        yield Fact("packages-missing", step.number, {"names": missing, **_pick(step, "file")}, trouble=True)


def _class_registered(step: Step) -> Iterator[Fact]:
    how = "registered-saving" if step.data.get("how") == "for saving" else "registered-loading"
    yield Fact(how, step.number, _pick(step, "class", "with"))


def _model_loaded(step: Step) -> Iterator[Fact]:
    yield Fact("model", step.number, _pick(step, "class", "parameters"))


def _loaded(step: Step) -> Iterator[Fact]:
    yield Fact("loaded", step.number, _pick(step, "class"))


def _built(step: Step) -> Iterator[Fact]:
    values = _pick(step, "class", "modules", "tensors", "numbers")
    if tied := _names(step, "tied"):
        yield Fact("built-tied", step.number, {**values, "names": tied})
    else:
        yield Fact("built", step.number, values)


def _passed(step: Step) -> Iterator[Fact]:
    """Yield the outermost call of a pass through the model."""
    if (
        step.stage == "forward"
        and step.data.get("parent") is None
        and step.value is not None
        and "nanoseconds" in step.data
    ):
        yield Fact("passed", step.number, {"seconds": step.data["nanoseconds"] / 1e9})


def _chat(step: Step) -> Iterator[Fact]:
    yield Fact("chat", step.number, _pick(step, "text"))


def _text(step: Step) -> Iterator[Fact]:
    yield Fact("text", step.number, _pick(step, "prompt", "count"))


def _token(step: Step) -> Iterator[Fact]:
    what = "token" if step.data.get("cache") is None else "token-cached"
    yield Fact(what, step.number, _pick(step, "id", "text", "cache"))


def _peft(step: Step) -> Iterator[Fact]:
    replaced = step.data.get("replaced") or []
    yield Fact("peft", step.number, {"count": len(replaced), **_pick(step, "trainable", "all", "percent")})


def _not_fed(step: Step) -> Iterator[Fact]:
    yield Fact("not-fed", step.number, _pick(step, "why"), trouble=True)


def _not_generated(step: Step) -> Iterator[Fact]:
    yield Fact("not-generated", step.number, _pick(step, "why"), trouble=True)


def _shard(step: Step) -> Iterator[Fact]:
    yield Fact("shard", step.number, _pick(step, "path", "tensors", "bytes"))


def _weights(step: Step) -> Iterator[Fact]:
    """Yield how much of the checkpoint became parameters, then each exception to it."""
    yield Fact("weights", step.number, {"count": step.data.get("loaded"), "of": step.data.get("checkpoint")})
    new = _names(step, "new")
    mismatched = _entries(step, "mismatched")
    unexpected = _entries(step, "unexpected")
    for what, names, trouble in (
        ("weights-new", [name for name in new if name not in {entry.get("parameter") for entry in mismatched}], True),
        ("weights-empty", _names(step, "empty"), True),
        ("weights-unexpected", [entry.get("name") for entry in unexpected if entry.get("told")], True),
        ("weights-passed-over", [entry.get("name") for entry in unexpected if not entry.get("told")], False),
        ("weights-unread", _names(step, "unread"), True),
    ):
        if names:
            yield Fact(what, step.number, {"count": len(names), "names": names}, trouble)
    for entry in mismatched:
        yield _mismatched(step, entry)
    for entry in _entries(step, "unconverted"):
        names = [source.get("name") for source in entries(entry.get("sources"))]
        reason = str(entry.get("reason")).partition("\n")[0]
        values = {"parameter": entry.get("parameters"), "count": len(names), "names": names, "reason": reason}
        yield Fact("weights-unconverted", step.number, values, trouble=True)
    tied = step.data.get("tied")
    for group in tied if isinstance(tied, list) else []:
        if isinstance(group, list):
            yield Fact("weights-tied", step.number, {"names": group})


def _mismatched(step: Step, entry: dict[str, Any]) -> Fact:
    """Return the fact for a parameter whose shape in the checkpoint differs: one tensor, several, or a part of one."""
    values = {"name": entry.get("parameter"), "there": entry.get("shape"), "here": entry.get("shape_there")}
    sources = entries(entry.get("sources"))
    if len(sources) > 1:
        return Fact("weights-mismatched-merged", step.number, {**values, "count": len(sources)}, trouble=True)
    if sources and sources[0].get("shape") != entry.get("shape"):
        made = {"source": sources[0].get("name"), "stored": sources[0].get("shape")}
        return Fact("weights-mismatched-part", step.number, {**values, **made}, trouble=True)
    return Fact("weights-mismatched", step.number, values, trouble=True)


def _warning(step: Step) -> Iterator[Fact]:
    yield _said(step, "category")


def _log(step: Step) -> Iterator[Fact]:
    if step.data.get("level") in ("WARNING", "ERROR", "CRITICAL"):
        yield _said(step, "level")


def _said(step: Step, who: str) -> Fact:
    message = step.data.get("message")
    text = without_codes(message) if isinstance(message, str) else message
    return Fact("said", step.number, {"who": step.data.get(who), "message": text}, trouble=True)


def _names(step: Step, key: str) -> list[str]:
    """Return the texts in a list; none if a file made by hand has something else there."""
    value = step.data.get(key)
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _entries(step: Step, key: str) -> list[dict[str, Any]]:
    return entries(step.data.get(key))


def _pick(step: Step, *names: str) -> dict[str, Any]:
    return {name: step.data.get(name) for name in names}


# Arguments that the library passes to itself and that say nothing about the user's call.
_HOUSEKEEPING: Final = {"return_unused_kwargs", "name_or_path", "_from_auto", "_from_pipeline", "_commit_hash"}

_FACTS_BY_KIND: Final[dict[str, Callable[[Step], Iterator[Fact]]]] = {
    "file-resolved": _file_resolved,
    "file-missing": _file_missing,
    "adapter-found": _adapter_found,
    "adapter-absent": _adapter_absent,
    "config-read": _config_read,
    "config-built": _config_built,
    "trust-asked": _trust,
    "class-resolved": _class_resolved,
    "imports-checked": _imports_checked,
    "class-registered": _class_registered,
    "model-loaded": _model_loaded,
    "tokenizer-loaded": _loaded,
    "processor-loaded": _loaded,
    "model-built": _built,
    "module-left": _passed,
    "chat-rendered": _chat,
    "text-prepared": _text,
    "token-generated": _token,
    "peft-applied": _peft,
    "not-fed": _not_fed,
    "not-generated": _not_generated,
    "shard-opened": _shard,
    "shard-read": _shard,
    "weights-report": _weights,
    "warning": _warning,
    "log": _log,
}
_KINDS: Final = ("call", *_FACTS_BY_KIND)
