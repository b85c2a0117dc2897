"""A diagnosis as ``why`` prints it: what failed, why, what to do, and the steps that show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.diagnosis import Cause, Diagnosis, Evidence
from tracer.analysis.value_format import format_json
from tracer.i18n import N_, NC_, NP_, Lang, Message, tr
from tracer.text.visible import one_line, visible
from tracer.text.wrapping import Prose
from tracer.trace.reading import Trace
from tracer.views.causes import CAUSES, cause_values
from tracer.views.outcome import outcome_style
from tracer.views.shell_commands import command_text, pasteable, program, trace_argument
from tracer.views.stages import stage_name
from tracer.views.traceback import failure_traceback, hanging

WORDS: Final[dict[str, Message]] = {
    # headlines
    "headline:loaded": N_("The load went well."),
    "headline:loaded-surprise": N_("The load went well, with one thing to know about it."),
    "headline:loaded-surprises": N_("The load went well, with {count} things to know about it."),
    "headline:failed": N_("The load failed {when}, in the stage “{stage}”, with {error}."),
    "headline:failed-early": N_("The load failed before a step could be recorded, with {error}."),
    "headline:failed:device": N_("The model loaded; moving it to the device failed after step {step}, with {error}."),
    "headline:failed:peft": N_("The model loaded; adding LoRA failed {when}, with {error}."),
    "headline:failed:inputs": N_("The model loaded; preparing its input failed {when}, with {error}."),
    "headline:failed:forward": N_("The model loaded; its forward pass failed {when}, with {error}."),
    "headline:failed:generate": N_("The model loaded; the generation failed {when}, with {error}."),
    "headline:failed:script": N_("The load went well; the code after it failed, with {error}."),
    "headline:failed:before-load": N_("The code failed before anything was loaded, with {error}."),
    "headline:no-load": N_("No load was recorded."),
    "headline:refused": N_("The load stopped at step {step}: the directory's own code may not run."),
    "headline:killed": N_("The process died after step {step}, in the stage “{stage}”."),
    "headline:killed-early": N_("The process died before a step could be recorded."),
    "headline:interrupted": N_("It was interrupted after step {step}, in the stage “{stage}”."),
    "headline:interrupted-early": N_("The load was interrupted before its first step."),
    "headline:unfinished": N_("The recording never finished; its last step is {step}, in the stage “{stage}”."),
    "headline:unfinished-early": N_("The recording holds no steps and never finished."),
    "headline:stopped": N_("The load was stopped on purpose after step {step}; nothing failed."),
    "headline:stopped-early": N_("The load was stopped on purpose before its first step."),
    "headline:misused": N_("The load could not begin."),
    "headline:other": N_("The load ended as “{status}”."),
    # titles
    "title:cause": N_("Cause"),
    "title:cause-likely": N_("Likely cause"),
    "title:unknown": N_("Cause: not known"),
    "title:other": N_("It may also be"),
    # steps
    "step:raised": N_("{error} in {function}: {message}"),
    "step:raised-it": N_("{error} in {function}"),
    "step:passed": N_("it went on through {function}"),
    "step:file": N_("found {path}"),
    "step:file-missing": N_("{name} was looked for in {in} and is not there"),
    "step:shard-read": N_("opened {path}"),
    "step:class-asked": N_("config asks for {reference}"),
    "step:class-resolved": N_("the class is {class}"),
    "step:imports": N_("{file} imports what is not there: {missing}"),
    "step:imports-relatively": N_("{file} imports these neighbours: {names}"),
    "step:own-file": N_("{path} is a file of the directory"),
    "step:copied": N_("{path} was put into the modules cache"),
    "step:model-type": N_("config.json says model_type “{model_type}”"),
    "step:no-model-type": NP_(
        "config.json was read: one key, no model_type", "config.json was read: {count} keys, no model_type"
    ),
    "step:config-built": N_("{class} was built"),
    "step:trust": N_(
        "has_local_code {has_local_code}, has_remote_code {has_remote_code}, trust_remote_code {given} → {decision}"
    ),
    "step:given": N_("the call gave {name}={value}"),
    "step:left-over": N_("{class} was built and left {name} over"),
    "step:not-finite": N_("first NaN or infinity: {name} ({class}) gives {count}"),
    "step:thrown-away": N_("{name} was taken out of kwargs and dropped"),
    "step:constructor": N_("{function} was called"),
    "step:on-meta": N_("{name} of {class} is on meta"),
    "step:config-key": N_("config.json gives {key}"),
    "step:settings-read": N_("{file} was read"),
    "step:swallowed": N_("{function} took {name} in its **kwargs"),
    "step:config-key-absent": N_("config.json has no {key}"),
    "step:never-filled": N_("nothing wrote to {names}"),
    "step:new": N_("the checkpoint has nothing for {names}"),
    "step:tensor-loaded": N_("{name} was loaded"),
    "step:tied": N_("these share one tensor: {names}"),
    "step:adapter": N_("an adapter was found: {path}"),
    "step:base-filled": NP_(
        "the base, {class}, got all its {count} tensor", "the base, {class}, got all its {count} tensors"
    ),
    "step:tokenizer-loaded": N_("the tokenizer is a {class}"),
    "step:mismatched": NP_("{name} does not fit", "{count} parameters do not fit, first {name}"),
    "step:conversion-failed": NP_(
        "{name} could not be made into {parameter}: {reason}",
        "{count} tensors could not be made into {parameter}: {reason}",
    ),
    "step:last": N_("the last step: {function}, {place}"),
    "step:model-class": N_("the model is a {class}"),
    "step:token-ids": NP_(
        "the text became {count} token, with the id {id}", "the text became {count} tokens, the highest id {id}"
    ),
    "step:module-entered": N_("the pass was in {path}"),
    "step:config-says": N_("config.json says {entry}"),
    "step:attention-set": N_("the configuration got the attention implementation {implementation}"),
    "step:parameter-dtype": N_("the first parameter of {dtype}"),
    "step:dtype": N_("first of them: {there} became {here}"),
}
_TITLES: Final = {"certain": "title:cause", "likely": "title:cause-likely", "unknown": "title:unknown"}
_NAMES: Final = 6  # names listed, at most
_MESSAGE: Final = 600  # characters of an exception's message
_STEP_TEXT: Final = 240  # characters of what one step shows
_IN_CACHE: Final = re.compile(r"(transformers_modules/).*/")  # folders named after the directory and its hash
_OUTPUT: Final = 8  # lines of what native code printed
_SURPRISES: Final = 8  # listed; the rest is counted


def diagnosis_report(
    trace: Trace, found: Diagnosis, lang: Lang, *, steps: bool = True, repaired: Sequence[Cause] = ()
) -> RenderableType:
    """Return a diagnosis: the sentence that says it all first, the evidence after it, the command that shows more.

    ``repaired`` are the causes and surprises that ``why --patch`` has a repair for. Without ``steps``, the steps that
    show it and that command are left out, as the player lists them itself.
    """
    said: list[RenderableType] = []
    if found.error is not None and found.status in ("failed", "refused"):
        said.append(_block(tr(lang, "What the library said"), [_exception(found)]))
        if (failure := trace.meta.failure) is not None and (lines := [*map(hanging, failure_traceback(failure, lang))]):
            said.append(_block(tr(lang, "Where it was raised"), lines))
    for cause in found.causes:
        if isinstance(output := cause.values.get("output"), str) and output.strip():
            said.append(_block(tr(lang, "Its last output"), [Prose(line) for line in _tail(output)]))
    causes = [
        _cause(trace, found, cause, lang, first=position == 0, steps=steps, is_repaired=cause in repaired)
        for position, cause in enumerate(found.causes)
    ]
    # On paper the cause stands where a reader ends; the player has a few lines, and it is what they are for.
    parts = [_headline(trace, found, lang, whose=steps), *(said + causes if steps else causes + said)]
    if found.surprises:
        parts.append(surprise_list(found.surprises, lang))
        if any(one in repaired for one in found.surprises):
            told = tr(lang, "`{command}` prints what can be repaired mechanically, as a diff.", command=_patch(trace))
            parts.append(Padding(Prose(told), (1, 0, 0, 2), expand=False))
    if len(trace) and steps:
        parts += ["", Text(tr(lang, "See it"), "bold"), command_text(f"  {_command(trace, found)}")]
    return Group(*parts)


def _headline(trace: Trace, found: Diagnosis, lang: Lang, *, whose: bool = True) -> RenderableType:
    lines: list[RenderableType] = [Prose(headline(found, lang), outcome_style(trace.outcome))]
    if trace.meta.transformers is not None and whose:
        asked = f"{one_line(trace.meta.model_name, 60)} · transformers {trace.meta.transformers}"
        lines.append(Text(visible(asked), "dim"))
    if trace.meta.model_folder is not None and whose:
        lines.append(Prose(visible(f"<model> = {trace.meta.model_folder}"), "dim"))
    return Padding(Group(*lines), (1 if whose else 0, 0, 0, 0), expand=False)


def headline(found: Diagnosis, lang: Lang) -> str:
    """Return how the load ended, as one sentence."""
    key = f"headline:{found.status}"
    if f"{key}:{found.part}" in WORDS:
        key = f"{key}:{found.part}"
    elif found.status == "loaded" and found.surprises:
        key += "-surprise" if len(found.surprises) == 1 else "-surprises"
    elif found.status not in ("loaded", "no-load", "misused", "refused") and found.step is None:
        key += "-early"
    if key not in WORDS:
        key = "headline:other"
    values = {
        "count": len(found.surprises),
        "when": tr(
            lang, NC_("failed", "at step {step}") if found.exceptions else N_("after step {step}"), step=found.step
        ),
        "step": found.step if found.step is not None else "–",
        "stage": stage_name(found.stage or "?", lang),
        "error": visible((found.error or "?").rpartition(".")[2]),
        "status": visible(found.status),
    }
    return tr(lang, WORDS[key], **values)


def _exception(found: Diagnosis) -> Prose:
    message = (found.message or "").strip()
    cut = message if len(message) <= _MESSAGE else f"{message[:_MESSAGE]}…"
    shown = f"{found.error}: {cut}" if cut else str(found.error)
    return Prose("\n".join(visible(line.replace("\t", "  ")) for line in shown.split("\n")))


def _tail(output: str) -> list[str]:
    """Return the last lines that a dying process printed."""
    return [one_line(line, _STEP_TEXT) for line in output.strip().splitlines()[-_OUTPUT:]]


def _cause(
    trace: Trace, found: Diagnosis, cause: Cause, lang: Lang, *, first: bool, steps: bool, is_repaired: bool
) -> RenderableType:
    sentence, remedy = explanation(cause, lang)
    blocks = [_block(cause_title(cause, lang, first=first), [Prose(pasteable(sentence))])]
    if remedy is not None:
        told: list[RenderableType] = [Prose(pasteable(remedy))]
        if is_repaired:
            text = tr(lang, "This repair is mechanical: `{command}` prints it as a diff.", command=_patch(trace))
            told.append(Prose(text))
        blocks.append(_block(tr(lang, "What to do"), told))
    if cause.chain and steps:
        blocks.append(_block(tr(lang, "How it happened"), [_chain(trace, found, cause.chain, lang)]))
    return Group(*blocks)


def _patch(trace: Trace) -> str:
    return f"{program()} why {trace_argument(trace)} --patch"


def cause_title(cause: Cause, lang: Lang, *, first: bool) -> str:
    return tr(lang, WORDS[_TITLES[cause.certainty] if first else "title:other"])


def explanation(cause: Cause, lang: Lang, *, kind: str = "cause") -> tuple[str, str | None]:
    """Return what is wrong, and what to do about it; with ``kind="surprise"``, of a load that went on."""
    values = _shown(cause_values(cause, lang), lang)
    remedy = None if cause.remedy is None else tr(lang, CAUSES[f"remedy:{cause.remedy}"], **values)
    return tr(lang, CAUSES[f"{kind}:{cause.kind}"], **values), remedy


def surprise_list(surprises: list[Cause], lang: Lang) -> RenderableType:
    """Return surprises with their steps and remedies, the first few of many."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, style="dim")
    grid.add_column()
    advised: set[str] = set()
    for surprise in surprises[:_SURPRISES]:
        text, remedy = explanation(surprise, lang, kind="surprise")
        if surprise.remedy is not None and surprise.remedy not in advised:
            advised.add(surprise.remedy)
            text = f"{text}\n{remedy}"
        at = surprise.chain[-1].step if surprise.chain else None
        grid.add_row("·" if at is None else tr(lang, "step {number}", number=at), Prose(pasteable(text)))
    if (more := len(surprises) - _SURPRISES) > 0:
        grid.add_row("", Text(tr(lang, "… and {count} more", count=more), "dim"))
    return _block(tr(lang, NC_("title", "Worth knowing")), [grid])


