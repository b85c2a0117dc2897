"""The command ``glm-trace``."""

from __future__ import annotations

import sys

import typer

from tracer.cli import decisions, demo, diff, fixture, kwargs, load, replay, run, show, why
from tracer.cli.screen import complain, write_what_fits
from tracer.trace.errors import TracerError

app = typer.Typer(
    name="glm-trace",
    help="Record how a Hugging Face model really loads, and look at every step of the way.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="load", help=load.HELP)(load.load)
app.command(name="demo", help=demo.HELP)(demo.demo)
app.command(name="run", help=run.HELP, context_settings=run.CONTEXT)(run.run)
app.command(name="fixture", help=fixture.HELP)(fixture.fixture)
app.command(name="show", help=show.HELP)(show.show)
app.command(name="replay", help=replay.HELP)(replay.replay)
app.command(name="decisions", help=decisions.HELP)(decisions.decisions)
app.command(name="why", help=why.HELP)(why.why)
app.command(name="kwargs", help=kwargs.HELP)(kwargs.kwargs)
app.command(name="diff", help=diff.HELP)(diff.diff)


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
