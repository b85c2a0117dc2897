"""Calling the command line in this process, as a person or a program calls it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tracer.cli.main import main


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
