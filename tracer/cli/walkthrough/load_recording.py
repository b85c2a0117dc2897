"""Recording a load that walkthroughs name; a module of its own, as checking with traces alone needs none of this."""

from __future__ import annotations

from pathlib import Path

import typer

from tracer.cli.consent import ask_for_consent
from tracer.cli.console import messages
from tracer.cli.recording import Progress
from tracer.exercise.load_jobs import WantedLoad, walkthrough_job
from tracer.i18n import N_, Lang
from tracer.launch.runner import run_job
from tracer.text.visible import visible
from tracer.trace.errors import TracerError


def record(wanted: WantedLoad, folder: Path, number: int, lang: Lang) -> Path:
    """Record one load as ``NUMBER.glmtrace`` in a folder, and return that path.

    Raises:
        TracerError: the load can't be started.
        typer.Exit: it was interrupted, or its code was not ask_for_consent to.
    """
    path = folder / f"{number}.glmtrace"
    job = walkthrough_job(wanted, path)
    if job.trust_remote_code and not wanted.bundled:
        load = wanted.load
        job.agreed = ask_for_consent(wanted.model, lang, tokenizer=load.tokenizer, cwd=job.cwd, arguments=load.kwargs)
        job.trust_remote_code = job.agreed is not None
    with Progress(messages(), lang) as progress:
        outcome = run_job(job, path, progress=progress).outcome
    if outcome.status == "interrupted":
        raise typer.Exit(130)
    if outcome.status == "misused":
        raise TracerError(
            N_("{model} can't be loaded so: {message}"), model=visible(wanted.model), message=outcome.message
        )
    return path
