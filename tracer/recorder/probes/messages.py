"""What the load says while it runs: warnings, log records and printed text, as steps at their place."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any, Final, TextIO

from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording

_MAX_TEXT: Final = 8_000


def watch_messages(recording: Recording, patches: Patches, *, forward: bool) -> None:
    """Record warnings, log records and Python's standard streams until the patches are restored.

    ``forward``: whether what is printed still goes where it went.
    """
    _watch_warnings(recording, patches)
    _watch_logs(recording, patches)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            patches.set(sys, name, RecordedStream(stream, name, recording, forward))


def _watch_warnings(recording: Recording, patches: Patches) -> None:
    show = warnings.showwarning

    def showwarning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = str(message) if isinstance(message, str) else recording.summaries.message(message)
        place = {"file": recording.clean(filename), "line": lineno}
        recording.point("warning", {"category": category.__name__, "message": _cut(recording, text or ""), **place})
        with _quiet(recording):
            show(message, category, filename, lineno, file, line)

    patches.set(warnings, "showwarning", showwarning)


def _watch_logs(recording: Recording, patches: Patches) -> None:
    handle = logging.Logger.handle

    def recorded(self: logging.Logger, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:
            text = str(record.msg)
        level = {"level": record.levelname, "logger": record.name}
        recording.point("log", {**level, "message": _cut(recording, text)})
        with _quiet(recording):
            handle(self, record)

    patches.set(logging.Logger, "handle", recorded)


class RecordedStream:
    """A text stream that records each line written and, with ``forward``, passes everything on.

    Everything but ``write`` and ``writelines`` is the wrapped stream's own.
    """

    def __init__(self, stream: TextIO, name: str, recording: Recording, forward: bool) -> None:
        self._forward = forward
        self._stream = stream
        self._name = name
        self._recording = recording
        self._line = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def write(self, text: str) -> int:
        written = self._stream.write(text) if self._forward else len(text)
        if isinstance(text, str) and not self._recording.thread.quiet:
            self._record(text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def finish(self) -> None:
        """Record what was written without a line's end."""
        if self._line:
            self._step(self._line)
            self._line = ""

    def _record(self, text: str) -> None:
        self._line += text
        if len(self._line) > _MAX_TEXT:
            self._line = self._line[-_MAX_TEXT:]
        if "\n" in text or "\r" in text:
            *whole, self._line = self._line.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            if said := "\n".join(line for line in whole if line.strip()):
                self._step(said)

    def _step(self, text: str) -> None:
        self._recording.point("output", {"stream": self._name, "text": _cut(self._recording, text)})


class _quiet:  # noqa: N801 - reads as a statement
    """Text printed inside is no step: it was recorded as what it is, a warning or a log record."""

    def __init__(self, recording: Recording) -> None:
        self._thread = recording.thread

    def __enter__(self) -> None:
        self._thread.quiet += 1

    def __exit__(self, *_: object) -> None:
        self._thread.quiet -= 1


def _cut(recording: Recording, text: str) -> str:
    text = recording.clean(text.encode("utf-8", "replace").decode())
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text)} characters)"
