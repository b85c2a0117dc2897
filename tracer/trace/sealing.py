"""From the journal to the sealed trace."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tracer.trace import journal
from tracer.trace.errors import NotATrace
from tracer.trace.schema import APPLICATION_ID, INDEXES, SCHEMA_VERSION, TABLES
from tracer.trace.steps import Frame, decode_source
from tracer.trace.visible import one_line


class _StepRow(msgspec.Struct, array_like=True, gc=False):
    """A step whose nested parts stay the JSON they already are."""

    number: int
    time: int
    thread: int
    frame: int | None
    stage: str
    kind: str
    event: str | None
    source: int | None
    line: int | None
    changes: msgspec.Raw
    value: int | None
    data: msgspec.Raw


class _ValueRow(msgspec.Struct, array_like=True, gc=False):
    number: int
    data: msgspec.Raw


_decode_step = msgspec.json.Decoder(_StepRow).decode
_decode_value = msgspec.json.Decoder(_ValueRow).decode
_decode_frame = msgspec.json.Decoder(Frame).decode
_decode_meta = msgspec.json.Decoder(dict[str, Any]).decode

_INSERT_STEP = "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_BATCH = 5_000


def seal(journal_path: Path, trace_path: Path, *, meta: Mapping[str, Any] | None = None) -> None:
    """Turn a journal into a sealed trace file; the journal stays.

    The trace appears under its name only when it is whole. ``meta`` is laid over what the journal says.

    Raises:
        NotATrace: the journal is none.
        OSError, sqlite3.Error: it can't be written.
    """
    partial = trace_path.with_name(f".{trace_path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(partial)
        try:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            fill(connection, journal_path, meta or {})
        finally:
            connection.close()
        os.replace(partial, trace_path)
    finally:
        partial.unlink(missing_ok=True)


def fill(connection: sqlite3.Connection, journal_path: Path, meta: Mapping[str, Any]) -> None:
    """Write the tables of a sealed trace from a journal, as far as the journal is whole."""
    connection.executescript(
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; {TABLES}"
    )
    reader = journal.JournalReader(journal_path)
    try:
        collected = _insert_records(connection, reader.read_new())
        if reader.damaged:
            collected["journal_damaged"] = True
    except (msgspec.MsgspecError, sqlite3.IntegrityError, UnicodeError, OverflowError, RecursionError) as error:
        what = one_line(str(error), 200)
        raise NotATrace(
            f"{journal_path} is damaged: a record passes its checksum but is not of this format ({what})."
        ) from error
    finally:
        reader.close()
    for key, value in {**collected, **meta}.items():
        connection.execute("INSERT INTO meta VALUES (?, ?)", (key, msgspec.json.encode(value).decode()))
    connection.executescript(INDEXES)
    connection.commit()


def _insert_records(connection: sqlite3.Connection, records: Iterable[journal.Record]) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    steps: list[tuple[Any, ...]] = []
    for kind, payload in records:
        if kind == journal.STEP:
            steps.append(_step_row(payload))
            if len(steps) >= _BATCH:
                connection.executemany(_INSERT_STEP, steps)
                steps.clear()
        elif kind == journal.VALUE:
            row = _decode_value(payload)
            connection.execute("INSERT INTO value VALUES (?, ?)", (row.number, bytes(row.data).decode()))
        elif kind == journal.FRAME:
            connection.execute(
                "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(_decode_frame(payload)),
            )
        elif kind == journal.SOURCE:
            source = decode_source(payload)
            packed = zlib.compress(source.text.encode(), 6)
            connection.execute("INSERT INTO source VALUES (?, ?, ?)", (source.number, source.path, packed))
        else:  # META and END: facts, later ones over earlier ones
            meta.update(_decode_meta(payload))
    connection.executemany(_INSERT_STEP, steps)
    return meta


def _step_row(payload: bytes) -> tuple[Any, ...]:
    step = _decode_step(payload)
    return (
        step.number,
        step.time,
        step.thread,
        step.frame,
        step.stage,
        step.kind,
        step.event,
        step.source,
        step.line,
        bytes(step.changes).decode(),
        step.value,
        bytes(step.data).decode(),
    )
