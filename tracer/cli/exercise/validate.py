"""``glm-trace exercise validate``: check whether exercises are sound."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.status import Status
from rich.text import Text

from tracer.cli.completion import complete_exercise
from tracer.cli.console import messages, print_document
from tracer.cli.exercise.context import Folders, Trust, ask_consent, exercise_context
from tracer.cli.options import Speak
from tracer.exercise.collection import find_exercise
from tracer.exercise.runs import run_recorder
from tracer.exercise.validator import ValidationResult
from tracer.exercise.validator import validate as validated
from tracer.export.json_documents import validation_document
from tracer.i18n import tr
from tracer.text.visible import visible
from tracer.views.exercise.tables import validation_report
from tracer.walkthrough.library import library

HELP = """Check that exercises hold what they promise, with the installed transformers: for those who write them.

The untouched start fails, the solution passes, and each of at least three wrong attempts fails first for its own
reason. Without NAME, all of the folder are looked at, or of the course. Exit code 1: something does not hold.
"""


def validate(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Exercises, by name or number.",
            autocompletion=complete_exercise,
        ),
    ] = None,
    exercises: Folders = None,
    trust: Trust = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    lang: Speak = None,
) -> None:
    with exercise_context(lang, exercises) as context:
        known = context.known()
        wanted = [find_exercise(name, known) for name in names or ()]
        if not names:
            wanted = [files for files in known.values() if files.bundled == (not exercises)]
        for files in wanted:
            ask_consent(files, None, trust, context.lang, context.command("validate", files, "--trust"))
        readable = library()
        found: list[ValidationResult] = []
        console = messages()
        with run_recorder() as recorder:
            for files in wanted:
                with Status("", console=console, spinner="dots") as status:

                    def show(layer: str, id_: str = files.exercise.id, status: Status = status) -> None:
                        values = {"id": visible(id_), "layer": visible(layer)}
                        status.update(Text(tr(context.lang, "{id}: {layer}", **values)))

                    found.append(validated(files, recorder, readable, show))
                if not json:
                    context.printer.console.print(validation_report(found[-1], files, context.lang), crop=False)
        code = int(any(result.problems for result in found))
        if json:
            print_document(validation_document(found), code)
    raise typer.Exit(code)
