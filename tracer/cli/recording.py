"""Running a job on behalf of a person: progress while it runs, the journey at its end, the exit code."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from rich.text import Text

from tracer.cli.progress import Progress
from tracer.cli.screen import complain, messages, results
from tracer.export.phrases import Lang, say
from tracer.export.report import print_next, print_report
from tracer.launch.watching import Interrupts, Recorded, run_job
from tracer.trace.errors import TracerError
from tracer.trace.job import Job
from tracer.trace.outcome import EXIT_CODES
from tracer.trace.reading import open_trace
from tracer.trace.visible import visible


def record_and_report(job: Job, path: Path, lang: Lang, *, take_output: bool, tui: bool = False) -> None:
    """Record, report (or play), and end the command with the exit code that the outcome asks for.

    ``take_output``: the terminal is ours while the job runs; otherwise it is the script's.
    """
    try:
        recorded = _record(job, path, lang, take_output=take_output, tui=tui)
    except OSError as error:
        raise TracerError(f"The trace {path} can't be written: {error.strerror or error}.") from error
    code = EXIT_CODES[recorded.outcome.status]
    if recorded.outcome.status == "misused":
        path.unlink()
        complain(recorded.outcome.message or "The job can't be done.")
        raise typer.Exit(code)
    console = results(code)
    with open_trace(path) as trace:
        if tui:
            from tracer.tui.player import Player

            Player(trace, lang).run()
            console.print(Text.assemble((say(lang, "trace-at"), "bold"), f"  {visible(str(path))}"), soft_wrap=True)
        else:
            print_report(trace, console, lang)
            print_next(trace, console, lang)
    raise typer.Exit(code)


def _record(job: Job, path: Path, lang: Lang, *, take_output: bool, tui: bool) -> Recorded:
    if not take_output:
        return run_job(job, path, take_output=False)
    if not tui:
        with Progress(messages(), lang) as progress:
            return run_job(job, path, progress=progress)
    from tracer.tui.live import record_live

    with Interrupts() as interrupts:  # here, since only the main thread can catch a signal
        return record_live(
            lambda tell: run_job(job, path, progress=tell, interrupts=interrupts),
            interrupts.add,
            os.path.basename(job.model or "") or path.stem,
            lang,
        )


def command_line() -> list[str]:
    """What the person said, program name first, for the trace's metadata."""
    import sys

    return [os.path.basename(sys.argv[0]), *sys.argv[1:]]