def _chain(trace: Trace, found: Diagnosis, chain: list[Evidence], lang: Lang) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    for one in chain:
        text = evidence_text(found, one, lang)
        grid.add_row(tr(lang, "step {number}", number=one.step), visible(trace.step(one.step).kind), Prose(text))
    return grid


def evidence_text(found: Diagnosis, one: Evidence, lang: Lang) -> str:
    """Return what a step of the chain shows, as one sentence."""
    # The exception's message is shown above already.
    what = "raised-it" if one.what == "raised" and one.values.get("message") == found.message else one.what
    return one_line(tr(lang, WORDS[f"step:{what}"], **_shown(one.values, lang)), _STEP_TEXT)


def _command(trace: Trace, found: Diagnosis) -> str:
    stage = found.stage
    if found.status == "loaded":
        stages = [trace.step(one.chain[-1].step).stage for one in found.surprises if one.chain]
        stage = stages[0] if stages else None
    wanted = f" --stage {visible(stage)} --steps" if stage is not None else ""
    return f"{program()} show {trace_argument(trace)}{wanted}"


def _block(title: str, parts: list[RenderableType]) -> RenderableType:
    return Padding(
        Group(Text(title, "bold"), Padding(Group(*parts), (0, 0, 0, 2), expand=False)), (1, 0, 0, 0), expand=False
    )


def _shown(values: dict[str, Any], lang: Lang) -> dict[str, str]:
    return {name: _value(value, lang) for name, value in values.items()}


def _value(value: Any, lang: Lang) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        shown = ", ".join(value[:_NAMES])
        rest = len(value) - _NAMES
        return visible(f"{shown} {tr(lang, '… and {count} more', count=rest)}" if rest > 0 else shown)
    if isinstance(value, dict) and isinstance(value.get("text"), str):  # a dtype or device, recorded as one text
        return visible(value["text"])
    text = format_json(value) if isinstance(value, (dict, list)) else str(value)
    return one_line(_IN_CACHE.sub(r"\1…/", text), _MESSAGE)
