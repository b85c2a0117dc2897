"""``glm-trace exercise start``: write an exercise's files to a folder of the learner's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.cli.completion import complete_exercise
from tracer.cli.exercise.context import (
    ExerciseContext,
    Folders,
    Trust,
    ask_consent,
    ask_course_consent,
    exercise_context,
)
from tracer.cli.options import Speak
from tracer.exercise.collection import ExerciseFiles, find_exercise, require_release
from tracer.exercise.course_folder import CourseFolder, next_unsolved
from tracer.i18n import N_
from tracer.views.exercise.task_sheet import task_sheets

HELP = """Put the files of an exercise, and its task, into DIR/NAME.

Without NAME, the next one that is not solved. Without DIR, the course folder that you are in, else
glm-trace-exercises in this folder. Files that are there are never overwritten.
"""


def start(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="An exercise, by name or number. [default: the next]",
            show_default=False,
            autocompletion=complete_exercise,
        ),
    ] = None,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The course folder.", show_default=False)
    ] = None,
    exercises: Folders = None,
    trust: Trust = False,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder_or_new(directory)
        progress = course.progress
        known = context.known(progress)
        files = find_exercise(name, known) if name is not None else next_unsolved(known, progress)
        if files is None:
            context.printer.say(
                N_("There is no exercise.")
                if not known
                else N_("Every exercise here is solved. To do one again: glm-trace exercise reset NAME")
            )
            return
        begin(context, course, files, trust)


def begin(context: ExerciseContext, course: CourseFolder, files: ExerciseFiles, trust: bool) -> None:
    """Start one exercise and print its task."""
    require_release(files)
    ask_course_consent(context, course, files, trust)
    entry = course.progress.exercises.get(files.exercise.id)
    consent = ask_consent(files, entry, trust, context.lang, context.command("start", files, "--trust"))
    if consent is not None:
        course.record_consent(files, consent)
    made = course.start(files, task_sheets(files.exercise))
    place = context.printer.path(course.folder_of(files))
    context.printer.task(files.exercise)
    context.printer.gap()
    if made:
        context.printer.say(N_("Your files are in {folder}"), folder=place)
    else:
        context.printer.say(
            N_("{id} was started before; your files in {folder} are as you left them."),
            id=files.exercise.id,
            folder=place,
        )
        context.printer.say(
            N_("To start it over: {command}"), command=context.printer.command("reset", files.exercise.id)
        )
    context.printer.say(N_("Go there, edit, and let it be checked whenever you save:"))
    context.printer.line(f"cd {place}")
    context.printer.line(context.printer.command("watch"))
