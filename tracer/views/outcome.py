"""How a load ended, in words: its status, its failure, and what is missing from the trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.text import Text

from tracer.i18n import N_, Lang, Message, tr
from tracer.text.visible import visible
from tracer.trace import reasons
from tracer.trace.outcome import GOOD, Outcome
from tracer.trace.reading import Trace
from tracer.views.stages import stage_name

WORDS: Final[dict[str, Message]] = {
    "outcome:loaded": N_("loaded"),
    "undone:not-fed": N_("no pass was run"),
    "undone:not-generated": N_("nothing was generated"),
    "outcome:no-load": N_("no load was recorded"),
    "outcome:failed": N_("the load failed"),
    "outcome:failed:device": N_("loaded; moving it to the device failed"),
    "outcome:failed:peft": N_("loaded; adding LoRA failed"),
    "outcome:failed:inputs": N_("loaded; preparing the input failed"),
    "outcome:failed:forward": N_("loaded; the forward pass failed"),
    "outcome:failed:generate": N_("loaded; the generation failed"),
    "outcome:failed:script": N_("loaded; the code after it failed"),
    "outcome:failed:before-load": N_("the code failed before anything was loaded"),
    "outcome:stopped": N_("stopped after the stage you asked for"),
    "outcome:interrupted": N_("interrupted; what was recorded until then is in the trace"),
    "outcome:refused": N_("not run: its code was not consented to"),
    "outcome:killed": N_("the process was killed"),
    "outcome:misused": N_("could not begin"),
    "outcome:unfinished": N_("never finished: a journal that was not sealed"),
    "failed-at": N_("at step {step}, stage {stage}, {place}"),
    "failed-after-stage": N_("after step {step}, stage {stage}"),
    "failed-at-stage": N_("at step {step}, stage {stage}"),
    "failed-after": N_("after step {step}, stage {stage}, {place}"),
}

_WHOSE: Final = {
    "transformers_modules": N_("{name}, the directory's own class"),
    "transformers": N_("{name}, a class of the library"),
}


def outcome_text(outcome: Outcome, lang: Lang) -> str:
    """Return how a load ended; a status from a newer release is shown as it is."""
    status, part = outcome.status, outcome.part
    for key in (f"outcome:{status}:{part}", f"outcome:{status}"):
        if key in WORDS:
            return tr(lang, WORDS[key])
    return visible(status)


def class_text(name: str, lang: Lang) -> str:
    """Return a class by its name alone, and whose it is."""
    short = visible(name.rpartition(".")[2])
    whose = _WHOSE.get(name.partition(".")[0])
    return tr(lang, whose, name=short) if whose else short


def undone_texts(trace: Trace, lang: Lang) -> list[str]:
    """Return what was requested after the load and could not be tried, although nothing failed."""
    kinds = ("not-fed", "not-generated")
    return [tr(lang, WORDS[f"undone:{kind}"]) for kind in kinds if trace.nearest(-1, kind=kind) is not None]


def outcome_style(outcome: Outcome) -> str:
    """Return the style for an outcome's text."""
    status = outcome.status
    return "bold green" if status in GOOD else "bold yellow" if status == "no-load" else "bold red"


_NATIVE_SIGNALS: Final = {"SIGSEGV", "SIGILL", "SIGBUS", "SIGFPE", "SIGABRT"}


def failure_lines(trace: Trace, lang: Lang) -> Iterator[Text]:
    """Yield the sentences about a load that did not end well, or whose trace is incomplete; none for any other."""
    # The player's first screen needs this module, and not the rules of a diagnosis.
    from tracer.analysis.diagnosis.remote_code_rules import changed_code
    from tracer.analysis.step_context import step_place
    from tracer.views.causes import CAUSES
    from tracer.views.shell_commands import program, trace_argument
    from tracer.views.traceback import failure_traceback

    yield from (Text(sentence, "bold red") for sentence in gap_sentences(trace, lang))
    outcome = trace.outcome
    status, step = outcome.status, outcome.step
    where = step_place(trace, step) if step is not None else None
    place = None
    if where is not None:
        place = {"step": step, "stage": stage_name(where.stage, lang), "place": visible(where.place)}
    code = changed_code(trace)
    if code is not None:
        yield Text(visible(tr(lang, CAUSES[f"cause:{code.kind}"], **code.values)), "bold red")
        yield Text(tr(lang, CAUSES[f"remedy:{code.remedy}"]), "yellow")
    elif status in ("failed", "refused"):
        yield from _failure(outcome, place, lang, seen=failure_was_seen(trace), by_library=_raised_by_library(trace))
        if trace.meta.failure is not None:
            yield from failure_traceback(trace.meta.failure, lang)
    elif status == "no-load":
        yield Text(
            tr(
                lang,
                "glm-trace records what from_pretrained and from_config of transformers' models, configurations "
                "and tokenizers do. None was called here, or none finished. Put that call inside what is recorded: "
                "a model that was loaded before is not watched.",
            ),
            "yellow",
        )
    elif status == "misused" and outcome.message:
        message = reasons.localized(outcome.message, lang)
        yield Text("\n".join(map(visible, message.split("\n"))), "bold red")
    elif status in ("killed", "unfinished"):
        yield from _death(outcome, place, lang)
    elif status == "interrupted" and place is None:
        yield Text(tr(lang, "It ended before the first step was recorded."), "yellow")
    if status in ("failed", "refused", "killed"):
        yield Text(tr(lang, "Why, and what to do: {command}", command=f"{program()} why {trace_argument(trace)}"))


