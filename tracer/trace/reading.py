"""Read a trace. Whatever the file contains is data: nothing in it is executed, imported or obeyed."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from tracer.i18n import N_, path_here, reason_of
from tracer.text.shell import shell_word
from tracer.text.visible import one_line
from tracer.trace import journal
from tracer.trace.errors import DanglingNumber, NewerTrace, NotATrace
from tracer.trace.held_journal import missing
from tracer.trace.metadata import Metadata
from tracer.trace.outcome import outcome_of
from tracer.trace.schema import APPLICATION_ID, SCHEMA_VERSION, columns, defined_by, definitions
from tracer.trace.steps import Change, Frame, LightStep, Source, Step
from tracer.trace.values import Value, decode_value
from tracer.trace.vocabulary import STAGES

_decode_changes = msgspec.json.Decoder(list[Change]).decode
_decode_data = msgspec.json.Decoder(dict[str, Any]).decode
_decode_any = msgspec.json.Decoder().decode

_Row = TypeVar("_Row", bound=tuple[Any, ...])

_DAMAGE: Final = (
    sqlite3.DatabaseError,
    msgspec.MsgspecError,
    UnicodeDecodeError,
    zlib.error,
    TypeError,
    OverflowError,
    RecursionError,
)
_STEP: Final = columns(Step)
_LIGHT_STEP: Final = columns(LightStep)
_TABLES: Final = {"frame": columns(Frame), "source": columns(Source), "value": "number, data"}
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_MAX_SOURCE: Final = 32 << 20  # bytes that a source may unpack to
_BLOCK: Final = 64  # values or frames that are read at once: those recorded together are usually shown together
_MAX_BLOCK: Final = (1 << 62) // _BLOCK  # larger numbers exceed SQLite's integers


class Trace:
    """An open trace: its metadata, steps, frames, values and sources, read from the file on demand.

    Use it as a context manager, or call :meth:`close`.

    Attributes:
        path: the file.
        meta: facts about the whole load.
        stored_meta: the same as JSON, with those that only a newer release knows.
        outcome: how the load ended.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path
        self._guard = DamageGuard(path)
        self.value = lru_cache(maxsize=4_096)(self._read_value)
        self._block = lru_cache(maxsize=128)(self._read_block)
        self.frame = lru_cache(maxsize=65_536)(self._read_frame)
        self.step = lru_cache(maxsize=64)(self._read_step)
        self.source = lru_cache(maxsize=16)(self._read_source)
        self.source_paths = lru_cache(maxsize=1)(self._read_source_paths)
        self.stages = lru_cache(maxsize=1)(self._read_stages)
        with self.readable():
            self._check_identity()
            rows = self._db.execute("SELECT key, value FROM meta")
            self.stored_meta = msgspec.convert({key: _decode_any(value) for key, value in rows}, dict[str, Any])
            self.meta = msgspec.convert(self.stored_meta, Metadata)
            self.outcome = outcome_of(self.stored_meta)
            self._length = self._count_steps()

    def __enter__(self) -> Trace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Return the number of steps."""
        return self._length

    def close(self) -> None:
        self._db.close()

    def _read_step(self, number: int) -> Step:
        """Return a step (cached; ``trace.step(n)``).

        Raises:
            IndexError: the trace has no step of that number.
        """
        if 0 <= number < len(self):
            for step in self.steps(number, number + 1):
                return step
            raise self._gap()
        raise IndexError(f"{self.path.name} has {len(self):,} steps; there is no step {number}.")

    def steps(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        stages: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        frame: int | None = None,
        backwards: bool = False,
    ) -> Iterator[Step]:
        """Yield the steps from ``start`` up to but not including ``stop``, filtered, in order or last first."""
        where, arguments = _where(start, stop, frame, stage=stages, kind=kinds)
        with self.readable():
            query = f"SELECT {_STEP} FROM step WHERE {where} ORDER BY number {'DESC' if backwards else 'ASC'}"
            for row in self._db.execute(query, arguments):
                *plain, changes, value, data = row
                step = msgspec.convert((*plain, _decode_changes(changes), value, _decode_data(data)), Step)
                if (kinds is not None and step.kind not in kinds) or (stages is not None and step.stage not in stages):
                    raise sqlite3.DatabaseError("an index does not agree with its table")  # of a damaged file
                yield step

    def light_steps(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        stages: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        frame: int | None = None,
    ) -> Iterator[LightStep]:
        """Yield the same :meth:`steps`, in order, with the fields that concern their frames only."""
        where, arguments = _where(start, stop, frame, stage=stages, kind=kinds)
        convert, nothing = msgspec.convert, _decode_changes("[]")
        with self.readable():
            query = f"SELECT {_LIGHT_STEP} FROM step WHERE {where} ORDER BY number"
            for row in self._db.execute(query, arguments):
                changes = nothing if row[-1] == "[]" else _decode_changes(row[-1])
                yield convert((*row[:-1], changes), LightStep)

    def nearest(
        self,
        number: int,
        *,
        backwards: bool = False,
        stage: str | None = None,
        kind: str | None = None,
        frame: int | None = None,
        thread: int | None = None,
        source: int | None = None,
        line: int | None = None,
        event: str | None = None,
        outside: bool = False,
    ) -> int | None:
        """Return the first step after ``number`` (with ``backwards``, the last before it) that meets every condition.

        ``outside``: outside every stepped function.
        """
        wanted = {
            "stage": stage, "kind": kind, "frame": frame, "thread": thread, "source": source, "line": line,
            "event": event,
        }  # fmt: skip
        given = {column: value for column, value in wanted.items() if value is not None}
        order, ahead = ("DESC", "<") if backwards else ("ASC", ">")
        where = [f"number {ahead} ?", *(f"{column} = ?" for column in given), *(["frame IS NULL"] * outside)]
        query = f"SELECT number FROM step WHERE {' AND '.join(where)} ORDER BY number {order} LIMIT 1"
        with self.readable():
            row = self._db.execute(query, (number, *given.values())).fetchone()
            return None if row is None else int(row[0])

    def first_calls(self, thread: int) -> list[int]:
        """Yield, in order, the first step of each frame of a thread that was not called by a stepped function."""
        query = (
            "SELECT (SELECT min(number) FROM step WHERE frame = frame.number) AS first FROM frame"
            " WHERE parent IS NULL AND thread = ? AND first IS NOT NULL ORDER BY first"
        )
        with self.readable():
            return [int(first) for (first,) in self._db.execute(query, (thread,))]

    def _read_stages(self) -> list[str]:
        """Return the stages that have steps (cached; ``trace.stages()``)."""
        query = (
            "WITH RECURSIVE found(stage) AS (SELECT min(stage) FROM step UNION ALL"
            " SELECT (SELECT min(stage) FROM step WHERE stage > found.stage) FROM found WHERE stage IS NOT NULL)"
            " SELECT stage FROM found WHERE stage IS NOT NULL"
        )
        with self.readable():
            return msgspec.convert([stage for (stage,) in self._db.execute(query)], list[str])

    def changes(
        self, frame: int, start: int, stop: int, *, backwards: bool = False
    ) -> Iterator[tuple[int, list[Change]]]:
        """Yield the number and changes of a frame's steps from ``start`` up to but not including ``stop``."""
        query = (
            "SELECT number, changes FROM step WHERE frame = ? AND number >= ? AND number < ? AND changes != '[]'"
            f" ORDER BY number {'DESC' if backwards else 'ASC'}"
        )
        with self.readable():
            for number, changes in self._db.execute(query, (frame, start, stop)):
                yield number, _decode_changes(changes)

    def rows(self, row: type[_Row], query: str, *arguments: Any) -> Iterator[_Row]:
        """Yield the rows of a query over the trace's tables, see :mod:`tracer.trace.schema`.

        ``row`` is the tuple type of a row. SQLite keeps whatever was written into a column, so the content of a
        damaged file is checked against that type.

        Raises:
            NotATrace: a row has another type.
        """
        convert = msgspec.convert
        with self.readable():
            for found in self._db.execute(query, arguments):
                yield convert(found, row)

    def stage_counts(self, start: int = 0, stop: int | None = None) -> dict[str, int]:
        """Return the number of steps in each stage that has any, in the order of a load; ``stop`` is not among them."""
        where, arguments = _where(start, stop, None)
        with self.readable():
            rows = self._db.execute(f"SELECT stage, count(*) FROM step WHERE {where} GROUP BY stage", arguments)
            counts = msgspec.convert(dict(rows), dict[str, int])
        order = [*STAGES, *sorted(set(counts) - set(STAGES))]
        return {stage: counts[stage] for stage in order if stage in counts}

    def stage_seconds(self, start: int = 0, stop: int | None = None) -> dict[str, float]:
        """Return the time spent in each stage: from each of its steps, ``stop`` not among them, to the next."""
        where, arguments = _where(start, stop, None)
        query = (
            "SELECT stage, sum(spent) FROM"
            " (SELECT number, stage, coalesce(lead(time) OVER (ORDER BY number), time) - time AS spent FROM step)"
            f" WHERE {where} GROUP BY stage"
        )
        with self.readable():
            seconds = {stage: spent / 1e9 for stage, spent in self._db.execute(query, arguments)}
            return msgspec.convert(seconds, dict[str, float])

    def frames(self, *functions: str, outermost: bool = False) -> Iterator[Frame]:
        """Yield the frames in order: all, or those of some functions, or those that no stepped function called."""
        conditions = [*([f"function IN ({', '.join('?' * len(functions))})"] if functions else [])]
        conditions += ["parent IS NULL"] if outermost else []
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self.readable():
            query = f"SELECT {_TABLES['frame']} FROM frame{where} ORDER BY number"
            for row in self._db.execute(query, functions):
                yield msgspec.convert(row, Frame)

    def _read_source(self, number: int) -> Source:
        """Return a stored source file (cached; ``trace.source(n)``).

        Raises:
            KeyError: the trace has no source of that number.
        """
        with self.readable():
            _, path, packed = self._row("source", number)
            return msgspec.convert((number, path, _unpack(packed)), Source)

    def _read_source_paths(self) -> dict[int, str]:
        """Return the path of every stored source, by number (cached; ``trace.source_paths()``)."""
        with self.readable():
            rows = self._db.execute("SELECT number, path FROM source ORDER BY number")
            return msgspec.convert(dict(rows), dict[int, str])

    def _read_value(self, number: int) -> Value:
        """Return the summary stored under a value number (cached; ``trace.value(n)``).

        Raises:
            KeyError: the trace has no value of that number.
        """
        with self.readable():
            value: Value = decode_value(self._row_of_block("value", number)[1])
            return value

    def _read_frame(self, number: int) -> Frame:
        """Return the frame of that number (cached; ``trace.frame(n)``).

        Raises:
            KeyError: the trace has no frame of that number.
        """
        with self.readable():
            return msgspec.convert(self._row_of_block("frame", number), Frame)

    def _row(self, table: str, number: int) -> tuple[Any, ...]:
        row = None
        if abs(number) < 1 << 63:  # the largest integer of SQLite
            row = self._db.execute(f"SELECT {_TABLES[table]} FROM {table} WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise DanglingNumber(N_("{path} has no {table} {number}."), path=self.path, table=table, number=number)
        return tuple(row)

    def _row_of_block(self, table: str, number: int) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._block(table, number // _BLOCK).get(number)
        if row is None:
            raise DanglingNumber(N_("{path} has no {table} {number}."), path=self.path, table=table, number=number)
        return row

    def _read_block(self, table: str, block: int) -> dict[int, tuple[Any, ...]]:
        """Return the stored rows of a block of numbers, undecoded, so that a damaged row leaves the others readable."""
        if not -_MAX_BLOCK <= block < _MAX_BLOCK:
            return {}
        query = f"SELECT {_TABLES[table]} FROM {table} WHERE number >= ? AND number < ?"
        rows = self._db.execute(query, (block * _BLOCK, block * _BLOCK + _BLOCK))
        return {row[0]: row for row in rows}

    def _count_steps(self) -> int:
        # In separate queries SQLite looks up the ends and counts in an index; in a single query it reads every step.
        count, first, last = (
            self._db.execute(f"SELECT {what} FROM step").fetchone()[0]
            for what in ("count(*)", "coalesce(min(number), 0)", "coalesce(max(number), -1)")
        )
        if first != 0 or last != count - 1:
            raise self._gap()
        return int(count)

    def _gap(self) -> NotATrace:
        return NotATrace(N_("{path} is damaged: some of its steps are missing. Record the load again."), path=self.path)

    def _check_identity(self) -> None:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise NotATrace(N_("{path} is an SQLite file, but not a glm-trace trace."), path=self.path)
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise NewerTrace(
                N_(
                    "{path} was written by a newer glm-trace (schema {version}; this one reads up to "
                    "{newest}). Upgrade with: pip install --upgrade glm-trace"
                ),
                path=self.path,
                version=version,
                newest=SCHEMA_VERSION,
            )
        if version != SCHEMA_VERSION:
            raise NotATrace(
                N_("{path} has schema {version}, which glm-trace never wrote; not opened."),
                path=self.path,
                version=version,
            )
        if foreign := sorted(defined_by(self._db) ^ definitions()):
            kind, name, _ = foreign[0]
            raise NotATrace(
                N_("{path} does not define what a trace does ({kind} {name!r} differs); not opened."),
                path=self.path,
                kind=kind,
                name=name,
            )

    def readable(self) -> AbstractContextManager[None]:
        """Turn the errors of SQLite and the decoders on a damaged file into :class:`NotATrace` in a ``with`` block."""
        return self._guard


def _where(start: int, stop: int | None, frame: int | None, **columns: Collection[str] | None) -> tuple[str, list[Any]]:
    """Return the SQL condition for these steps, and its arguments."""
    where, arguments = ["number >= ?"], list[Any]([start])
    for condition, bound in (("number < ?", stop), ("frame = ?", frame)):
        if bound is not None:
            where.append(condition)
            arguments.append(bound)
    for column, wanted in columns.items():
        if wanted is not None:
            where.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            arguments.extend(wanted)
    return " AND ".join(where), arguments


def open_trace(path: str | Path) -> Trace:
    """Open a sealed trace, or a journal that was never sealed.

    Raises:
        NotATrace: the file is missing, is not a trace or is damaged.
        NewerTrace: the file has a schema that this release does not know.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(max(len(_SQLITE_MAGIC), len(journal.MAGIC)))
    except FileNotFoundError:
        raise NotATrace(missing(path)) from None
    except IsADirectoryError:
        raise NotATrace(
            N_("{path} is a directory, not a trace. Record a model directory with: glm-trace load {name}"),
            path=path,
            name=shell_word(path_here(path)),
        ) from None
    except OSError as error:
        raise NotATrace(N_("{path} can't be read: {reason}."), path=path, reason=reason_of(error)) from None
    if start.startswith(journal.MAGIC):
        return _open_journal(path)
    if not start.startswith(_SQLITE_MAGIC):
        raise NotATrace(N_("{path} is not a glm-trace trace. Traces are written by 'glm-trace load'."), path=path)
    return _open_sealed(path)


def _open_sealed(path: Path) -> Trace:
    with DamageGuard(path):
        # Immutable: SQLite takes no lock, and neither uses nor creates a rollback journal beside the file.
        uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            # A hostile file must not reach SQL functions through its schema, and must not be written to.
            connection.executescript("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")
            _check_size(connection, path)
            return Trace(connection, path)
        except BaseException:
            connection.close()
            raise


def _check_size(connection: sqlite3.Connection, path: Path) -> None:
    (page,), (pages,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "page_count"))
    if path.stat().st_size != page * pages:
        raise NotATrace(
            N_("{path} is cut off: it has {present} bytes of {whole}. Copy it again."),
            path=path,
            present=path.stat().st_size,
            whole=page * pages,
        )


def _open_journal(path: Path) -> Trace:
    from tracer.trace.sealing import fill  # for what isn't sealed alone

    connection = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        fill(connection, path, {})
        return Trace(connection, path)
    except BaseException:
        connection.close()
        raise


def _unpack(packed: bytes) -> str:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(packed, _MAX_SOURCE)
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error("a source does not unpack as it should")
    return text.decode("utf-8")


class DamageGuard(AbstractContextManager[None]):
    """A context manager that turns the errors of SQLite and the decoders on a damaged file into :class:`NotATrace`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, _DAMAGE) and not isinstance(error, sqlite3.ProgrammingError):  # a mistake of the caller
            what = one_line(str(error), 200)  # it can quote the file's content
            raise NotATrace(
                N_("{path} is damaged and can't be read: {what}. Record the load again."), path=self._path, what=what
            ) from error
