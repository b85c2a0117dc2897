"""``glm-trace exercise check``: record an exercise and judge whether it is solved."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from tracer.cli.console import messages
from tracer.cli.exercise.context import Answers, ExerciseContext, Folders, Name, can_ask, exercise_context
from tracer.cli.job_recording import Progress
from tracer.cli.options import Speak
from tracer.exercise.attempts import attempt, given_answers, is_answer, is_solved, open_questions
from tracer.exercise.collection import ExerciseFiles, require_release
from tracer.exercise.course_folder import CourseFolder, next_unsolved
from tracer.exercise.errors import ExerciseError
from tracer.exercise.grader import GradeReport
from tracer.exercise.progress import ExerciseProgress
from tracer.exercise.runs import RunRecorder, run_recorder
from tracer.exercise.task import Prediction
from tracer.exercise.trust import require_consent
from tracer.i18n import N_, tr
from tracer.views.shell_commands import command

HELP = """Record what is in your folder of an exercise, and report what holds and what does not yet.

A task may ask what you expect before anything runs. Your files are copied, and only the copy runs.
Exit codes: 0 solved, 1 not yet, 2 it can't be checked, 3 you did not agree to run its code, 130 left with Ctrl-C.
"""


def check(
    name: Name = None,
    again: Annotated[bool, typer.Option("--again", help="Answer again the questions that were wrong.")] = False,
    answer: Answers = None,
    exercises: Folders = None,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder()
        files = context.current(name, course)
        require_allowed(context, course, files)
        given = given_answers(files.exercise, answer or [])
        if given:
            with course.updating_entry(files) as entry:
                entry.answers.update(given)
        title = files.exercise.title.localized(context.lang).strip()
        context.printer.say(N_("Checking {id}: {title}"), "bold", id=files.exercise.id, title=title)
        context.printer.gap()
        if not ask_questions(context, course, files, again=again and not given) and again and not given:
            context.printer.say(
                N_("There is nothing to answer again: this task asks nothing, or every answer was right."), "dim"
            )
        with run_recorder() as recorder:
            report = record_attempt(context, course, files, recorder)
        solved = is_solved(report)
        print_grades(context, course, files, report)
        if not solved:
            context.printer.gap()
            context.printer.say(N_("A hint: {command}"), "dim", command=context.printer.command("hint"))
    raise typer.Exit(0 if solved else 1)


def require_allowed(context: ExerciseContext, course: CourseFolder, files: ExerciseFiles) -> None:
    """Refuse an exercise for another release, or whose code needs consent."""
    require_release(files)
    command = context.command("start", files, "--trust")
    if not course.is_own:
        raise ExerciseError(
            N_(
                "{folder} was not made here by you, or was moved since, and checking runs the code in "
                "it. Look at it, then say yes with: {command}"
            ),
            3,
            folder=course.folder,
            command=command,
        )
    require_consent(files, course.progress.exercises.get(files.exercise.id), command)


def ask_questions(context: ExerciseContext, course: CourseFolder, files: ExerciseFiles, *, again: bool = False) -> bool:
    """Ask what is not answered yet; each answer is remembered at once. False where there was nothing to ask."""
    entry = course.progress.exercises.get(files.exercise.id, ExerciseProgress())
    questions = open_questions(files.exercise, entry, again=again)
    if questions and not can_ask():
        answers = [word for one in questions for word in ("--answer", f"{one.id}=…")]
        check = command("exercise", "check", files.exercise.id)
        raise ExerciseError(
            N_("{id} asks a question first, which needs a terminal. Answer it with: {command}"),
            id=files.exercise.id,
            command=" ".join([check, *answers]),
        )
    for number, one in enumerate(questions, 1):
        context.printer.say(
            N_("Before anything runs: what do you expect? ({number} of {count})"),
            "bold",
            number=number,
            count=len(questions),
        )
        context.printer.question(one)
        answer = _answer(context, one)
        with course.updating_entry(files) as entry:
            entry.answers[one.id] = answer
        context.printer.gap()
    return bool(questions)


def record_attempt(
    context: ExerciseContext, course: CourseFolder, files: ExerciseFiles, recorder: RunRecorder
) -> GradeReport:
    """Record and grade, with a line of progress."""
    with Progress(messages(), context.lang) as progress:
        recorder.warm()
        return attempt(course, files, recorder, progress)


def print_grades(
    context: ExerciseContext, course: CourseFolder, files: ExerciseFiles, report: GradeReport
) -> ExerciseFiles | None:
    """Print how it went; if it is solved, return the next exercise."""
    context.printer.grades(files, report)
    if not is_solved(report):
        return None
    progress = course.progress
    following = next_unsolved(context.known(progress), progress, files.exercise.id)
    context.printer.solved(files, report, following, _titles(context, files))
    return following


def _answer(context: ExerciseContext, one: Prediction) -> str:
    console = messages()
    while True:
        answer = console.input(Text(tr(context.lang, N_("Number: ") if one.choices else N_("Answer: ")))).strip()
        if is_answer(one, answer):
            return answer
        context.printer.say(
            N_("Please type a number from 1 to {count}.")
            if one.choices
            else N_("Please type an answer; Ctrl-C leaves."),
            "yellow",
            count=len(one.choices),
        )


def _titles(context: ExerciseContext, files: ExerciseFiles) -> dict[str, str]:
    """Return the titles of the walkthroughs that explain an exercise."""
    if not files.exercise.read:
        return {}
    from tracer.walkthrough.library import course

    return {one.id: one.title.localized(context.lang) for one in course()}
