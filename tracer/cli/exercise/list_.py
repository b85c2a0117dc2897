"""``glm-trace exercise list``: which exercises there are."""

from __future__ import annotations

from tracer.cli.exercise.options import Folders
from tracer.cli.exercise.session import session
from tracer.cli.options import Speak
from tracer.exercise.progress import Progress
from tracer.exercise.workshop import find_workshop
from tracer.i18n import N_
from tracer.views.exercise.tables import print_list

HELP = """List the exercises in the order of the course, and how far you are with each."""


def list_(exercises: Folders = None, lang: Speak = None) -> None:
    with session(lang, exercises) as at:
        workshop = find_workshop(at.here)
        progress = workshop.progress if workshop is not None else Progress()
        print_list(at.known(progress), progress, at.teacher.console, at.lang)
        if workshop is None:
            at.teacher.gap()
            at.teacher.say(N_("Begin with: {command}"), command=at.teacher.command("start"))
