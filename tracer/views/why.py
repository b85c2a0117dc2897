"""A diagnosis as ``why`` prints it: what failed, why, what to do, and the steps that show it."""

from __future__ import annotations

import os
import re
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.analysis.diagnosis import Cause, Diagnosis, Evidence
from tracer.analysis.value_format import format_json
from tracer.i18n import N_, NC_, Lang, tr
from tracer.text.visible import one_line, visible
from tracer.text.wrapping import Prose
from tracer.trace.reading import Trace
from tracer.views.outcome import outcome_style
from tracer.views.phrases import stage_name
from tracer.views.shell_commands import command_text, program, trace_argument
from tracer.views.why_words import WHY

_TITLES: Final = {"certain": "title:cause", "likely": "title:cause-likely", "unknown": "title:unknown"}
_NAMES: Final = 6  # names listed, at most
_MESSAGE: Final = 600  # characters of an exception's message
_STEP_TEXT: Final = 240  # characters of what one step shows
_IN_CACHE: Final = re.compile(r"(transformers_modules/).*/")  # folders named after the directory and its hash
_OUTPUT: Final = 8  # lines of what native code printed
_SURPRISES: Final = 8  # listed; the rest is counted


def diagnosis_report(trace: Trace, found: Diagnosis, lang: Lang, *, steps: bool = True) -> RenderableType:
    """Return a diagnosis: the sentence that says it all first, the evidence after it, the command that shows more.

    Without ``steps``, the steps that show it and that command are left out, as the player lists them itself.
    """
    parts = [_headline(trace, found, lang)]
    if found.error is not None and found.status in ("failed", "refused"):
        parts.append(_block(tr(lang, "What the library said"), [_exception(found)]))
    for cause in found.causes:
        if isinstance(output := cause.values.get("output"), str) and output.strip():
            parts.append(_block(tr(lang, "Its last words"), [Prose(line) for line in _tail(output)]))
    for position, cause in enumerate(found.causes):
        parts.append(_cause(trace, found, cause, lang, first=position == 0, steps=steps))
    if found.surprises:
        parts.append(_surprises(found, lang))
    if len(trace) and steps:
        parts += ["", Text(tr(lang, "See it"), "bold"), command_text(f"  {_command(trace, found)}")]
    return Group(*parts)


def _headline(trace: Trace, found: Diagnosis, lang: Lang) -> RenderableType:
    releases = trace.meta.get("releases")
    release = releases.get("transformers") if isinstance(releases, dict) else None
    lines: list[RenderableType] = [Prose(_sentence(found, lang), outcome_style(trace.outcome))]
    if release:
        lines.append(Text(visible(f"{one_line(_asked(trace), 60)} · transformers {release}"), "dim"))
    roots = trace.meta.get("roots")
    if isinstance(roots, dict) and isinstance(roots.get("model"), str):
        lines.append(Prose(visible(f"<model> = {roots['model']}"), "dim"))
    return Padding(Group(*lines), (1, 0, 0, 0), expand=False)


def _sentence(found: Diagnosis, lang: Lang) -> str:
    key = f"headline:{found.status}"
    if f"{key}:{found.part}" in WHY:
        key = f"{key}:{found.part}"
    elif found.status == "loaded" and found.surprises:
        key += "-surprise" if len(found.surprises) == 1 else "-surprises"
    elif found.status not in ("loaded", "no-load", "misused", "refused") and found.step is None:
        key += "-early"
    if key not in WHY:
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
    return tr(lang, WHY[key], **values)


def _exception(found: Diagnosis) -> Prose:
    message = (found.message or "").strip()
    cut = message if len(message) <= _MESSAGE else f"{message[:_MESSAGE]}…"
    shown = f"{found.error}: {cut}" if cut else str(found.error)
    return Prose("\n".join(visible(line.replace("\t", "  ")) for line in shown.split("\n")))


def _tail(output: str) -> list[str]:
    """Return the last lines that a dying process printed."""
    return [one_line(line, _STEP_TEXT) for line in output.strip().splitlines()[-_OUTPUT:]]


def _cause(trace: Trace, found: Diagnosis, cause: Cause, lang: Lang, *, first: bool, steps: bool) -> RenderableType:
    title = _TITLES[cause.certainty] if first else "title:other"
    values = _shown(cause.values, lang)
    blocks = [_block(tr(lang, WHY[title]), [Prose(tr(lang, WHY[f"cause:{cause.kind}"], **values))])]
    if cause.remedy is not None:
        blocks.append(_block(tr(lang, "What to do"), [Prose(tr(lang, WHY[f"remedy:{cause.remedy}"], **values))]))
    if cause.chain and steps:
        blocks.append(_block(tr(lang, "How it came about"), [_chain(trace, found, cause.chain, lang)]))
    return Group(*blocks)


def _surprises(found: Diagnosis, lang: Lang) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, style="dim")
    grid.add_column()
    advised: set[str] = set()
    for surprise in found.surprises[:_SURPRISES]:
        values = _shown(surprise.values, lang)
        text = tr(lang, WHY[f"surprise:{surprise.kind}"], **values)
        if surprise.remedy is not None and surprise.remedy not in advised:
            advised.add(surprise.remedy)
            text = f"{text}\n{tr(lang, WHY[f'remedy:{surprise.remedy}'], **values)}"
        at = surprise.chain[-1].step if surprise.chain else None
        grid.add_row("·" if at is None else tr(lang, "step {number}", number=at), Prose(text))
    if (more := len(found.surprises) - _SURPRISES) > 0:
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
    return one_line(tr(lang, WHY[f"step:{what}"], **_shown(one.values, lang)), _STEP_TEXT)


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


def _asked(trace: Trace) -> str:
    """Return what was loaded, by the last part of its path."""
    asked, roots = trace.meta.get("asked"), trace.meta.get("roots")
    if asked == "<model>" and isinstance(roots, dict) and isinstance(roots.get("model"), str):
        return os.path.basename(roots["model"].rstrip("/\\")) or "<model>"
    return " ".join(map(str, asked)) if isinstance(asked, list) else str(asked or tr("en", "Trace"))
