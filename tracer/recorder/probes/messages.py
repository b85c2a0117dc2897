"""Messages of a load: warnings, log records and printed text, as steps where they occur."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any, Final, TextIO

from tracer.recorder import safe_inspect
from tracer.recorder.guard import Watching
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.safe_text import is_plain, without_surrogates

_MAX_TEXT: Final = 8_000


def watch_messages(recording: Recording, patches: Patches, *, forward: bool) -> None:
    """Record warnings, log records and Python's standard streams until the patches are restored.

    ``forward``: whether printed text is still passed on.
    """
    _watch_warnings(recording, patches)
    _watch_logs(recording, patches)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            patches.set(sys, name, RecordedStream(stream, name, recording, forward))


def _watch_warnings(recording: Recording, patches: Patches) -> None:
    def shown(message: Any, category: Any, filename: Any, lineno: Any, *_: Any, **__: Any) -> Watching:
        text = (
            recording.summaries.message(message) if safe_inspect.is_a(message, Warning) else safe_inspect.text(message)
        )
        place = {"file": recording.clean(filename), "line": lineno}
        recording.record_event(
            "warning", {"category": safe_inspect.name(category), "message": _cut(recording, text or ""), **place}
        )
        with _quiet(recording):
            yield

    patches.watch(warnings, "showwarning", shown)


def _watch_logs(recording: Recording, patches: Patches) -> None:
    def handled(logger: Any, record: logging.LogRecord) -> Watching:
        with _quiet(recording):
            yield
        level = {"level": str(record.levelname), "logger": str(record.name)}
        recording.record_event("log", {**level, "message": _cut(recording, _message(record))})

    patches.watch(logging.Logger, "handle", handled)


def _message(record: logging.LogRecord) -> str:
    """Return the message of a log record: as a handler has formatted it, or without running unknown code."""
    known = safe_inspect.instance_dict(record) or {}
    message, template, values = (
        safe_inspect.text(known.get("message")),
        safe_inspect.text(known.get("msg")),
        known.get("args"),
    )
    if message is not None:
        return message
    if template is None:
        return f"‹{safe_inspect.type_name(type(known.get('msg')))}›"
    if not values or not is_plain(values):
        return template
    try:
        return str(template % values)
    except (TypeError, ValueError, KeyError):  # the template needs other values than there are
        return template


class RecordedStream:
    """A text stream that records each line written and, with ``forward``, passes everything on.

    Everything but ``write`` and ``writelines`` is passed to the wrapped stream.
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
        written = self._stream.write(text) if self._forward else self._accept(text)
        if not self._recording.thread.quiet:
            self._recording.guard.call(f"text on {self._name}", self._record, text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def finish(self) -> None:
        """Record text that was written without a line end."""
        line, self._line = self._recording.clean(without_surrogates(self._line)), ""
        for start in range(0, len(line), _MAX_TEXT):
            self._step(line[start : start + _MAX_TEXT])

    def _accept(self, text: str) -> int:
        """Accept what the stream would accept, and fail where it would fail."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        text.encode(self._stream.encoding or "utf-8", self._stream.errors or "strict")
        return len(text)

    def _record(self, text: str) -> None:
        plain = safe_inspect.text(text)
        if plain is not None:
            with self._recording.lock:
                self._take_in(plain)

    def _take_in(self, text: str) -> None:
        self._line += text
        if "\n" in text or "\r" in text:
            *whole, self._line = self._line.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            if text := "\n".join(line for line in whole if line.strip()):
                self._step(text)
        if len(self._line) > 2 * _MAX_TEXT:
            # A line without an end. Its last part stays here, as half a secret can't be recognised.
            line = self._recording.clean(without_surrogates(self._line))
            self._line = line[-_MAX_TEXT:]
            self._step(line[:-_MAX_TEXT])

    def _step(self, text: str) -> None:
        self._recording.record_event("output", {"stream": self._name, "text": _cut(self._recording, text)})


class _quiet:  # noqa: N801 - reads as a statement
    """Record no output for text printed inside: it was recorded as a warning or a log record."""

    def __init__(self, recording: Recording) -> None:
        self._thread = recording.thread

    def __enter__(self) -> None:
        self._thread.quiet += 1

    def __exit__(self, *_: object) -> None:
        self._thread.quiet -= 1


def _cut(recording: Recording, text: str) -> str:
    # Searched for secrets beyond the cut, so that a secret across it is masked as a whole.
    cleaned = recording.clean(without_surrogates(text[: 2 * _MAX_TEXT]))
    if len(text) <= _MAX_TEXT:
        return cleaned
    return f"{cleaned[:_MAX_TEXT]}… ({len(text)} characters)"
