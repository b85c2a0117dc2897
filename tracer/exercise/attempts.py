"""Attempts at an exercise: answering its questions, recording and grading the folder, taking hints."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.course_folder import CourseFolder
from tracer.exercise.errors import ExerciseError
from tracer.exercise.grader import GradeReport, grade
from tracer.exercise.progress import ExerciseProgress, now
from tracer.exercise.runs import RunRecorder
from tracer.exercise.task import Exercise, Prediction
from tracer.i18n import N_, reason_of
from tracer.launch.runner import Interrupts, JobProgress


def attempt(
    course: CourseFolder,
    files: ExerciseFiles,
    recorder: RunRecorder,
    progress: Callable[[JobProgress], None] = lambda _: None,
) -> GradeReport:
    """Check an exercise once.

    Raises:
        ExerciseError: the folder can't be read or the traces can't be written.
        KeyboardInterrupt: it was interrupted; nothing of it is remembered.
    """
    learner = course.folder_of(files)
    before = course.progress.exercises.get(files.exercise.id)
    answers = before.answers if before is not None else {}
    try:
        with Interrupts() as interrupts:
            ran = recorder.record(
                files, learner, course.traces_of(files), progress=lambda _, one: progress(one), interrupts=interrupts
            )
    except OSError as error:
        raise ExerciseError(
            N_("{path} can't be read or written: {message}."),
            path=error.filename or learner,
            message=reason_of(error),
        ) from None
    if interrupts.count:
        raise KeyboardInterrupt
    report = grade(files.exercise, ran, answers)
    questions = {one.id for one in files.exercise.predictions}
    with course.updating_entry(files) as entry:
        entry.attempts += 1
        if not any(one.state != "passed" and one.id not in questions for one in report.grades):
            entry.right = [one.id for one in report.grades if one.id in questions and one.state == "passed"]
        if is_solved(report):
            entry.solved = entry.solved or now()
    return report


def is_solved(report: GradeReport) -> bool:
    """Return whether everything holds, in runs that ended as a load ends."""
    return report.passed and report.failed_run is None


def next_hint(course: CourseFolder, files: ExerciseFiles) -> int | None:
    """Return the number of the next hint and count it as shown; None after the last."""
    with course.updating_entry(files) as entry:
        shown = max(0, entry.hints)
        if shown >= len(files.exercise.hints):
            return None
        entry.hints = shown + 1
        return entry.hints


def open_questions(exercise: Exercise, entry: ExerciseProgress, *, again: bool = False) -> list[Prediction]:
    """Return the questions that have no answer yet; with ``again``, also those whose answer was wrong."""
    answered = set(entry.right) if again else set(entry.answers)
    return [one for one in exercise.predictions if one.id not in answered or one.id not in entry.answers]


def given_answers(exercise: Exercise, pairs: Iterable[str]) -> dict[str, str]:
    """Return the answers that were given as ``ID=TEXT``.

    Raises:
        ExerciseError: one isn't such a pair, answers no question, or chooses an answer that does not exist.
    """
    questions = {one.id: one for one in exercise.predictions}
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not questions:
            raise ExerciseError(N_("{id} has no questions to answer."), id=exercise.id)
        if not equals or not text.strip():
            raise ExerciseError(
                N_("--answer {pair} is not an ID=TEXT pair. The questions are: {ids}."),
                pair=pair,
                ids=", ".join(questions),
            )
        if name not in questions:
            raise ExerciseError(
                N_("{id} has no question {name}. The questions are: {ids}."),
                id=exercise.id,
                name=name,
                ids=", ".join(questions),
            )
        if not is_answer(questions[name], text):
            raise ExerciseError(
                N_("{name} is answered with a number from 1 to {count}, and not with {given}."),
                name=name,
                count=len(questions[name].choices),
                given=text,
            )
        found[name] = text.strip()
    return found


def is_answer(question: Prediction, text: str) -> bool:
    """Return whether a text can be an answer at all."""
    text = text.strip()
    if not question.choices:
        return bool(text)
    return text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= len(question.choices)
