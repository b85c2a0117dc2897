"""Recording a learner's folder: each run in a child process, on a copy, within limits.

On a copy, so that nothing that runs can harm the learner's own files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.errors import ExerciseError
from tracer.exercise.load_jobs import load_job
from tracer.exercise.task import Run
from tracer.i18n import N_
from tracer.launch.amx_workaround import amx_environment
from tracer.launch.process_start import Starter, WarmStarter
from tracer.launch.runner import Interrupts, JobProgress, Limit, Limits, is_out_of_memory, run_job
from tracer.launch.scratch import scratch_folder
from tracer.text.sizes import format_size
from tracer.trace.held_journal import SUFFIX, state_of
from tracer.trace.job import Job
from tracer.trace.outcome import Outcome

_LARGEST: Final = 512_000_000  # bytes of a learner's folder
_MOST_FILES: Final = 5_000
_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "*.pyc", ".glm-trace", ".git", ".venv")
TRACES: Final = ".glm-trace"
"""The folder in a learner's folder that keeps the traces of the last check."""


class RecordedRun(msgspec.Struct, frozen=True):
    """A run that was recorded. ``missing`` is the model directory or script that is not there to run."""

    trace: Path | None
    outcome: Outcome | None
    limit: Limit | None = None
    missing: str = ""


class RunRecorder:
    """Where runs are recorded; keep one for many, as its process has imported torch already.

    Raises:
        ExerciseError: by :meth:`record`, for a folder that is too large to copy, or is being checked already.
    """

    def __init__(self, folder: Path, start: Starter | None = None) -> None:
        self._folder = folder
        self._start = start or WarmStarter()
        self._count = 0
        self._modules = folder / "modules"
        self._environment = {"HF_MODULES_CACHE": str(self._modules)}

    def warm(self) -> None:
        """Import torch and transformers now, if that was not done before; Ctrl-C leaves at once."""
        if isinstance(self._start, WarmStarter):
            self._start.warm()

    def record(
        self,
        files: ExerciseFiles,
        learner: Path,
        keep_in: Path,
        *,
        progress: Callable[[str, JobProgress], None] = lambda name, watched: None,
        interrupts: Interrupts | None = None,
    ) -> dict[str, RecordedRun]:
        """Record every run of an exercise on a copy of a learner's folder; the traces go to a new folder."""
        _refuse_too_large(learner)
        if any(state_of(journal) == "recording" for journal in keep_in.glob(f"*{SUFFIX}")):
            raise ExerciseError(
                N_("Another check of {folder} is still running. Wait until it has ended."), folder=learner
            )
        shutil.rmtree(keep_in, ignore_errors=True)
        keep_in.mkdir(parents=True)
        (keep_in / ".gitignore").write_text("*\n", encoding="utf-8")
        found: dict[str, RecordedRun] = {}
        for name, run in files.exercise.runs.items():
            with self._copy(learner) as copy:
                job = self._job(files, run, copy, keep_in / f"{name}.glmtrace")
                if isinstance(job, str):
                    found[name] = RecordedRun(None, None, missing=job)
                    continue
                limits = Limits(run.seconds)
                job.memory = limits.memory
                recorded = run_job(
                    job,
                    keep_in / f"{name}.glmtrace",
                    start=self._start,
                    progress=lambda watched, name=name: progress(name, watched),  # type: ignore[misc]
                    interrupts=interrupts,
                    limits=limits,
                )
            limit = recorded.limit or ("memory" if is_out_of_memory(recorded.outcome) else None)
            found[name] = RecordedRun(recorded.path, recorded.outcome, limit)
            if recorded.outcome.status == "interrupted":
                raise KeyboardInterrupt
        return found

    @contextmanager
    def _copy(self, learner: Path) -> Iterator[Path]:
        """Copy a learner's folder to a place of its own, with an empty modules cache."""
        self._count += 1
        place = self._folder / str(self._count)
        shutil.copytree(learner, place / learner.name, ignore=_LEFT_OUT, symlinks=True)
        shutil.rmtree(self._modules, ignore_errors=True)
        try:
            yield place / learner.name
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _job(self, files: ExerciseFiles, run: Run, copy: Path, trace: Path) -> Job | str:
        """Return the job, or the name of the script or directory that is missing for it."""
        if run.script:
            script = files.folder / "judge" / run.script
            return Job(
                work="script",
                journal=f"{trace}.journal",
                script=[str(script)],
                cwd=str(copy),
                environment=self._environment,
            )
        model = copy / run.directory
        if not model.is_dir():
            return run.directory
        job = load_job(run, str(model), trace, run_in=str(copy))
        job.command = ["glm-trace", "exercise", "check"]
        job.statistics = run.statistics
        job.prompt = run.prompt
        job.environment = self._environment
        return job


@contextmanager
def run_recorder() -> Iterator[RunRecorder]:
    """Open a recorder with a modules cache of its own, which looks nothing up on the hub."""
    with scratch_folder() as folder:
        settings = {"HF_HUB_OFFLINE": "1", **amx_environment()}
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)  # the process that runs are forked from gets the environment of its start
        try:
            yield RunRecorder(folder)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _refuse_too_large(learner: Path) -> None:
    files = size = 0
    for path in learner.rglob("*"):
        if TRACES in path.parts or not path.is_file() or path.is_symlink():
            continue
        files += 1
        size += path.stat().st_size
        if size > _LARGEST or files > _MOST_FILES:
            raise ExerciseError(
                N_(
                    "{folder} holds more than {size} or {files} files; an exercise needs far fewer. "
                    "Move what does not belong to it elsewhere."
                ),
                folder=learner,
                size=format_size(_LARGEST),
                files=f"{_MOST_FILES:,}",
            )
