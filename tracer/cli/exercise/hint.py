"""``glm-trace exercise hint``: give a hint, each a little nearer to the solution than the one before."""

from __future__ import annotations

from typing import Annotated

import typer

from tracer.cli.exercise.context import Folders, Name, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.attempts import next_hint
from tracer.i18n import N_

HELP = """Show the next hint of an exercise; how many you have seen is remembered."""


def hint(
    name: Name = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, including those already seen.")] = False,
    exercises: Folders = None,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as context:
        course = context.course_folder()
        files = context.current(name, course)
        count = len(files.exercise.hints)
        number = next_hint(course, files)
        if everything:
            while number is not None and number < count:
                number = next_hint(course, files)
        for one in range(1 if everything else number or count, (number or count) + 1):
            context.printer.hint(files.exercise, one)
            context.printer.gap()
        if number is None or number == count:
            context.printer.say(
                N_("That was the last hint. One way to do it: {command}"),
                "dim",
                command=context.printer.command("solution", files.exercise.id),
            )
