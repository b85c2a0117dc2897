"""``glm-trace exercise solution``: one way to do it."""

from __future__ import annotations

import shlex

from tracer.cli.exercise.context import Folders, Name, Yes, can_ask, confirm, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.consent import require_consent
from tracer.exercise.errors import ExerciseError
from tracer.exercise.layers import changed_by
from tracer.i18n import N_, tr

HELP = """Write a solution into a folder beside yours, NAME.solution. Your own files stay as they are."""


def solution(name: Name = None, yes: Yes = False, exercises: Folders = None, lang: Speak = None) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        kept = at.current(name, workshop)
        id_, teacher = kept.exercise.id, at.printer
        entry = workshop.progress.exercises.get(id_)
        require_consent(kept, entry, at.command("start", kept, "--trust"))
        yes = yes or (entry is not None and bool(entry.solved))  # then there is nothing left to spoil
        if not yes and not can_ask():
            raise ExerciseError(N_("This asks first, and there is no terminal to answer in. Say yes with --yes."))
        if not yes and not confirm(
            tr(at.lang, "The solution of {id} takes the finding away from you. Look at it now? [y/N] ", id=id_)
        ):
            teacher.say(N_("Then not. A hint instead: {command}"), command=teacher.command("hint", id_))
            return
        place, written = workshop.write_solution(kept)
        teacher.say(
            N_("One way to do it is in {folder}. Your own files are as they were.")
            if written
            else N_("It is in {folder} already; nothing was written."),
            folder=teacher.path(place),
        )
        changed = changed_by(kept, "solution")
        if changed:
            teacher.gap()
            teacher.say(N_("It differs from the start in:"))
            for path in changed:
                teacher.line(path)
            teacher.gap()
            both = [teacher.path(workshop.folder_of(kept)), teacher.path(place)]
            excluded = ["-x", "TASK*", "-x", ".glm-trace"]
            teacher.say(N_("Compare it with yours:"))
            teacher.line(shlex.join(["diff", "-ru", *excluded, *both]))
        if kept.exercise.solution:
            teacher.gap()
            teacher.say(N_("Its answers:"))
            for one in kept.exercise.predictions:
                teacher.answer(one, kept.exercise.solution.get(one.id, ""))
