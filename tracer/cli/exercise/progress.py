"""``glm-trace exercise progress``: how far one has come."""

from __future__ import annotations

from tracer.cli.exercise.context import Folders, exercise_context
from tracer.cli.options import Speak
from tracer.i18n import N_
from tracer.views.exercise.tables import print_progress

HELP = """Show which exercises you have solved and started, how many hints you took, and when."""


def progress(exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        remembered = workshop.progress
        known = at.known(remembered)
        print_progress(known, remembered, at.printer.console, at.lang)
        solved = sum(bool(remembered.exercises[name].solved) for name in known if name in remembered.exercises)
        at.printer.gap()
        at.printer.say(N_("{solved} of {count} solved"), "bold", solved=solved, count=len(known))
