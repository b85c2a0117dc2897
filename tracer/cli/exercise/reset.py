"""``glm-trace exercise reset``: put an exercise back to its start."""

from __future__ import annotations

from tracer.cli.exercise.context import Folders, Name, Yes, can_ask, confirm, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.errors import ExerciseError
from tracer.exercise.trust import require_consent
from tracer.i18n import N_, tr
from tracer.views.exercise.task_sheet import task_sheets

HELP = """Start an exercise over. Your folder is not deleted; it is moved aside, as NAME.before-1."""


def reset(name: Name = None, yes: Yes = False, exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder()
        files = context.current(name, course)
        require_consent(
            files, course.progress.exercises.get(files.exercise.id), context.command("start", files, "--trust")
        )
        folder, aside = (context.printer.path(path) for path in (course.folder_of(files), course.backup_path(files)))
        if not yes and not can_ask():
            raise ExerciseError(N_("This asks for confirmation, which needs a terminal. Confirm with --yes."))
        values = {"id": files.exercise.id, "folder": folder, "aside": aside}
        if not yes and not confirm(
            tr(context.lang, "{id} starts over; what is in {folder} now is moved to {aside}. Go on? [y/N] ", **values)
        ):
            context.printer.say(N_("Nothing was changed."))
            return
        moved = course.reset(files, task_sheets(files.exercise))
        context.printer.say(N_("Your files are in {folder}"), folder=folder)
        context.printer.say(N_("Your old files are in {folder}"), folder=context.printer.path(moved))
