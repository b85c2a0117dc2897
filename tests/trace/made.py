"""Journals and traces written by hand, record by record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tracer.trace import journal
from tracer.trace.journal import JournalWriter, encode_record
from tracer.trace.metadata import Metadata
from tracer.trace.outcome import Outcome
from tracer.trace.reading import Trace
from tracer.trace.sealing import seal
from tracer.trace.steps import Bound, Frame, Step, encode_source
from tracer.trace.values import Value, encode_value

encode = msgspec.json.encode

SOURCE_TEXT = "def load(path):\n    config = read(path)\n    return config\n"


def step(number: int, **fields: Any) -> Step:
    """Return a complete step; by default a line in frame 0."""
    whole: dict[str, Any] = {
        "time": number * 1_000,
        "thread": 0,
        "frame": 0,
        "stage": "config",
        "kind": "line",
        "event": "line",
        "source": 0,
        "line": 2,
        "changes": [],
        "value": None,
        "data": {},
    }
    return Step(number=number, **{**whole, **fields})


def meta_record(**facts: Any) -> bytes:
    return encode_record(journal.META, encode(facts))


def end_record(**outcome: Any) -> bytes:
    return encode_record(journal.END, encode({"outcome": outcome}))


def step_record(made: Step) -> bytes:
    return encode_record(journal.STEP, encode(made))


def value_record(number: int, value: Value) -> bytes:
    return encode_record(journal.VALUE, b"[%d,%b]" % (number, encode_value(value)))


def raw_value_record(number: int, data: bytes) -> bytes:
    return encode_record(journal.VALUE, b"[%d,%b]" % (number, data))


def frame_record_of(number: int, **fields: Any) -> bytes:
    whole: dict[str, Any] = {
        "parent": None,
        "thread": 0,
        "module": "library.loading",
        "function": "load",
        "source": 0,
        "line": 1,
        "depth": 0,
    }
    return encode_record(journal.FRAME, encode(Frame(number=number, **{**whole, **fields})))


def source_record(number: int = 0, path: str = "<library>/loading.py", text: str = SOURCE_TEXT) -> bytes:
    return encode_record(journal.SOURCE, encode_source(number, path, text.encode("utf-8", "surrogatepass")))


def ordinary_records(steps: int = 3) -> list[bytes]:
    """Return a small load as the recorder would write it: a source, a frame, a value, some steps and an end."""
    return [
        meta_record(command=["glm-trace", "load", "x"], started="2025-01-01T00:00:00+0000"),
        source_record(),
        frame_record_of(0),
        raw_value_record(0, b'{"is":"text","value":"config.json"}'),
        *(
            step_record(step(n, changes=[Bound("path", 0)] if n == 0 else [], kind="call" if n == 0 else "line"))
            for n in range(steps)
        ),
        end_record(status="loaded", step=steps - 1),
    ]


def write_journal(path: Path, records: Iterable[bytes]) -> Path:
    writer = JournalWriter(path)
    for record in records:
        writer.append(record)
    writer.close()
    return path


def sealed(folder: Path, records: Iterable[bytes] | None = None, name: str = "made.glmtrace") -> Path:
    """Write a sealed trace of these records."""
    made = write_journal(folder / f"{name}.journal", ordinary_records() if records is None else records)
    seal(made, folder / name)
    made.unlink()
    return folder / name


@contextmanager
def edited(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the SQLite file for hostile changes."""
    connection = sqlite3.connect(path)
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def read_everything(trace: Trace) -> None:
    """Read everything in a trace, like the commands and the player."""
    assert isinstance(trace.meta, Metadata)
    assert isinstance(trace.outcome, Outcome)
    assert len(trace) >= 0
    trace.stage_counts()
    trace.stage_seconds()
    for frame in trace.frames():
        trace.frame(frame.number)
    for number in trace.source_paths():
        trace.source(number)
    for made in trace.steps():
        numbers = [change.value for change in made.changes if isinstance(change, Bound)]
        for number in [*numbers, *([made.value] if made.value is not None else [])]:
            trace.value(number)
        if made.frame is not None:
            trace.frame(made.frame)
        if made.source is not None:
            trace.source(made.source)
