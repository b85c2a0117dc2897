"""Running a job on behalf of a person: progress while it runs, the journey at its end, the exit code."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from tracer.cli.progress import Progress
from tracer.cli.screen import complain, messages, results
from tracer.export.phrases import Lang
from tracer.export.report import print_next, print_report
from tracer.launch.watching import run_job
from tracer.trace.errors import TracerError
from tracer.trace.job import Job
from tracer.trace.outcome import EXIT_CODES
from tracer.trace.reading import open_trace


def record_and_report(job: Job, path: Path, lang: Lang, *, take_output: bool) -> None:
    """Record, report, and end the command with the exit code that the outcome asks for."""
    try:
        if take_output:
            with Progress(messages(), lang) as progress:
                recorded = run_job(job, path, progress=progress)
        else:
            recorded = run_job(job, path, take_output=False)
    except OSError as error:
        raise TracerError(f"The trace {path} can't be written: {error.strerror or error}.") from error
    if recorded.outcome.status == "misused":
        path.unlink()
        complain(recorded.outcome.message or "The job can't be done.")
        raise typer.Exit(EXIT_CODES["misused"])
    console = results(EXIT_CODES[recorded.outcome.status])
    with open_trace(path) as trace:
        print_report(trace, console, lang)
        print_next(trace, console, lang)
    raise typer.Exit(EXIT_CODES[recorded.outcome.status])


def command_line() -> list[str]:
    """What the person said, program name first, for the trace's metadata."""
    import sys

    return [os.path.basename(sys.argv[0]), *sys.argv[1:]]