def gap_sentences(trace: Trace, lang: Lang) -> Iterator[str]:
    """Yield what is missing from the trace of a load."""
    from tracer.analysis.diagnosis.surprises import incomplete_trace
    from tracer.views.causes import CAUSES, cause_values

    for gap in incomplete_trace(trace):
        values = {name: visible(str(value)) for name, value in cause_values(gap, lang).items()}
        yield tr(lang, CAUSES[f"surprise:{gap.kind}"], **values)


def failure_was_seen(trace: Trace) -> bool:
    """Return whether the outcome's step is where the exception was seen, and not just the last step before it."""
    step = trace.outcome.step
    return step is not None and 0 <= step < len(trace) and trace.step(step).event in ("raise", "unwind")


def _raised_by_library(trace: Trace) -> bool:
    """Return whether transformers itself raised the exception, and not for what remote code imports."""
    frames = trace.meta.failure.traceback if trace.meta.failure is not None else None
    innermost = frames[-1] if frames else None
    if innermost is None:
        return False
    file = innermost.file.replace("\\", "/")
    return file.startswith("<transformers>/") and not file.endswith("/dynamic_module_utils.py")


def _failure(
    outcome: Outcome, place: dict[str, Any] | None, lang: Lang, *, seen: bool, by_library: bool
) -> Iterator[Text]:
    name, message = outcome.error or "?", outcome.message
    shown = f"{name}: {message}" if message else name
    yield Text("\n".join(map(visible, shown.split("\n"))), "bold red")
    if place is not None:
        key = "failed-at" if seen else "failed-after"
        yield Text(tr(lang, WORDS[key if place["place"] else f"{key}-stage"], **place), "red")
    if "pip install" in str(message) and not by_library:
        yield Text(
            tr(
                lang,
                "The names in that pip command come from the model's code: they may not be packages at all, or "
                "belong to someone else. Look before you install.",
            ),
            "yellow",
        )
    if _is_out_of_memory(name, str(message or "")):
        yield Text(
            tr(
                lang,
                "There was not enough memory. Try --dtype bfloat16, which halves what float32 takes, "
                "another --device, or --weights fake, which takes none.",
            ),
            "yellow",
        )
    if outcome.status == "refused":
        yield Text(tr(lang, "Look at the code, then load again with --trust-remote-code."), "yellow")


def _is_out_of_memory(error: str, message: str) -> bool:
    """Return whether memory ran out: torch has its own exception for a GPU, and a message for the CPU."""
    return error.endswith(("MemoryError", "OutOfMemoryError")) or "DefaultCPUAllocator" in message


def _death(outcome: Outcome, place: dict[str, Any] | None, lang: Lang) -> Iterator[Text]:
    signal, code = outcome.signal, outcome.exit_code
    if place is None:
        yield Text(tr(lang, "It ended before the first step was recorded."), "bold red")
    elif signal is not None:
        yield Text(
            tr(
                lang,
                "The process was ended by {signal} after step {step} ({stage}, {place}).",
                **place,
                signal=visible(signal),
            ),
            "bold red",
        )
    elif code is not None:
        yield Text(
            tr(
                lang,
                "The process ended itself with exit code {code} after step {step} ({stage}, {place}), in "
                "the middle of the load.",
                **place,
                code=code,
            ),
            "bold red",
        )
    if signal == "SIGKILL":
        yield Text(
            tr(
                lang,
                "SIGKILL often means that the system ran out of memory. Try --dtype bfloat16, which "
                "halves what float32 takes, or --weights fake, which takes none.",
            ),
            "yellow",
        )
    elif signal in _NATIVE_SIGNALS:
        yield Text(
            tr(lang, "It was killed inside native code; 'native_output' in the metadata holds what it last said."),
            "yellow",
        )
