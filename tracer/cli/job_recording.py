"""Record a job with progress on the screen, a report at its end, and the exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import typer
from rich.console import Console
from rich.status import Status
from rich.text import Text

from tracer.cli.arguments import Destination
from tracer.cli.console import OutputFailed, complain, messages, note, results
from tracer.i18n import N_, NP_, Lang, path_here, reason_of, tr
from tracer.launch.runner import Interrupts, JobProgress, JobResult, run_job
from tracer.text.shell import shell_word
from tracer.text.visible import one_line, visible
from tracer.trace.errors import NotSealed, TracerError
from tracer.trace.events import NotDone, NotEncoded, NotFed, NotGenerated, ProcessorFailed, Recorded, events
from tracer.trace.held_journal import HeldJournal
from tracer.trace.job import Job
from tracer.trace.outcome import EXIT_CODES
from tracer.trace.reading import Trace, open_trace
from tracer.views.outcome import gap_sentences
from tracer.views.shell_commands import reason_here
from tracer.views.show import load_report, next_commands
from tracer.views.stages import stage_name


def record_and_report(job: Job, destination: Destination, lang: Lang, *, take_output: bool, tui: bool = False) -> None:
    """Record, report (or play), and end the command with the exit code of the outcome.

    ``take_output``: while the job runs, glm-trace uses the terminal; otherwise the script does.
    """
    try:
        path, held = destination.take()
    except OSError as error:
        raise TracerError(
            N_("The trace {path} can't be written: {reason}."), path=destination.path, reason=reason_of(error)
        ) from error
    for journal in destination.left:
        note(
            tr(
                lang,
                "{journal} was left behind by a recording that could not finish. Turn it into a trace with: "
                "glm-trace seal {quoted}",
                journal=journal,
                quoted=shell_word(path_here(journal)),
            )
        )
    try:
        recorded = _record(job, path, held, lang, take_output=take_output, tui=tui)
    except NotSealed as error:
        with contextlib.suppress(TracerError), open_trace(error.journal) as trace:
            for sentence in gap_sentences(trace, lang):
                complain(sentence)
        raise
    except OSError as error:
        raise TracerError(N_("The process to trace can't be started: {reason}."), reason=reason_of(error)) from error
    code = EXIT_CODES[recorded.outcome.status]
    if recorded.outcome.status == "misused":
        if recorded.written:
            path.unlink()
        message = recorded.outcome.message
        complain(reason_here(message, lang) if message else tr(lang, "The load could not begin."))
        raise typer.Exit(code)
    if not recorded.written:
        if recorded.native:
            messages().print(Text(visible(recorded.native)))
        complain(
            tr(lang, "It ended before the first step was recorded, so the earlier trace {path} was kept.", path=path)
        )
        raise typer.Exit(code)
    with open_trace(path) as trace:
        vain = list(_ignored_options(trace, job, lang))
        code = code or (EXIT_CODES["failed"] if vain else 0) or (2 if trace.meta.recording_ended is not None else 0)
    try:
        _report(path, results(code), lang, tui=tui)
        sys.stdout.flush()
    except OutputFailed as error:
        raise OutputFailed(error.reason, path) from None
    for sentence in vain:
        complain(sentence)
    raise typer.Exit(code)


_ENCODED: Final = ("--image", "--audio", "--prompt")  # what a processor or tokenizer makes tensors of


def _ignored_options(trace: Trace, job: Job, lang: Lang) -> Iterator[str]:
    """Return the requested options beyond the load that could not be carried out."""
    for failed in events(trace, ProcessorFailed):
        yield tr(
            lang,
            "{why}. The model is recorded all the same; --no-processor leaves the processor out.",
            why=visible(reason_here(str(failed.event.why), lang)),
        )
    asked = {
        "--image": job.image, "--audio": job.audio, "--ids": job.ids, "--prompt": job.prompt,
        "--generate": job.generate,
    }  # fmt: skip
    given = [option for option, value in asked.items() if value]
    not_done: Iterator[Recorded[NotDone]] = events(trace, NotFed, NotEncoded, NotGenerated)
    for skipped in not_done:
        wanted = given if isinstance(skipped.event, NotFed) else [option for option in given if option in _ENCODED]
        option = "--generate" if isinstance(skipped.event, NotGenerated) else ", ".join(wanted)
        if not option:
            continue
        reason = str(skipped.event.why)
        why = visible(reason_here(reason, lang))
        if not reason.startswith("--"):
            text = tr(lang, "{option} could not be done: {why}. The load itself is recorded.", option=option, why=why)
        elif others := ", ".join(one for one in wanted if not reason.startswith(f"{one} ")):
            text = tr(
                lang,
                "{why}, so {option} could not be done either. The load itself is recorded.",
                why=why,
                option=others,
            )
        else:
            text = tr(lang, "{why}. The load itself is recorded.", why=why)
        yield text


def _report(path: Path, console: Console, lang: Lang, *, tui: bool) -> None:
    with open_trace(path) as trace:
        if tui:
            from tracer.tui.bindings import load_keymap
            from tracer.tui.player import Player

            Player(trace, lang, keymap=load_keymap()).run()
            console.print(Text.assemble((tr(lang, "Trace"), "bold"), f"  {visible(str(path))}"), soft_wrap=True)
        else:
            console.print(load_report(trace, lang), crop=False)
            console.print(next_commands(trace, lang), crop=False)


def _record(job: Job, path: Path, held: HeldJournal, lang: Lang, *, take_output: bool, tui: bool) -> JobResult:
    if not take_output:
        return run_job(job, path, held=held, take_output=False)
    if not tui:
        with Progress(messages(), lang) as progress:
            return run_job(job, path, held=held, progress=progress)
    from tracer.tui.live_view import record_live

    with Interrupts() as interrupts:  # here, because only the main thread can catch a signal
        return record_live(
            lambda tell: run_job(job, path, held=held, progress=tell, interrupts=interrupts),
            interrupts.add,
            os.path.basename(job.model or "") or path.stem,
            lang,
        )


def command_line() -> list[str]:
    """Return the command line with the program's name first, for the trace's metadata."""
    return [os.path.basename(sys.argv[0]), *sys.argv[1:]]


class Progress:
    """A status line on a terminal; silent elsewhere. ``of`` is what it begins with, where several loads follow."""

    def __init__(self, console: Console, lang: Lang, of: str = "") -> None:
        self._lang = lang
        self._of = [of] if of else []
        self._status = Status("", console=console, spinner="dots") if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status is not None:
            self._status.update(self._joined(tr(self._lang, "starting Python and importing torch and transformers")))
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, watched: JobProgress) -> None:
        if self._status is not None:
            self._status.update(self._line(watched))

    def _line(self, watched: JobProgress) -> Text:
        if watched.last is None:
            starting = tr(self._lang, "starting Python and importing torch and transformers")
            return self._joined(starting, f"{watched.seconds:.0f} s")
        stage = stage_name(watched.last.stage, self._lang)
        parts = [tr(self._lang, "{stage} · step {step}", stage=stage, step=watched.last.number)]
        if watched.file:
            parts.append(one_line(watched.file, 50))
        if watched.tensors:
            parts.append(tr(self._lang, NP_("{count} tensor", "{count} tensors"), count=f"{watched.tensors:,}"))
        return self._joined(*parts, f"{watched.seconds:.1f} s")

    def _joined(self, *parts: str) -> Text:
        return Text(" · ".join([*self._of, *parts]))
