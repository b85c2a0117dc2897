"""How a load ended, in words: its status, its failure, and what is missing from the trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.text import Text

from tracer.analysis.diagnosis.remote_code_rules import changed_code
from tracer.analysis.diagnosis.surprises import incomplete_trace
from tracer.analysis.step_context import step_place
from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.views.phrases import PHRASES, say, stage_name
from tracer.views.shell_commands import program, trace_argument
from tracer.views.why_words import tell

GOOD: Final = ("loaded", "stopped")
"""The statuses that are an end as it was meant to be."""


def outcome_text(outcome: dict[str, Any], lang: Lang) -> str:
    """Return how a load ended; a status of a newer release is told as it is written."""
    status, part = str(outcome.get("status", "unfinished")), outcome.get("part")
    for key in (f"outcome:{status}:{part}", f"outcome:{status}"):
        if key in PHRASES:
            return say(lang, key)
    return visible(status)


def undone_texts(trace: Trace, lang: Lang) -> list[str]:
    """Return what was to be done after the load and could not be tried, though nothing failed."""
    kinds = ("not-fed", "not-generated")
    return [say(lang, f"undone:{kind}") for kind in kinds if trace.nearest(-1, kind=kind) is not None]


def outcome_style(outcome: dict[str, Any]) -> str:
    """Return the colour that says the same."""
    status = outcome.get("status")
    return "bold green" if status in GOOD else "bold yellow" if status == "no-load" else "bold red"


_NATIVE_SIGNALS: Final = {"SIGSEGV", "SIGILL", "SIGBUS", "SIGFPE", "SIGABRT"}


def failure_lines(trace: Trace, lang: Lang) -> Iterator[Text]:
    """The sentences to print of a load that did not end well, or is not here whole; none for any other."""
    yield from (Text(sentence, "bold red") for sentence in gap_sentences(trace, lang))
    outcome = trace.outcome
    status, step = outcome.get("status"), outcome.get("step")
    where = step_place(trace, step) if isinstance(step, int) else None
    place = None
    if where is not None:
        place = {"step": step, "stage": stage_name(where.stage, lang), "place": visible(where.place)}
    code = changed_code(trace)
    if code is not None:
        yield Text(visible(tell(lang, f"cause:{code.kind}", code.values)), "bold red")
        yield Text(tell(lang, f"remedy:{code.remedy}"), "yellow")
    elif status in ("failed", "refused"):
        yield from _failure(outcome, place, lang, seen=failure_was_seen(trace))
    elif status == "no-load":
        yield Text(say(lang, "no-load-hint"), "yellow")
    elif status == "misused" and outcome.get("message"):
        yield Text("\n".join(map(visible, str(outcome["message"]).split("\n"))), "bold red")
    elif status in ("killed", "unfinished"):
        yield from _death(outcome, place, lang)
    elif status == "interrupted" and place is None:
        yield Text(say(lang, "killed-early"), "yellow")
    if status in ("failed", "refused", "killed"):
        yield Text(tell(lang, "why-hint", {"command": f"{program()} why {trace_argument(trace)}"}))


def gap_sentences(trace: Trace, lang: Lang) -> Iterator[str]:
    """Say what keeps the trace from being the whole load."""
    for gap in incomplete_trace(trace):
        values = {name: visible(str(value)) for name, value in gap.values.items()}
        yield tell(lang, f"surprise:{gap.kind}", values)


def failure_was_seen(trace: Trace) -> bool:
    """Return whether the outcome's step is where the exception was seen, and not just the last step before it."""
    step = trace.outcome.get("step")
    return isinstance(step, int) and 0 <= step < len(trace) and trace.step(step).event in ("raise", "unwind")


def _failure(outcome: dict[str, Any], place: dict[str, Any] | None, lang: Lang, *, seen: bool) -> Iterator[Text]:
    name, message = str(outcome.get("error", "?")), outcome.get("message")
    shown = f"{name}: {message}" if message else name
    yield Text("\n".join(map(visible, shown.split("\n"))), "bold red")
    if place is not None:
        key = "failed-at" if seen else "failed-after"
        yield Text(say(lang, key if place["place"] else f"{key}-stage", place), "red")
    if "pip install" in str(message):
        yield Text(say(lang, "hint-pip"), "yellow")
    if _is_out_of_memory(name, str(message or "")):
        yield Text(say(lang, "hint-memory"), "yellow")
    if outcome.get("status") == "refused":
        yield Text(say(lang, "refused-hint"), "yellow")


def _is_out_of_memory(error: str, message: str) -> bool:
    """Torch has an exception of its own for a GPU's memory; of the CPU's it says so in the message."""
    return error.endswith(("MemoryError", "OutOfMemoryError")) or "DefaultCPUAllocator" in message


def _death(outcome: dict[str, Any], place: dict[str, Any] | None, lang: Lang) -> Iterator[Text]:
    signal, code = outcome.get("signal"), outcome.get("exit_code")
    if place is None:
        yield Text(say(lang, "killed-early"), "bold red")
    elif isinstance(signal, str):
        yield Text(say(lang, "killed-signal", {**place, "signal": visible(signal)}), "bold red")
    elif code is not None:
        yield Text(say(lang, "killed-exit", {**place, "code": code}), "bold red")
    if signal == "SIGKILL":
        yield Text(say(lang, "hint-sigkill"), "yellow")
    elif signal in _NATIVE_SIGNALS:
        yield Text(say(lang, "hint-native"), "yellow")
