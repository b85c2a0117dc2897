"""Seal a journal: turn it into a trace file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from tracer.i18n import N_, Sentence, path_here, reason_of
from tracer.text.shell import shell_word
from tracer.trace import journal
from tracer.trace.errors import NotSealed
from tracer.trace.held_journal import HeldJournal
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.schema import APPLICATION_ID, INDEXES, SCHEMA_VERSION, TABLES, insertion
from tracer.trace.steps import Frame, Source, decode_source, encode_source
from tracer.trace.values import Secret

_Integer: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""The largest integer of SQLite."""


class _StepRow(msgspec.Struct, array_like=True, gc=False):
    """A :class:`Step` whose nested parts stay JSON."""

    number: _Integer
    time: _Integer
    thread: _Integer
    frame: _Integer | None
    stage: str
    kind: str
    event: str | None
    source: _Integer | None
    line: _Integer | None
    changes: msgspec.Raw
    value: _Integer | None
    data: msgspec.Raw


class _ValueRow(msgspec.Struct, array_like=True, gc=False):
    number: _Integer
    data: msgspec.Raw


_decode_step = msgspec.json.Decoder(_StepRow).decode
_decode_value = msgspec.json.Decoder(_ValueRow).decode
_decode_frame = msgspec.json.Decoder(Frame).decode
_decode_meta = msgspec.json.Decoder(dict[str, Any]).decode

_JSON: Final = [index for index, field in enumerate(msgspec.structs.fields(_StepRow)) if field.type is msgspec.Raw]
_INSERT_STEP: Final = insertion("step", _StepRow)
_INSERT_FRAME: Final = insertion("frame", Frame)
_INSERT_VALUE: Final = insertion("value", _ValueRow)
_INSERT_SOURCE: Final = insertion("source", Source)
_BATCH: Final = 5_000
_PARTIAL: Final = (".glm-trace-", ".partial")
_FORGOTTEN: Final = 24 * 3600  # in seconds; no sealing takes that long

_NOT_OURS: Final = (msgspec.MsgspecError, sqlite3.IntegrityError, ValueError, OverflowError, RecursionError)


def seal(
    source: Path | HeldJournal,
    trace_path: Path,
    *,
    meta: Mapping[str, Any] | None = None,
    redactor: Redactor | None = None,
) -> None:
    """Turn a journal into a sealed trace file; the journal stays.

    The trace appears under its name only when it is whole and on the disk. ``meta`` overrides the journal's metadata.
    ``redactor`` knows the secrets that were learned while recording: what was recorded before then is searched for them
    once more. When a journal that was left behind is sealed, only this machine's secrets are known, and what is in the
    journal: a value recorded before its secret name was met was recorded again without the secret; a message from
    before stays.

    Raises:
        NotATrace: the file is not a journal.
        OSError, sqlite3.Error: the trace can't be written.
    """
    with _partial(trace_path.parent) as partial:
        connection = sqlite3.connect(partial)
        try:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            fill(connection, source, meta or {}, redactor)
        finally:
            connection.close()
        _write_through(partial)
        os.replace(partial, trace_path)


def seal_and_remove(
    held: HeldJournal,
    trace_path: Path,
    *,
    meta: Mapping[str, Any] | None = None,
    redactor: Redactor | None = None,
) -> None:
    """Seal a journal and delete it. If it can't be sealed, add ``meta`` to it and keep it.

    Raises:
        NotATrace: the file is not a journal.
        NotSealed: the trace can't be written. The message says where the recording is.
    """
    try:
        seal(held, trace_path, meta=meta, redactor=redactor)
    except (OSError, sqlite3.Error) as error:
        if meta:
            with contextlib.suppress(OSError):
                _tell(held, meta)
        sentence = Sentence(
            N_(
                "The trace {path} can't be written: {reason}. {journal} holds all that was recorded. Read it with: "
                "glm-trace show {quoted} – or make a trace of it, once there is room: glm-trace seal {quoted}"
            )
            if held.is_named()
            else N_("The trace {path} can't be written: {reason}."),
            path=trace_path,
            reason=reason_of(error),
            journal=held.path,
            quoted=shell_word(path_here(held.path)),
        )
        raise NotSealed(sentence, held.path) from error
    held.remove()


def _tell(held: HeldJournal, meta: Mapping[str, Any]) -> None:
    """Append ``meta`` to the journal itself."""
    reader = held.reader()
    try:
        for _ in reader.read_new():
            pass
        if not reader.damaged:
            held.append_at(reader.end, journal.encode_record(journal.META, msgspec.json.encode(meta)))
    finally:
        reader.close()


