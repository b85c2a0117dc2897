"""``glm-trace fixture``: write a bundled model directory to a folder where it can be read and changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracer.bundled import bundled, fixture_names, write_fixture

HELP = """Write the bundled model directory NAME to DIR.

glm-4v-9b is the full geometry of GLM-4V-9B with code and tokenizer and without weights: load it with
--weights fake to follow all of its parameters on any machine. Without a NAME, the names are listed.
"""


def fixture(
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", show_default=False)] = None,
) -> None:
    folder = bundled("fixtures")
    if name is None:
        for known in fixture_names(folder):
            typer.echo(known)
        return
    written = write_fixture(folder, name, directory or Path(name.rpartition("/")[2]))
    typer.echo(f"{written}")
