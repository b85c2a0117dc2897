"""``glm-trace exercise progress``: show how far the learner has come."""

from __future__ import annotations

from tracer.cli.exercise.context import Folders, exercise_context
from tracer.cli.options import Speak
from tracer.i18n import N_
from tracer.views.exercise.tables import progress_table

HELP = """Show which exercises you have solved and started, how many hints you took, and when."""


def progress(exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder()
        remembered = course.progress
        known = context.known(remembered)
        context.printer.console.print(progress_table(known, remembered, context.lang))
        solved = sum(bool(remembered.exercises[name].solved) for name in known if name in remembered.exercises)
        context.printer.gap()
        context.printer.say(N_("{solved} of {count} solved"), "bold", solved=solved, count=len(known))
