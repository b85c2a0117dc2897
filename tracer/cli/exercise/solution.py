"""``glm-trace exercise solution``: write one solution to a folder beside the exercise."""

from __future__ import annotations

from tracer.cli.exercise.context import Folders, Name, Yes, can_ask, confirm, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.errors import ExerciseError
from tracer.exercise.trust import require_consent
from tracer.exercise.working_folder import changed_by
from tracer.i18n import N_, tr
from tracer.text.shell import shell_line

HELP = """Write a solution into a folder beside yours, NAME.solution. Your own files stay as they are."""


def solution(name: Name = None, yes: Yes = False, exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder()
        files = context.current(name, course)
        id_, printer = files.exercise.id, context.printer
        entry = course.progress.exercises.get(id_)
        require_consent(files, entry, context.command("start", files, "--trust"))
        yes = yes or (entry is not None and bool(entry.solved))  # then there is nothing left to spoil
        if not yes and not can_ask():
            raise ExerciseError(N_("This asks for confirmation, which needs a terminal. Confirm with --yes."))
        if not yes and not confirm(
            tr(
                context.lang,
                "Once you have seen the solution of {id}, there is nothing left to find out. Look at it now? [y/N] ",
                id=id_,
            )
        ):
            printer.say(
                N_("All right. Here is how to get a hint instead: {command}"), command=printer.command("hint", id_)
            )
            return
        place, written = course.write_solution(files)
        printer.say(
            N_("One way to do it is in {folder}. Your own files are as they were.")
            if written
            else N_("It is in {folder} already; nothing was written."),
            folder=printer.path(place),
        )
        changed = changed_by(files, "solution")
        if changed:
            printer.gap()
            printer.say(N_("It differs from the start in:"))
            for path in changed:
                printer.line(path)
            printer.gap()
            both = [printer.path(course.folder_of(files)), printer.path(place)]
            excluded = ["-x", "TASK*", "-x", ".glm-trace"]
            printer.say(N_("Compare it with yours:"))
            printer.line(shell_line("diff", "-ru", *excluded, *both))
        if files.exercise.solution:
            printer.gap()
            printer.say(N_("Its answers:"))
            for one in files.exercise.predictions:
                printer.answer(one, files.exercise.solution.get(one.id, ""))
