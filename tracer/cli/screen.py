"""The two consoles: results on standard output, everything else on standard error."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from tracer.trace.errors import TracerError
from tracer.trace.visible import visible


class _Results(Console):
    exit_code = 0

    def on_broken_pipe(self) -> None:
        reader_gone(self.exit_code)


def results(exit_code: int = 0) -> Console:
    """Standard output; ``exit_code`` is the command's, should the reader go away before the end."""
    console = _Results(highlight=False, soft_wrap=False)
    console.exit_code = exit_code
    return console


def reader_gone(exit_code: int = 0) -> NoReturn:
    """End quietly when whoever reads the output has seen enough (``glm-trace show … | head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(exit_code)


def write_what_fits() -> None:
    """Escape characters that the screen or file can't hold, instead of failing at them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def messages() -> Console:
    """Standard error; in a file or a pipe a message stays on one line, whole for whoever searches it."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def needs_terminal(what: str, otherwise: str) -> None:
    """Stop here where a full-screen program could neither be seen nor typed to.

    Raises:
        TracerError: one of the three streams is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise TracerError(f"{what} needs a terminal. {otherwise}")


def complain(sentence: str) -> None:
    """Print an error sentence."""
    messages().print(Text.assemble(("Error: ", "bold red"), visible(sentence)))


def note(sentence: str) -> None:
    """Print a remark."""
    messages().print(Text(visible(sentence), "yellow"))
