"""The command ``glm-trace``."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

import typer

from tracer.cli.console import complain, ends_with, prepare_streams
from tracer.cli.groups import asked_language, lazy_group
from tracer.i18n import N_, NC_, reason_of, tr
from tracer.trace.errors import TracerError

app = lazy_group(
    "tracer.cli",
    {
        NC_("help", "Record a load"): ("load", "demo", "run", "across", "fixture", "seal"),
        NC_("help", "Look at it"): ("show", "replay", "decisions", "kwargs", "why", "diff", "check"),
        NC_("help", "Learn from it"): ("walkthrough", "exercise"),
    },
    name="glm-trace",
    help="Record how a Hugging Face model really loads, and look at every step of the way.",
    add_completion=True,
    no_args_is_help=False,
    invoke_without_command=True,
    examples=(
        ("demo", N_("the bundled tiny GLM-4V, in a few seconds")),
        ("load path/to/model", N_("a model of your own")),
        ("replay", N_("play the newest trace in this folder")),
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"glm-trace {version('glm-trace')}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the release."),
) -> None:
    if ctx.invoked_subcommand is None:
        from tracer.cli.start import print_start

        print_start(asked_language())


def main() -> None:
    """Run the command line; an expected error becomes a sentence and an exit code."""
    gc.set_threshold(20_000, 20, 50)  # trees of sources are many objects, and none of them garbage
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
