"""``glm-trace exercise watch``: an exercise is checked whenever one of its files is saved."""

from __future__ import annotations

import sys
import time

import typer

from tracer.cli.exercise.check import ask_questions, print_grades, record_attempt, require_allowed
from tracer.cli.exercise.context import ExerciseContext, Folders, Name, confirm, exercise_context
from tracer.cli.exercise.start import begin
from tracer.cli.options import Speak
from tracer.exercise.attempts import is_solved, next_hint
from tracer.exercise.course_folder import CourseFolder
from tracer.exercise.errors import ExerciseError
from tracer.exercise.file_watcher import take_state, wait_for_save
from tracer.exercise.library import ExerciseFiles
from tracer.exercise.runs import RunRecorder, run_recorder
from tracer.i18n import N_, tr
from tracer.views.exercise.task_sheet import SHEETS

HELP = """Check an exercise at once, and again whenever you save one of its files.

After an attempt that fails, the next hint is shown. Ctrl-C leaves at any time; nothing is lost.
"""


def watch(name: Name = None, exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        following: ExerciseFiles | None = at.current(name, workshop)
        if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
            raise ExerciseError(
                N_("Watching needs a terminal. Check once instead with: {command}"),
                command=at.printer.command("check", *([name] if name else [])),
            )
        with run_recorder() as recording:
            while following is not None:
                following = _until_solved(at, workshop, following, recording)
                if following is None or not confirm(tr(at.lang, "Go on with it? [Y/n] "), default=True):
                    break
                at.printer.console.clear()
                begin(at, workshop, following, trust=False)
                at.printer.gap()
    raise typer.Exit(0)


def _until_solved(
    at: ExerciseContext, workshop: CourseFolder, kept: ExerciseFiles, bench: RunRecorder
) -> ExerciseFiles | None:
    """Check after every save until it is solved; returns the exercise that is next."""
    teacher, folder = at.printer, workshop.folder_of(kept)
    require_allowed(at, workshop, kept)
    ask_questions(at, workshop, kept)
    hint, first = 0, True
    while True:
        seen = take_state(folder, SHEETS)
        require_allowed(at, workshop, kept)  # a task of others can change between two checks
        judgement = record_attempt(at, workshop, kept, bench)
        if not first:
            teacher.console.clear()
        title = kept.exercise.title.localized(at.lang).strip()
        teacher.say(N_("Checking {id}: {title}"), "bold", id=kept.exercise.id, title=title)
        teacher.gap()
        following = print_grades(at, workshop, kept, judgement)
        if is_solved(judgement):
            return following
        hint = hint if first else next_hint(workshop, kept) or hint
        if hint:
            teacher.gap()
            teacher.hint(kept.exercise, hint)
        teacher.gap()
        teacher.say(
            N_("{time} · Save a file, and it is checked again. Ctrl-C leaves."), "dim", time=time.strftime("%H:%M:%S")
        )
        first = False
        wait_for_save(folder, seen, SHEETS)
