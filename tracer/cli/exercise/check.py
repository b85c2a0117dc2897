"""``glm-trace exercise check``: whether an exercise is solved."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from tracer.cli.console import messages
from tracer.cli.exercise.context import Answers, ExerciseContext, Folders, Name, can_ask, exercise_context
from tracer.cli.options import Speak
from tracer.cli.recording import Progress
from tracer.exercise.attempts import attempt, given_answers, is_answer, is_solved, open_questions
from tracer.exercise.consent import require_consent
from tracer.exercise.course_folder import CourseFolder, next_unsolved
from tracer.exercise.errors import ExerciseError
from tracer.exercise.format import Prediction
from tracer.exercise.grader import GradeReport
from tracer.exercise.library import ExerciseFiles, require_release
from tracer.exercise.progress import ExerciseProgress
from tracer.exercise.runs import RunRecorder, run_recorder
from tracer.i18n import N_, tr
from tracer.views.shell_commands import command

HELP = """Record what is in your folder of an exercise, and tell what holds and what does not yet.

A task may ask what you expect before anything runs. Your files are copied, and only the copy runs.
Exit codes: 0 solved, 1 not yet, 2 it can't be checked so, 3 nobody agreed to run its code, 130 left with Ctrl-C.
"""


def check(
    name: Name = None,
    again: Annotated[bool, typer.Option("--again", help="Answer again what was not right.")] = False,
    answer: Answers = None,
    exercises: Folders = None,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        kept = at.current(name, workshop)
        require_allowed(at, workshop, kept)
        given = given_answers(kept.exercise, answer or [])
        if given:
            with workshop.updating_entry(kept) as entry:
                entry.answers.update(given)
        title = kept.exercise.title.localized(at.lang).strip()
        at.printer.say(N_("Checking {id}: {title}"), "bold", id=kept.exercise.id, title=title)
        at.printer.gap()
        if not ask_questions(at, workshop, kept, again=again and not given) and again and not given:
            at.printer.say(
                N_("There is nothing to answer again: this task asks nothing, or every answer was right."), "dim"
            )
        with run_recorder() as recording:
            judgement = record_attempt(at, workshop, kept, recording)
        solved = is_solved(judgement)
        print_grades(at, workshop, kept, judgement)
        if not solved:
            at.printer.gap()
            at.printer.say(N_("A hint: {command}"), "dim", command=at.printer.command("hint"))
    raise typer.Exit(0 if solved else 1)


def require_allowed(at: ExerciseContext, workshop: CourseFolder, kept: ExerciseFiles) -> None:
    """Stop here where an exercise is for another release, or nobody agreed to its code."""
    require_release(kept)
    command = at.command("start", kept, "--trust")
    if not workshop.is_own:
        raise ExerciseError(
            N_(
                "{folder} was not made here by you, or was moved since, and checking runs the code in "
                "it. Look at it, then say yes with: {command}"
            ),
            3,
            folder=workshop.folder,
            command=command,
        )
    require_consent(kept, workshop.progress.exercises.get(kept.exercise.id), command)


def ask_questions(at: ExerciseContext, workshop: CourseFolder, kept: ExerciseFiles, *, again: bool = False) -> bool:
    """Ask what is not answered yet; each answer is remembered at once. False where there was nothing to ask."""
    entry = workshop.progress.exercises.get(kept.exercise.id, ExerciseProgress())
    questions = open_questions(kept.exercise, entry, again=again)
    if questions and not can_ask():
        answers = [word for one in questions for word in ("--answer", f"{one.id}=…")]
        check = command("exercise", "check", kept.exercise.id)
        raise ExerciseError(
            N_("{id} asks a question first, and this is no terminal to answer it in. Answer it with: {command}"),
            id=kept.exercise.id,
            command=" ".join([check, *answers]),
        )
    for number, one in enumerate(questions, 1):
        at.printer.say(
            N_("Before anything runs: what do you expect? ({number} of {count})"),
            "bold",
            number=number,
            count=len(questions),
        )
        at.printer.question(one)
        answer = _answer(at, one)
        with workshop.updating_entry(kept) as entry:
            entry.answers[one.id] = answer
        at.printer.gap()
    return bool(questions)


def record_attempt(at: ExerciseContext, workshop: CourseFolder, kept: ExerciseFiles, bench: RunRecorder) -> GradeReport:
    """Record and judge, with a line of progress."""
    with Progress(messages(), at.lang) as progress:
        bench.warm()
        return attempt(workshop, kept, bench, progress)


def print_grades(
    at: ExerciseContext, workshop: CourseFolder, kept: ExerciseFiles, judgement: GradeReport
) -> ExerciseFiles | None:
    """Tell how it went; where it is solved, returns the exercise that is next."""
    at.printer.grades(kept, judgement)
    if not is_solved(judgement):
        return None
    progress = workshop.progress
    following = next_unsolved(at.known(progress), progress, kept.exercise.id)
    at.printer.solved(kept, judgement, following, _titles(at, kept))
    return following


def _answer(at: ExerciseContext, one: Prediction) -> str:
    console = messages()
    while True:
        answer = console.input(Text(tr(at.lang, N_("Number: ") if one.choices else N_("Answer: ")))).strip()
        if is_answer(one, answer):
            return answer
        at.printer.say(
            N_("Please type a number from 1 to {count}.")
            if one.choices
            else N_("Please type an answer; Ctrl-C leaves."),
            "yellow",
            count=len(one.choices),
        )


def _titles(at: ExerciseContext, kept: ExerciseFiles) -> dict[str, str]:
    """The titles of the walkthroughs that explain an exercise."""
    if not kept.exercise.read:
        return {}
    from tracer.walkthrough.library import course

    return {one.id: one.title.localized(at.lang) for one in course()}
