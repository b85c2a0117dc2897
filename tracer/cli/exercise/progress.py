"""``glm-trace exercise progress``: how far one has come."""

from __future__ import annotations

from tracer.cli.exercise.options import Folders
from tracer.cli.exercise.session import session
from tracer.cli.options import Speak
from tracer.i18n import N_
from tracer.views.exercise.tables import print_progress

HELP = """Show which exercises you have solved and started, how many hints you took, and when."""


def progress(exercises: Folders = None, lang: Speak = None) -> None:
    with session(lang, exercises) as at:
        workshop = at.workshop()
        remembered = workshop.progress
        known = at.known(remembered)
        print_progress(known, remembered, at.teacher.console, at.lang)
        solved = sum(bool(remembered.exercises[name].solved) for name in known if name in remembered.exercises)
        at.teacher.gap()
        at.teacher.say(N_("{solved} of {count} solved"), "bold", solved=solved, count=len(known))
