"""The two consoles: results on standard output, everything else on standard error."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Final, TextIO

import typer
from rich.console import Console, Group, RenderableType
from rich.text import Text

from tracer.cli.groups import asked_language
from tracer.i18n import N_, Sentence, reason_of, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.views.shell_commands import pasteable

_FITS: Final = "backslashreplace"
_exit_code = 0  # the exit code of the command if its output ends early


class OutputFailed(TracerError):
    """Standard output can't be written: for example, it is closed or the disk is full.

    Attributes:
        reason: what the system says of it.
    """

    def __init__(self, reason: str | Sentence, trace: Path | None = None) -> None:
        self.reason = reason
        message = N_("Standard output can't be written: {reason}.")
        if trace is not None:
            message = N_("Standard output can't be written: {reason}. The trace is written: {trace}")
        super().__init__(message, reason=reason, trace=trace)
        self.exit_code = _exit_code or TracerError.exit_code


class ReaderGone(SystemExit):
    """The reader of the output has closed it (``glm-trace show … | head``): the command ends quietly."""

    def __init__(self) -> None:
        super().__init__(_exit_code)


class _StandardOutput(io.FileIO):
    """Distinguish a failure here from any other OSError, and report it once: nothing is written after it."""

    _failed = False

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._failed:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self._failed = True
            if error.errno == errno.EPIPE or (error.errno == errno.EIO and self.isatty()):  # the terminal was closed
                raise ReaderGone from None
            raise OutputFailed(reason_of(error)) from None


class _ClosedOutput(io.RawIOBase):
    _told = False

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if not self._told:
            self._told = True
            raise OutputFailed(Sentence(N_("it is closed")))
        return len(data)


class _StandardError(io.FileIO):
    """Ignore failures: if messages can't be shown, that can't be reported either."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError:
            return len(data)


def prepare_streams() -> None:
    """Report failures of the standard streams uniformly, and escape what a screen can't show.

    A closed stream gets a descriptor too; otherwise the next opened file would take its place. A width of 0 columns
    means that nobody knows it; rich would print nothing.
    """
    if os.environ.get("COLUMNS", "").strip() == "0":
        del os.environ["COLUMNS"]
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115
    sys.stdout = _prepared(sys.stdout, sys.__stdout__, _StandardOutput, _ClosedOutput())
    sys.stderr = _prepared(sys.stderr, sys.__stderr__, _StandardError, None)


def _prepared(
    stream: TextIO | None, original: IO[str] | None, kind: type[io.FileIO], closed: io.RawIOBase | None
) -> TextIO:
    if stream is None:
        if closed is None:
            return open(os.devnull, "w")
        return io.TextIOWrapper(io.BufferedWriter(closed), encoding="utf-8", errors=_FITS)
    if stream is original and type(stream) is io.TextIOWrapper:
        stream.flush()
        return io.TextIOWrapper(
            io.BufferedWriter(kind(stream.fileno(), "wb", closefd=False)),
            encoding=stream.encoding,
            errors=_FITS,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_FITS)
    return stream


def results(exit_code: int = 0) -> Console:
    """Return the console of standard output; ``exit_code`` is the command's exit code if its output ends early."""
    ends_with(exit_code)
    return Console(highlight=False, soft_wrap=False)


def print_result(renderable: RenderableType, exit_code: int = 0) -> None:
    """Print what a command shows on standard output; lines that are made to be copied whole are not cut."""
    results(exit_code).print(renderable, crop=False)


def print_lines(lines: Iterable[Text]) -> None:
    """Print lines on standard output, each as soon as it is made."""
    console = results()
    for line in lines:
        console.print(Group(line), crop=False)  # printed by itself, a Text loses what it says of its wrapping


def columns() -> int | None:
    """Return how many columns a line on standard output has; None in a file or a pipe, where it has any number."""
    return results().width if sys.stdout.isatty() else None


def print_document(document: Any, exit_code: int = 0, *, indent: int = 2) -> None:
    """Print a JSON document on standard output; without ``indent``, on one line."""
    from tracer.export.json_documents import encode_document  # --help does without

    ends_with(exit_code)
    typer.echo(encode_document(document, indent=indent))


def ends_with(exit_code: int) -> None:
    """Set the exit code of the command if its output ends early."""
    global _exit_code
    _exit_code = exit_code


def messages() -> Console:
    """Return the console of standard error. In a file or a pipe a message stays on one line, so that it can be
    searched."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def needs_terminal(what: str | Sentence, otherwise: Callable[[], Sentence]) -> None:
    """Check that a full-screen program can be shown and can read keys; else ``otherwise`` tells what to do instead.

    Raises:
        TracerError: one of the three streams is not a terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise TracerError(N_("{what} needs a terminal. {otherwise}"), what=what, otherwise=otherwise())


def complain(sentence: str) -> None:
    """Print an error sentence."""
    messages().print(Text.assemble((tr(asked_language(), "Error: "), "bold red"), visible(pasteable(sentence))))


def note(sentence: str) -> None:
    """Print a remark."""
    messages().print(Text(visible(pasteable(sentence)), "yellow"))
