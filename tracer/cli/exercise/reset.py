"""``glm-trace exercise reset``: begin an exercise anew."""

from __future__ import annotations

from tracer.cli.exercise.context import Folders, Name, Yes, can_ask, confirm, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.consent import require_consent
from tracer.exercise.errors import ExerciseError
from tracer.i18n import N_, tr
from tracer.views.exercise.task_sheet import task_sheets

HELP = """Begin an exercise anew. Your folder is not deleted; it is moved aside, as NAME.before-1."""


def reset(name: Name = None, yes: Yes = False, exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        kept = at.current(name, workshop)
        require_consent(kept, workshop.progress.exercises.get(kept.exercise.id), at.command("start", kept, "--trust"))
        folder, aside = (at.printer.path(path) for path in (workshop.folder_of(kept), workshop.backup_path(kept)))
        if not yes and not can_ask():
            raise ExerciseError(N_("This asks first, and there is no terminal to answer in. Say yes with --yes."))
        values = {"id": kept.exercise.id, "folder": folder, "aside": aside}
        if not yes and not confirm(
            tr(at.lang, "{id} begins anew; what is in {folder} now is moved to {aside}. Go on? [y/N] ", **values)
        ):
            at.printer.say(N_("Nothing was changed."))
            return
        moved = workshop.reset(kept, task_sheets(kept.exercise))
        at.printer.say(N_("Your files are in {folder}"), folder=folder)
        at.printer.say(N_("Your old files are in {folder}"), folder=at.printer.path(moved))
