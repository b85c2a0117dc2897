"""``glm-trace across``: record one load on several releases of transformers."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.status import Status
from rich.text import Text

from tracer.cli import arguments
from tracer.cli.arguments import SUFFIX, Destination
from tracer.cli.console import messages, note, print_document, print_result
from tracer.cli.groups import asked_language
from tracer.cli.job_recording import Progress
from tracer.cli.load import load_job
from tracer.cli.load_flags import LoadFlags, with_load_flags
from tracer.cli.options import Trust
from tracer.i18n import N_, NP_, Lang, language, reason_of, tr
from tracer.launch.across import Bisection, ReleaseRun, bisect, range_of, releases_in, run_releases, turn_in
from tracer.launch.environments import (
    EnvironmentMaker,
    EnvironmentNotMade,
    clear_environments,
    environment_of,
    environments_folder,
    kept_environments,
)
from tracer.launch.process_start import start_in
from tracer.launch.runner import raising_interrupts, run_job
from tracer.text.sizes import format_size
from tracer.trace.errors import TracerError
from tracer.trace.job import Job
from tracer.views.across import across_report, obstacle_text
from tracer.views.shell_commands import program

HELP = """Load MODEL on several releases of transformers, and say where and why the outcome changes.

Each release gets an environment of its own, made with uv or with venv and pip, that uses the torch installed here and
is kept in the cache for the next time, until --clear deletes it. The traces are written as NAME-RELEASE.glmtrace. Ends
with 1 unless every release loads it.
"""
EXAMPLES = (
    ("across path/to/model --releases 4.44.2,4.57,5.23.0", N_("three releases")),
    ("across path/to/model --bisect 4.44.2..5.23.0", N_("find the release that changes the outcome")),
    ("across --clear", N_("delete the environments that were made")),
)


def _clear(wanted: bool) -> None:
    """Delete the environments and end the command."""
    if not wanted:
        return
    lang, cleared = asked_language(), clear_environments()
    counted = tr(lang, NP_("{count} environment", "{count} environments"), count=cleared.count)
    size = format_size(cleared.size)
    print_result(
        Text(tr(lang, "Deleted from {folder}: {what}, {size}.", folder=cleared.folder, what=counted, size=size))
    )
    if cleared.busy:
        note(tr(lang, "Environments that another process is making now were left alone."))
    raise typer.Exit


def _say_what_is_kept(lang: Lang) -> None:
    kept = kept_environments()
    note(
        tr(
            lang,
            NP_(
                "{count} environment is kept in {folder} ({size}). Delete it with: {command}",
                "{count} environments are kept in {folder} ({size}). Delete them with: {command}",
            ),
            count=kept.count,
            folder=kept.folder,
            size=format_size(kept.size),
            command=f"{program()} across --clear",
        )
    )


@with_load_flags(leave_out=("output", "tui"))
def across(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model directory or hub id.", show_default=False)],
    flags: LoadFlags,
    releases: Annotated[
        str | None, typer.Option("--releases", metavar="R,R,…", help="The releases, such as 4.44.2,4.57,5.23.0.")
    ] = None,
    search: Annotated[
        str | None,
        typer.Option("--bisect", metavar="A..B", help="Search this range for the release that changes the outcome."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Name of the traces, to which -RELEASE is added. [default: NAME.glmtrace here]"
        ),
    ] = None,
    trust_remote_code: Trust = False,
    json: Annotated[bool, typer.Option("--json", help="For programs: one document with everything.")] = False,
    clear: Annotated[
        bool,
        typer.Option(
            "--clear",
            callback=_clear,
            is_eager=True,
            help="Delete the environments in the cache; needs no MODEL.",
        ),
    ] = False,
) -> None:
    if (releases is None) == (search is None):
        raise TracerError(N_("Give either --releases or --bisect: for example --releases 4.44.2,4.57.6,5.23.0"))
    wanted = range_of(search) if search is not None else releases_in(releases or "")
    speak = language(flags.lang.value if flags.lang is not None else None)
    directory = arguments.model_argument(model)
    base = arguments.destination(output, directory)
    kwargs = arguments.keyword_arguments(flags.kwarg or [])
    job = load_job(directory, flags, kwargs=kwargs, trust_remote_code=trust_remote_code, lang=speak)
    recorder = _Recorder(job, base, speak)
    bisection: Bisection | None = None
    if search is not None:
        bisection = bisect(wanted, recorder)
        runs = bisection.runs
    else:
        runs = run_releases(wanted, recorder)
    if recorder.made:
        _say_what_is_kept(speak)
    turn = turn_in(runs)
    code = 130 if any(run.interrupted for run in runs) else 0 if all(run.good for run in runs) else 1
    if json:
        from tracer.export.json_documents import across_document

        print_document(across_document(model, runs, turn, bisection), code)
    else:
        print_result(across_report(runs, turn, speak, python=_PYTHON, bisection=bisection), code)
    raise typer.Exit(code)


_PYTHON = ".".join(platform.python_version_tuple()[:2])


class _Recorder:
    """Records one job on the releases that it is called with, and shows on the screen what it is doing.

    ``make`` makes the environments; the default makes real ones.
    """

    def __init__(self, job: Job, base: Destination, lang: Lang, make: EnvironmentMaker | None = None) -> None:
        self._job, self._base, self._lang = job, base, lang
        self._make = make or environment_of
        self.made = False  # whether an environment was added to those that are kept

    def __call__(self, release: str) -> ReleaseRun:
        try:
            with self._status(release), raising_interrupts():
                kept = self._kept()
                environment = self._make(release)
                self.made = self.made or self._kept() != kept
        except EnvironmentNotMade as error:
            run = ReleaseRun(release, obstacle=error.obstacle, detail=error.detail)
        except KeyboardInterrupt:
            run = ReleaseRun(release, obstacle="interrupted")
        except OSError as error:
            run = ReleaseRun(release, obstacle="failed", detail=str(reason_of(error)))
        else:
            return self._recorded(release, start_in(environment))
        note(f"transformers {release}: {obstacle_text(run, self._lang, _PYTHON)}")
        return run

    @staticmethod
    def _kept() -> list[str]:
        with suppress(OSError):
            return sorted(os.listdir(environments_folder()))
        return []

    def _status(self, release: str) -> Any:
        console = messages()
        if not console.is_terminal:
            return nullcontext()
        text = tr(self._lang, "transformers {release}: preparing its environment", release=release)
        return Status(Text(text), console=console, spinner="dots")

    def _recorded(self, release: str, start: Callable[..., Any]) -> ReleaseRun:
        path = self._base.path.with_name(f"{self._base.path.stem}-{release}{SUFFIX}")
        path, held = Destination(path, self._base.named, []).take()
        job = msgspec.structs.replace(self._job, journal="", journal_made=None, learned=None)
        with Progress(messages(), self._lang, f"transformers {release}") as progress:
            recorded = run_job(job, path, held=held, start=start, progress=progress)
        if recorded.outcome.status == "misused" and recorded.written:
            path.unlink()
            recorded.written = False
        return ReleaseRun(release, trace=path if recorded.written else None, outcome=recorded.outcome)
