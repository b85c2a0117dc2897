"""``glm-trace exercise list``: list the exercises that there are."""

from __future__ import annotations

from tracer.cli.exercise.context import Folders, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.course_folder import find_course_folder
from tracer.exercise.progress import CourseProgress
from tracer.i18n import N_
from tracer.views.exercise.tables import exercise_list

HELP = """List the exercises in the order of the course, and how far you are with each."""


def list_(exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as context:
        course = find_course_folder(context.here)
        progress = course.progress if course is not None else CourseProgress()
        context.printer.console.print(exercise_list(context.known(progress), progress, context.lang))
        if course is None:
            context.printer.gap()
            context.printer.say(N_("Start with: {command}"), command=context.printer.command("start"))
