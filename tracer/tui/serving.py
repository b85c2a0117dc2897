"""The player in a browser: textual-serve on the loopback address, for this machine alone."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

from textual_serve.server import Server

from tracer.export.phrases import Lang

HOST: Final = "127.0.0.1"
PORT: Final = 8765


def command(file: Path, step: int | None, lang: Lang) -> str:
    """The command that textual-serve runs for each browser."""
    words = [sys.executable, "-m", "tracer.cli.main", "replay", str(file.absolute()), "--lang", lang]
    return shlex.join([*words, *(["--step", str(step)] if step is not None else [])])


def serve(file: Path, step: int | None, lang: Lang, port: int = PORT) -> None:
    """Serve until Ctrl-C."""
    Server(command(file, step, lang), host=HOST, port=port, title=f"glm-trace · {file.name}").serve()
