"""``glm-trace exercise start``: an exercise's files, in a folder of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.cli.exercise.context import (
    ExerciseContext,
    Folders,
    Trust,
    ask_consent,
    ask_course_consent,
    exercise_context,
)
from tracer.cli.options import Speak
from tracer.exercise.course_folder import CourseFolder, next_unsolved
from tracer.exercise.library import ExerciseFiles, find_exercise, require_release
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
            metavar="[NAME]", help="An exercise, by name or number. [default: the next]", show_default=False
        ),
    ] = None,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The course folder.", show_default=False)
    ] = None,
    exercises: Folders = None,
    trust: Trust = False,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder_or_new(directory)
        progress = workshop.progress
        known = at.known(progress)
        kept = find_exercise(name, known) if name is not None else next_unsolved(known, progress)
        if kept is None:
            at.printer.say(
                N_("There is no exercise.")
                if not known
                else N_("Every exercise here is solved. To do one again: glm-trace exercise reset NAME")
            )
            return
        begin(at, workshop, kept, trust)


def begin(at: ExerciseContext, workshop: CourseFolder, kept: ExerciseFiles, trust: bool) -> None:
    """Start one exercise and tell its task."""
    require_release(kept)
    ask_course_consent(at, workshop, kept, trust)
    entry = workshop.progress.exercises.get(kept.exercise.id)
    consent = ask_consent(kept, entry, trust, at.lang, at.command("start", kept, "--trust"))
    if consent is not None:
        workshop.record_consent(kept, consent)
    made = workshop.start(kept, task_sheets(kept.exercise))
    place = at.printer.path(workshop.folder_of(kept))
    at.printer.task(kept.exercise)
    at.printer.gap()
    if made:
        at.printer.say(N_("Your files are in {folder}"), folder=place)
    else:
        at.printer.say(
            N_("{id} was started before; your files in {folder} are as you left them."),
            id=kept.exercise.id,
            folder=place,
        )
        at.printer.say(N_("To begin it anew: {command}"), command=at.printer.command("reset", kept.exercise.id))
    at.printer.say(N_("Go there, edit, and let it be checked whenever you save:"))
    at.printer.line(f"cd {place}")
    at.printer.line(at.printer.command("watch"))
