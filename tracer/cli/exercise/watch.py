"""``glm-trace exercise watch``: check an exercise whenever one of its files is saved."""

from __future__ import annotations

import sys
import time

import typer

from tracer.cli.exercise.check import ask_questions, print_grades, record_attempt, require_allowed
from tracer.cli.exercise.context import ExerciseContext, Folders, Name, confirm, exercise_context
from tracer.cli.exercise.start import begin
from tracer.cli.options import Speak
from tracer.exercise.attempts import is_solved, next_hint
from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.course_folder import CourseFolder
from tracer.exercise.errors import ExerciseError
from tracer.exercise.file_watcher import take_state, wait_for_save
from tracer.exercise.runs import RunRecorder, run_recorder
from tracer.i18n import N_, tr
from tracer.views.exercise.task_sheet import SHEETS

HELP = """Check an exercise at once, and again whenever you save one of its files.

After an attempt that fails, the next hint is shown. Ctrl-C leaves at any time; nothing is lost.
"""


def watch(name: Name = None, exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder()
        following: ExerciseFiles | None = context.current(name, course)
        if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
            raise ExerciseError(
                N_("Watching needs a terminal. Check once instead with: {command}"),
                command=context.printer.command("check", *([name] if name else [])),
            )
        with run_recorder() as recorder:
            while following is not None:
                following = _until_solved(context, course, following, recorder)
                if following is None or not confirm(tr(context.lang, "Go on with it? [Y/n] "), default=True):
                    break
                context.printer.console.clear()
                begin(context, course, following, trust=False)
                context.printer.gap()
    raise typer.Exit(0)


def _until_solved(
    context: ExerciseContext, course: CourseFolder, files: ExerciseFiles, recorder: RunRecorder
) -> ExerciseFiles | None:
    """Check after every save until it is solved; returns the exercise that is next."""
    printer, folder = context.printer, course.folder_of(files)
    require_allowed(context, course, files)
    ask_questions(context, course, files)
    hint, first = 0, True
    while True:
        seen = take_state(folder, SHEETS)
        require_allowed(context, course, files)  # a task of others can change between two checks
        report = record_attempt(context, course, files, recorder)
        if not first:
            printer.console.clear()
        title = files.exercise.title.localized(context.lang).strip()
        printer.say(N_("Checking {id}: {title}"), "bold", id=files.exercise.id, title=title)
        printer.gap()
        following = print_grades(context, course, files, report)
        if is_solved(report):
            return following
        hint = hint if first else next_hint(course, files) or hint
        if hint:
            printer.gap()
            printer.hint(files.exercise, hint)
        printer.gap()
        printer.say(
            N_("{time} · Save a file, and it is checked again. Ctrl-C leaves."), "dim", time=time.strftime("%H:%M:%S")
        )
        first = False
        wait_for_save(folder, seen, SHEETS)
