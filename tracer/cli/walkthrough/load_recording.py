"""Record the loads that walkthroughs name, each once, when the first walkthrough that needs it is checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import typer
from rich.text import Text

from tracer.cli.consent import ask_for_consent
from tracer.cli.console import messages
from tracer.cli.job_recording import Progress
from tracer.exercise.load_jobs import WantedLoad, walkthrough_job, wanted_loads
from tracer.i18n import N_, Lang, tr
from tracer.launch.runner import run_job
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace
from tracer.views.shell_commands import reason_here
from tracer.walkthrough.checker import GivenTrace
from tracer.walkthrough.format import Walkthrough


class WantedLoads:
    """The loads that walkthroughs ask for, each recorded once, when the first of them is checked."""

    def __init__(
        self, owners: Sequence[tuple[Walkthrough, Path | None]], folder: Path, stack: ExitStack, lang: Lang
    ) -> None:
        self._wanted = wanted_loads(owners)
        self._waiting = list(self._wanted)
        self._folder = folder
        self._stack = stack
        self._lang = lang

    def record_for(self, walkthrough: str) -> Iterator[GivenTrace]:
        """Record the loads that a walkthrough needs and that were not recorded before."""
        console = messages()
        for wanted in [one for one in self._waiting if any(owner == walkthrough for owner, _ in one.wanted_by)]:
            number = len(self._wanted) - len(self._waiting)
            self._waiting.remove(wanted)
            if console.is_terminal:
                said = {"number": number + 1, "count": len(self._wanted), "load": os.path.basename(wanted.model)}
                console.print(
                    Text(visible(tr(self._lang, "recording load {number} of {count}: {load}", **said)), "dim")
                )
            path = _record(wanted, self._folder, number, self._lang)
            yield GivenTrace(self._stack.enter_context(open_trace(path)), frozenset(wanted.wanted_by))


def _record(wanted: WantedLoad, folder: Path, number: int, lang: Lang) -> Path:
    """Record one load as ``NUMBER.glmtrace`` in a folder, and return that path.

    Raises:
        TracerError: the load can't be started.
        typer.Exit: it was interrupted, or nobody consented to its code.
    """
    path = folder / f"{number}.glmtrace"
    job = walkthrough_job(wanted, path)
    if job.trust_remote_code and not wanted.bundled:
        load = wanted.load
        consent = ask_for_consent(wanted.model, lang, tokenizer=load.tokenizer, cwd=job.cwd, arguments=load.kwargs)
        job.trust_remote_code = consent is not None
        if consent is not None:
            consent.apply(job)
    with Progress(messages(), lang) as progress:
        outcome = run_job(job, path, progress=progress).outcome
    if outcome.status == "interrupted":
        raise typer.Exit(130)
    if outcome.status == "misused":
        raise TracerError(
            N_("{model} can't be loaded like this: {message}"),
            model=visible(wanted.model),
            message=reason_here(outcome.message or "", lang),
        )
    return path
