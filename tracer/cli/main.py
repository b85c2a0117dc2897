"""The command ``glm-trace``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

import typer

from tracer.cli.console import complain, ends_with, prepare_streams
from tracer.cli.groups import asked_language, lazy_group
from tracer.i18n import reason_of, tr
from tracer.trace.errors import TracerError

COMMANDS: Final = (
    "load", "demo", "run", "fixture", "show", "replay", "walkthrough", "exercise", "decisions", "why", "kwargs", "diff",
    "across", "check", "seal",
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
    """Run the command line; an expected error becomes a sentence and an exit code."""
    prepare_streams()
    try:
        code = _exit_code(app)
        code = _exit_code(sys.stdout.flush) or code
    finally:
        ends_with(0)
    sys.exit(code)


def _exit_code(work: Callable[[], object]) -> int | str | None:
    """Run the command and return its exit code."""
    try:
        work()
    except SystemExit as ended:
        return ended.code
    except TracerError as error:
        complain(error.localized(asked_language()))
        return error.exit_code
    except OSError as error:
        if error.filename is None:
            if _has_working_folder():
                raise
            complain(tr(asked_language(), "The folder that you are in no longer exists. Change to another one first."))
            return TracerError.exit_code
        complain(
            tr(
                asked_language(),
                "{path} can't be read or written: {message}.",
                path=os.fsdecode(error.filename),
                message=reason_of(error),
            )
        )
        return TracerError.exit_code
    return 0


def _has_working_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
