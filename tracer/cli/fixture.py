"""``glm-trace fixture``: write a bundled model directory to a folder where it can be read and changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.bundled import bundled, fixture_names, write_fixture
from tracer.cli.completion import complete_fixture
from tracer.i18n import N_

HELP = """Write the bundled model directory NAME to DIR.

glm-4v-9b is the full geometry of GLM-4V-9B with code and tokenizer and without weights: load it with
--weights fake to follow all of its parameters on any machine. Without a NAME, the names are listed.
"""
EXAMPLES = (
    ("fixture", N_("the names")),
    ("fixture glm-4v-tiny", N_("into a folder of that name")),
    ("fixture glm-4v-9b big", N_("into another folder")),
)


def fixture(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A fixture. Without it, the names are listed.",
            show_default=False,
            autocompletion=complete_fixture,
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="The folder to write into. [default: NAME here]",
            show_default=False,
        ),
    ] = None,
) -> None:
    folder = bundled("fixtures")
    if name is None:
        for known in fixture_names(folder):
            typer.echo(known)
        return
    written = write_fixture(folder, name, directory or Path(name.rpartition("/")[2]))
    typer.echo(f"{written}")
