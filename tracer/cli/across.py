"""``glm-trace across``: record one load on several releases of transformers."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.status import Status
from rich.text import Text

from tracer.cli import arguments
from tracer.cli.arguments import SUFFIX, Destination
from tracer.cli.console import messages, note, print_document, print_result
from tracer.cli.job_recording import Progress
from tracer.cli.load import load_job
from tracer.cli.load_flags import LoadFlags, with_load_flags
from tracer.cli.options import Trust
from tracer.export.json_documents import across_document
from tracer.i18n import N_, Lang, language, reason_of, tr
from tracer.launch.across import Bisection, ReleaseRun, bisect, range_of, releases_in, run_releases, turn_in
from tracer.launch.environments import EnvironmentMaker, EnvironmentNotMade, environment_of
from tracer.launch.process_start import start_in
from tracer.launch.runner import run_job
from tracer.trace.errors import TracerError
from tracer.trace.job import Job
from tracer.views.across import across_report, obstacle_text

HELP = """Load MODEL on several releases of transformers, and say where and why the outcome changes.

Each release gets an environment of its own, made with uv or with venv and pip, that uses the torch installed here and
is kept in the cache for the next time. The traces are written as NAME-RELEASE.glmtrace. Ends with 1 unless every
release loads it.
"""


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
    turn = turn_in(runs)
    code = 130 if any(run.interrupted for run in runs) else 0 if all(run.good for run in runs) else 1
    if json:
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

    def __call__(self, release: str) -> ReleaseRun:
        try:
            with self._status(release):
                environment = self._make(release)
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
        with Progress(messages(), self._lang) as progress:
            recorded = run_job(job, path, held=held, start=start, progress=progress)
        if recorded.outcome.status == "misused" and recorded.written:
            path.unlink()
            recorded.written = False
        return ReleaseRun(release, trace=path if recorded.written else None, outcome=recorded.outcome)
