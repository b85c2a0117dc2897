"""``glm-trace replay``: play a trace in the terminal, or in a browser on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tracer.cli.options import Speak
from tracer.cli.screen import messages, needs_terminal
from tracer.export.phrases import Lang, language
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace

HELP = """Play FILE: step through the load forwards and backwards, with the code that ran and every variable.

Press ? in the player for its keys. A load that failed opens where it failed.
"""


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that glm-trace wrote.", show_default=False)],
    step: Annotated[int | None, typer.Option("--step", metavar="N", help="Begin at this step.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Play in a browser, on this machine alone.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", min=0, max=65535, help="For --serve. [default: 8765]")
    ] = None,
    lang: Speak = None,
) -> None:
    speak = language(lang.value if lang is not None else None)
    if port is not None and not serve:
        raise TracerError("--port is the port of --serve. Give both, or neither.")
    with open_trace(file) as trace:
        if step is not None and not 0 <= step < len(trace):
            raise TracerError(f"{file} has {len(trace)} steps, numbered from 0; there is no step {step}.")
        if serve:
            _serve(file, step, speak, port)
            return
        if not _in_browser():
            needs_terminal("The player", f"Print the trace instead with: glm-trace show {file} --steps")
        with _needs("textual"):
            from tracer.tui.player import Player

        player = Player(trace, speak, step)
        player.run()
    raise typer.Exit(player.return_code or 0)


def _serve(file: Path, step: int | None, lang: Lang, port: int | None) -> None:
    from tracer.tui.command_words import word

    with _needs("textual-serve"):
        from tracer.tui.serving import PORT, serve

    def ready(url: str) -> None:
        messages().print(Text(word(lang, "served", url=url)))

    serve(file, step, lang, PORT if port is None else port, ready)


@contextmanager
def _needs(package: str) -> Iterator[None]:
    """A machine that only prints traces may lack it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TracerError(f"This needs {package}, which is not installed. Try: pip install {package}") from error


def _in_browser() -> bool:
    """Whether --serve has started this process: it talks to a browser, and needs no terminal."""
    return os.environ.get("TEXTUAL_DRIVER") == "textual.drivers.web_driver:WebDriver"
