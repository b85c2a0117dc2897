"""The command ``glm-trace``."""

from __future__ import annotations

import sys
from typing import Final

import typer

from tracer.cli.lazy import lazy_group
from tracer.cli.screen import complain, write_what_fits
from tracer.trace.errors import TracerError

COMMANDS: Final = (
    "load", "demo", "run", "fixture", "show", "replay", "walkthrough", "exercise", "decisions", "why", "kwargs", "diff",
)  # fmt: skip


app = lazy_group(
    "tracer.cli",
    COMMANDS,
    name="glm-trace",
    help="Record how a Hugging Face model really loads, and look at every step of the way.",
    add_completion=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"glm-trace {version('glm-trace')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the release."),
) -> None:
    pass


def main() -> None:
    """Run the command line; an error on purpose is one sentence and an exit code."""
    write_what_fits()
    try:
        app()
    except TracerError as error:
        complain(str(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