@contextmanager
def _partial(folder: Path) -> Iterator[str]:
    """Create an empty file beside the future trace under an unpredictable name, and delete it at the end."""
    _sweep(folder)
    descriptor, partial = tempfile.mkstemp(prefix=_PARTIAL[0], suffix=_PARTIAL[1], dir=folder)
    os.close(descriptor)
    try:
        yield partial
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def _sweep(folder: Path) -> None:
    """Delete the partial files of sealings that were killed."""
    with contextlib.suppress(OSError):
        for file in folder.glob("*".join(_PARTIAL)):
            if time.time() - file.stat().st_mtime > _FORGOTTEN:
                file.unlink()


def _write_through(path: str) -> None:
    """Flush the trace to the disk, because the journal is deleted next."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fill(
    connection: sqlite3.Connection,
    source: Path | HeldJournal,
    meta: Mapping[str, Any],
    redactor: Redactor | None = None,
) -> None:
    """Write the tables of a sealed trace from the whole records of a journal.

    Raises:
        NotATrace: the file does not begin like a journal.
    """
    connection.executescript(
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; "
        f"PRAGMA secure_delete = ON; {TABLES}"  # the previous content of a revised value must not stay in the file
    )
    reader = source.reader() if isinstance(source, HeldJournal) else journal.JournalReader(source)
    filling = _Filling(connection)
    try:
        for record in reader.read_new():
            filling.take(_redacted(record, redactor))
        damaged = reader.damaged
    except _NOT_OURS:  # a record passes its checksum but has another format: the records before it are good
        damaged = True
    finally:
        reader.close()
    filling.flush()
    if damaged:
        filling.meta["journal_damaged"] = True
    for key, value in {**filling.meta, **(meta if redactor is None else redactor.data(dict(meta)))}.items():
        connection.execute("INSERT INTO meta VALUES (?, ?)", (key, msgspec.json.encode(value).decode()))
    connection.executescript(INDEXES)
    connection.commit()


class _Filling:
    """Write records into the tables one by one, steps in batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._steps: list[tuple[Any, ...]] = []
        self._count = 0
        self.meta: dict[str, Any] = {}

    def take(self, record: journal.Record) -> None:
        """Write one whole record, or raise one of ``_NOT_OURS``."""
        kind, payload = record
        if kind == journal.STEP:
            row = _step_row(payload)
            if row[0] != self._count:
                raise ValueError(f"step {row[0]} comes where step {self._count} should")
            self._count += 1
            self._steps.append(row)
            if len(self._steps) >= _BATCH:
                self.flush()
        elif kind == journal.VALUE:
            value = _decode_value(payload)
            self._connection.execute(_INSERT_VALUE, (value.number, bytes(value.data).decode()))
        elif kind == journal.REVISED:
            value = _decode_value(payload)
            self._connection.execute(
                "UPDATE value SET data = ? WHERE number = ?", (bytes(value.data).decode(), value.number)
            )
        elif kind == journal.FRAME:
            self._connection.execute(_INSERT_FRAME, msgspec.structs.astuple(_decode_frame(payload)))
        elif kind == journal.SOURCE:
            source = decode_source(payload)
            packed = zlib.compress(source.text.encode(), 6)
            self._connection.execute(_INSERT_SOURCE, (source.number, source.path, packed))
        else:  # META and END: metadata; later records override earlier ones
            self.meta.update(_decode_meta(payload))

    def flush(self) -> None:
        self._connection.executemany(_INSERT_STEP, self._steps)
        self._steps.clear()


def _redacted(record: journal.Record, redactor: Redactor | None) -> journal.Record:
    """Return the record without the secrets that were learned after it was written."""
    if redactor is None or not redactor.concerns(record.payload):
        return record
    if record.kind == journal.SOURCE:
        source = decode_source(record.payload)
        text = redactor.known_in_source(source.text)
        return journal.Record(record.kind, encode_source(source.number, redactor.known(source.path), text.encode()))
    data = redactor.data(msgspec.json.decode(record.payload))
    is_value = record.kind in (journal.VALUE, journal.REVISED)
    if is_value and isinstance(plain := data[1].get("value"), int) and str(plain) in redactor.secrets:
        data[1] = msgspec.to_builtins(Secret(""))
    return journal.Record(record.kind, msgspec.json.encode(data))


def _step_row(payload: bytes) -> tuple[Any, ...]:
    row = list(msgspec.structs.astuple(_decode_step(payload)))
    for index in _JSON:
        row[index] = bytes(row[index]).decode()
    return tuple(row)
