"""One attempt: the learner's folder is recorded and judged, and what came out is remembered."""

from __future__ import annotations

from collections.abc import Callable

from tracer.exercise.errors import ExerciseError
from tracer.exercise.judging import GradeReport, grade
from tracer.exercise.library import ExerciseFiles
from tracer.exercise.progress import now
from tracer.exercise.running import RunRecorder
from tracer.exercise.workshop import CourseFolder
from tracer.i18n import N_
from tracer.launch.runner import Interrupts, JobProgress


def attempt(
    workshop: CourseFolder,
    kept: ExerciseFiles,
    bench: RunRecorder,
    progress: Callable[[JobProgress], None] = lambda _: None,
) -> GradeReport:
    """Check an exercise once.

    Raises:
        ExerciseError: the folder can't be read or the traces can't be written.
        KeyboardInterrupt: it was interrupted; nothing is remembered of it.
    """
    learner = workshop.folder_of(kept)
    before = workshop.progress.exercises.get(kept.exercise.id)
    answers = before.answers if before is not None else {}
    try:
        with Interrupts() as interrupts:
            ran = bench.record(
                kept, learner, workshop.traces_of(kept), progress=lambda _, one: progress(one), interrupts=interrupts
            )
    except OSError as error:
        raise ExerciseError(
            N_("{path} can't be read or written: {message}."),
            path=error.filename or learner,
            message=error.strerror or error,
        ) from None
    if interrupts.count:
        raise KeyboardInterrupt
    judgement = grade(kept.exercise, ran, answers)
    questions = {one.id for one in kept.exercise.predictions}
    with workshop.updating_entry(kept) as entry:
        entry.attempts += 1
        if not any(one.state != "passed" and one.id not in questions for one in judgement.grades):
            entry.right = [one.id for one in judgement.grades if one.id in questions and one.state == "passed"]
        if is_solved(judgement):
            entry.solved = entry.solved or now()
    return judgement


def is_solved(judgement: GradeReport) -> bool:
    """Whether everything holds, in runs that ended as a load ends."""
    return judgement.passed and judgement.failed_run is None


def next_hint(workshop: CourseFolder, kept: ExerciseFiles) -> int | None:
    """The number of the next hint that was not shown yet, which counts as shown from now on; None after the last."""
    with workshop.updating_entry(kept) as entry:
        shown = max(0, entry.hints)
        if shown >= len(kept.exercise.hints):
            return None
        entry.hints = shown + 1
        return entry.hints
