"""The command ``glm-trace``."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from tracer.cli.screen import complain, write_what_fits
from tracer.trace.errors import TracerError

COMMANDS: Final = ("load", "demo", "run", "fixture", "show", "replay", "decisions", "why", "kwargs", "diff")
"""Each is the function of its name in the file of its name."""


class _Commands(TyperGroup):
    """Imports a command when it is called: who looks at a trace does not wait for what a load needs."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tracer.cli.{cmd_name}")
        alone = typer.Typer(add_completion=False)
        settings = getattr(module, "CONTEXT", None)
        alone.command(name=cmd_name, help=module.HELP, context_settings=settings)(getattr(module, cmd_name))
        return typer.main.get_command(alone)


app = typer.Typer(
    name="glm-trace",
    cls=_Commands,
    help="Record how a Hugging Face model really loads, and look at every step of the way.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name in COMMANDS:
    app.command(name=_name)(lambda: None)  # the names, in their order; what they do comes from get_command


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
