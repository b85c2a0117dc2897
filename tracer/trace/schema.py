"""The schema of a sealed trace: one SQLite file, readable with any SQLite tool.

The JSON in ``step.changes``, ``step.data`` and ``value.data`` is that of :mod:`tracer.trace.steps` and
:mod:`tracer.trace.values`. ``source.text`` is zlib-compressed UTF-8.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Final

import msgspec

APPLICATION_ID: Final = 0x474C4D54  # "GLMT"
SCHEMA_VERSION: Final = 1

TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (number INTEGER PRIMARY KEY, path TEXT NOT NULL, text BLOB NOT NULL);
CREATE TABLE frame (
    number INTEGER PRIMARY KEY, parent INTEGER, thread INTEGER NOT NULL, module TEXT NOT NULL,
    function TEXT NOT NULL, source INTEGER NOT NULL, line INTEGER NOT NULL, depth INTEGER NOT NULL
);
CREATE TABLE value (number INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE step (
    number INTEGER PRIMARY KEY, time INTEGER NOT NULL, thread INTEGER NOT NULL, frame INTEGER,
    stage TEXT NOT NULL, kind TEXT NOT NULL, event TEXT, source INTEGER, line INTEGER,
    changes TEXT NOT NULL, value INTEGER, data TEXT NOT NULL
);
"""


def columns(row: type[msgspec.Struct]) -> str:
    """Return the columns of a table for SQL: they are the fields of its row's type, in their order."""
    return ", ".join(row.__struct_fields__)


def insertion(table: str, row: type[msgspec.Struct]) -> str:
    """Return the statement that inserts a row of this type."""
    return f"INSERT INTO {table} ({columns(row)}) VALUES ({', '.join('?' * len(row.__struct_fields__))})"


# Created after the rows have been inserted, which is cheaper. Readers rely on them.
INDEXES: Final = """
CREATE INDEX step_frame ON step (frame, number);
CREATE INDEX step_stage ON step (stage, number);
CREATE INDEX step_kind ON step (kind, number);
"""


@lru_cache(maxsize=1)
def definitions() -> frozenset[tuple[str, str, str]]:
    """Return everything that a trace defines, as ``(type, name, SQL)``. A file that defines anything else is not a
    trace."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(TABLES + INDEXES)
        return defined_by(connection)
    finally:
        connection.close()


def defined_by(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """Return what a database defines. SQLite's own indexes of primary keys have no SQL and are left out."""
    return frozenset(connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
