"""``glm-trace replay``: play a trace in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tracer.cli.options import Speak
from tracer.export.phrases import language
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace

HELP = """Play FILE: step through the load forwards and backwards, with the code that ran and every variable.

Press ? in the player for its keys. A load that failed opens where it failed.
"""


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace that glm-trace wrote.", show_default=False)],
    step: Annotated[int | None, typer.Option("--step", help="Begin at this step.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Play in a browser on this machine alone.")] = False,
    lang: Speak = None,
) -> None:
    speak = language(lang.value if lang is not None else None)
    with open_trace(file) as trace:
        if step is not None and not 0 <= step < len(trace):
            raise TracerError(f"{file} has {len(trace)} steps, numbered from 0; there is no step {step}.")
        if serve:
            from tracer.tui.serving import serve as serve_player

            serve_player(file, step, speak)
            return
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise TracerError(
                f"The player needs a terminal. Print the trace instead with: glm-trace show {file} --steps"
            )
        from tracer.tui.player import Player

        Player(trace, speak, step).run()
