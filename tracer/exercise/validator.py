"""Validating exercises: the start fails, the solution passes, every wrong attempt fails for its own reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tracer.exercise.attempts import is_solved
from tracer.exercise.collection import ExerciseFiles, fits_release
from tracer.exercise.grader import GradeReport, grade
from tracer.exercise.runs import RecordedRun, RunRecorder
from tracer.exercise.task import Exercise
from tracer.exercise.working_folder import build_folder
from tracer.launch.scratch import scratch_folder
from tracer.releases import installed_release
from tracer.trace.errors import TracerError

LEAST_ATTEMPTS: Final = 3
RUN: Final = "run"
"""The reason of a wrong attempt whose run itself ends badly."""


class ExerciseProblem(msgspec.Struct, frozen=True):
    """Something that is wrong with an exercise: the key of its sentence, and what that is filled with; plain JSON."""

    what: str
    values: dict[str, Any] = {}


class ValidationResult(msgspec.Struct, frozen=True):
    """The result of validating one exercise. ``fits``: it can be done on the transformers that is installed."""

    id: str
    fits: bool
    problems: list[ExerciseProblem]
    seconds: float


def validate(
    files: ExerciseFiles,
    recorder: RunRecorder,
    walkthroughs: Collection[str] | None = None,
    progress: Callable[[str], None] = lambda layer: None,
) -> ValidationResult:
    """Record and judge the start, the solution and every wrong attempt of an exercise.

    Args:
        files: the exercise.
        recorder: what records it; one for many exercises saves much time.
        walkthroughs: ids of those that can be read; None leaves out that check.
        progress: called with the layer that is recorded next.
    """
    began = time.monotonic()
    problems = list(static_problems(files, walkthroughs))
    here = fits_release(files)
    if here:
        problems += _recorded(files, recorder, progress)
    return ValidationResult(files.exercise.id, here, problems, round(time.monotonic() - began, 1))


def reasons(report: GradeReport) -> list[str]:
    """Return what an attempt fails by: the first thing that does not hold, and a run that ended badly."""
    first = report.first_failure
    found = [first.reason] if first is not None else []
    return [*found, RUN] if report.failed_run is not None else found


def static_problems(files: ExerciseFiles, walkthroughs: Collection[str] | None) -> Iterator[ExerciseProblem]:
    """Yield the problems that need no run."""
    wrong = files.exercise.wrong
    if len(wrong) < LEAST_ATTEMPTS:
        yield ExerciseProblem("few-attempts", {"count": len(wrong), "least": LEAST_ATTEMPTS})
    seen: dict[str, str] = {}
    for name, attempt in wrong.items():
        if attempt.fails in seen:
            yield ExerciseProblem(
                "same-reason", {"attempt": name, "other": seen[attempt.fails], "first": attempt.fails}
            )
        seen.setdefault(attempt.fails, name)
    folder = files.folder / "wrong"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in wrong and path.name != "__pycache__":
            yield ExerciseProblem("unlisted", {"attempt": path.name})
    for name in files.exercise.read if walkthroughs is not None else ():
        if name not in (walkthroughs or ()):
            yield ExerciseProblem("read", {"name": name})


def _recorded(
    files: ExerciseFiles, recorder: RunRecorder, progress: Callable[[str], None]
) -> Iterator[ExerciseProblem]:
    exercise = files.exercise
    with scratch_folder() as folder:
        attempts = _Attempts(files, recorder, folder)
        yield from _attempted(exercise, attempts, progress)


def _attempted(exercise: Exercise, attempts: _Attempts, progress: Callable[[str], None]) -> Iterator[ExerciseProblem]:
    release = installed_release() or ""
    for layer in ("start", "solution", *(f"wrong/{name}" for name in exercise.wrong)):
        progress(layer)
        kind, _, name = layer.partition("/")
        answers = {} if kind == "start" else {**exercise.solution, **(exercise.wrong[name].answers if name else {})}
        try:
            report = grade(exercise, attempts.ran("" if kind == "start" else layer), answers)
        except (TracerError, OSError) as error:
            yield ExerciseProblem("no-files", {"layer": layer, "message": str(error)})
            continue
        found = reasons(report)
        if kind == "start" and not found:
            yield ExerciseProblem("start-passes")
        elif kind == "solution" and not is_solved(report):
            yield ExerciseProblem("solution-fails", {"first": found[0]})
        elif kind == "wrong" and not found:
            yield ExerciseProblem("attempt-passes", {"attempt": name})
        elif kind == "wrong" and (wanted := exercise.wrong[name].fails_on(release)) not in found:
            yield ExerciseProblem("attempt-fails-elsewhere", {"attempt": name, "wanted": wanted, "first": found[0]})


class _Attempts:
    """The runs of an exercise's layers; one without files of its own is the same as the start, recorded once."""

    def __init__(self, files: ExerciseFiles, recorder: RunRecorder, folder: Path) -> None:
        self._kept = files
        self._bench = recorder
        self._folder = folder
        self._known: dict[str, dict[str, RecordedRun]] = {}
        self._built = 0

    def ran(self, layer: str) -> dict[str, RecordedRun]:
        if not (self._kept.folder / layer).is_dir():
            layer = ""
        if layer not in self._known:
            self._built += 1  # also of one that can't be put together
            place = self._folder / str(self._built)
            build_folder(self._kept, place / self._kept.exercise.id, *self._layers(layer))
            self._known[layer] = self._bench.record(self._kept, place / self._kept.exercise.id, place / "traces")
        return self._known[layer]

    def _layers(self, layer: str) -> list[str]:
        attempt = self._kept.exercise.wrong.get(layer.removeprefix("wrong/"))
        below = ["solution"] if attempt is not None and attempt.over == "solution" else []
        return [*below, *([layer] if layer else [])]
