"""``glm-trace exercise hint``: a hint, each a little nearer than the one before."""

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
    everything: Annotated[bool, typer.Option("--all", help="All of them, those seen before too.")] = False,
    exercises: Folders = None,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as at:
        workshop = at.course_folder()
        kept = at.current(name, workshop)
        count = len(kept.exercise.hints)
        number = next_hint(workshop, kept)
        if everything:
            while number is not None and number < count:
                number = next_hint(workshop, kept)
        for one in range(1 if everything else number or count, (number or count) + 1):
            at.printer.hint(kept.exercise, one)
            at.printer.gap()
        if number is None or number == count:
            at.printer.say(
                N_("That was the last hint. One way to do it: {command}"),
                "dim",
                command=at.printer.command("solution", kept.exercise.id),
            )
