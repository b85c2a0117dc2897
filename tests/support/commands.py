"""Calling the command line in this process, as a person or a program calls it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from rich.cells import cell_len

from tracer.cli.main import main

PROGRAM: Final = Path(sys.executable).with_name("glm-trace")


class Result(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """What was printed, in one line whatever the width of the screen."""
        return " ".join(self.out.split())

    @property
    def sentence(self) -> str:
        """What was printed to standard error, likewise."""
        return " ".join(self.err.split())


Command = Callable[..., Result]


def is_plain(text: str) -> bool:
    """Return whether a screen of 80 columns shows every line whole, without colour or cursor movement."""
    return "\x1b" not in text and all(cell_len(line) <= 80 for line in text.splitlines())


def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *before: str) -> Command:
    """Return a function that calls ``glm-trace``, with ``before`` and its own arguments; no call may print a traceback."""

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["glm-trace", *before, *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, printed.out, printed.err)

    return call
