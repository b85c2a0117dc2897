"""Ways to damage a trace or a journal, each repeatable by its seed."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLES = {
    "meta": ("key", "value"),
    "source": ("number", "path", "text"),
    "frame": ("number", "parent", "thread", "module", "function", "source", "line", "depth"),
    "value": ("number", "data"),
    "step": (
        "number", "time", "thread", "frame", "stage", "kind", "event", "source", "line", "changes", "value", "data",
    ),
}  # fmt: skip

_POINTERS = (("frame", "parent"), ("step", "frame"), ("step", "value"), ("frame", "source"), ("step", "source"))

SOURCES = (
    "", "\0", "def f(:\n", "a\n" * 1_000_000, "a;" * 400_000, "(" * 100_000, "x = 1\r\n\f\x0b\n" * 50,
    "def f():\n" + " " * 5_000 + "pass\n", "𝔘" * 5_000, "\x1b[31m\x9b31m\u202e", "if a:\n" * 90, "[" * 90 + "]" * 90,
)  # fmt: skip


def mutate(original: Path, target: Path, seed: int) -> str:
    """Write a damaged copy of a trace or journal; return what was done to it."""
    chance = random.Random(seed)
    if original.read_bytes()[:15] == b"SQLite format 3" and chance.random() < 0.65:
        shutil.copyfile(original, target)
        done = [_in_rows(target, chance) for _ in range(chance.choice((1, 1, 1, 2, 4, 12)))]
        return ", ".join(done)
    how = chance.choice(_BYTES)
    target.write_bytes(how(bytearray(original.read_bytes()), chance))
    return how.__name__.strip("_")


# ── Bytes ──────────────────────────────────────────────────────────────────────────────────────────


def _flip(content: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 8, 60))):
        at = chance.randrange(len(content)) if chance.random() < 0.8 else chance.randrange(min(200, len(content)))
        content[at] = chance.randrange(256)
    return bytes(content)


def _cut(content: bytearray, chance: random.Random) -> bytes:
    return bytes(content[: chance.randrange(len(content))])


def _zeros(content: bytearray, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(content)), chance.choice((1, 16, 512, 4096, 20_000))
    content[at : at + length] = bytes(min(length, len(content) - at))
    return bytes(content)


def _swapped_blocks(content: bytearray, chance: random.Random) -> bytes:
    size = chance.choice((16, 512, 4096))
    a, b = (chance.randrange(max(len(content) // size, 1)) * size for _ in range(2))
    first, second = bytes(content[a : a + size]), bytes(content[b : b + size])
    if len(first) == len(second):
        content[a : a + size], content[b : b + size] = second, first
    return bytes(content)


def _tail(content: bytearray, chance: random.Random) -> bytes:
    return bytes(content) + chance.randbytes(chance.choice((1, 9, 500, 4096)))


def _repeated(content: bytearray, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(content)), chance.choice((9, 200, 4096))
    return bytes(content[: at + length] + content[at:])


_BYTES: list[Callable[[bytearray, random.Random], bytes]] = [
    _flip, _flip, _cut, _zeros, _swapped_blocks, _tail, _repeated,
]  # fmt: skip


# ── Rows ───────────────────────────────────────────────────────────────────────────────────────────


def _in_rows(path: Path, chance: random.Random) -> str:
    """Change the content of a table; a change that violates the table's constraints has no effect."""
    connection = sqlite3.connect(path)
    try:
        how = chance.choice(_ROWS)
        try:
            done = how(connection, chance)
            connection.commit()
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            connection.rollback()
            return f"nothing ({type(error).__name__})"
        return done
    finally:
        connection.close()


def _some_key(connection: sqlite3.Connection, table: str, chance: random.Random) -> Any:
    key = TABLES[table][0]
    (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    place = chance.randrange(max(count, 1))
    row = connection.execute(f"SELECT {key} FROM {table} LIMIT 1 OFFSET ?", (place,)).fetchone()
    return None if row is None else row[0]


def _anything(chance: random.Random) -> Any:
    return chance.choice(
        (
            None, 0, -1, 1, 7, 10**6, 2**31, 2**63 - 1, -(2**63), 0.5, float("inf"), "", "x", "0", "line", "call",
            "config", "forward", b"", b"\xff\xfe", b"\0" * 9, "[]", "{}", "null", "[[]]", '{"is":"text"}',
            '{"is":"mapping","type":"dict","length":1,"items":[["a",0]]}', "\ud800".encode("utf-8", "surrogatepass"),
            "\x1b]0;x\x07", "[" * 3_000, '{"a":' * 500, "9" * 400, chance.randrange(5_000),
        )
    )  # fmt: skip


def _cell(connection: sqlite3.Connection, chance: random.Random) -> str:
    table = chance.choice(("meta", "source", "frame", "value", "step", "step"))
    column, key = chance.choice(TABLES[table]), _some_key(connection, table, chance)
    value = _anything(chance)
    every = chance.random() < 0.08
    where = "1" if every else f"{TABLES[table][0]} = ?"
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,) if every else (value, key))
    return f"{table}.{column}={str(value)[:20]!r}{' everywhere' if every else ''}"


def _gone(connection: sqlite3.Connection, chance: random.Random) -> str:
    table = chance.choice(tuple(TABLES))
    key = _some_key(connection, table, chance)
    compare = chance.choice(("=", "=", ">", "<"))
    connection.execute(f"DELETE FROM {table} WHERE {TABLES[table][0]} {compare} ?", (key,))
    return f"{table} rows {compare} {key} gone"


def _pointer(connection: sqlite3.Connection, chance: random.Random) -> str:
    """Make frames, values and steps refer to another number, possibly to themselves or in a cycle."""
    table, column = chance.choice(_POINTERS)
    key, other = _some_key(connection, table, chance), _some_key(connection, "frame", chance)
    if chance.random() < 0.5:
        other = chance.randrange(9_000)
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE number = ?", (other, key))
    return f"{table}.{column} {key} → {other}"


def _source(connection: sqlite3.Connection, chance: random.Random) -> str:
    text = chance.choice(SOURCES).encode("utf-8", "surrogatepass")
    packed = zlib.compress(text) if chance.random() < 0.85 else text
    number = _some_key(connection, "source", chance)
    connection.execute("UPDATE source SET text = ? WHERE number = ?", (packed, number))
    return f"source {number}: {text[:12]!r} × {len(text)}"


def _json(connection: sqlite3.Connection, chance: random.Random) -> str:
    """Change a place inside a JSON text."""
    table, column = chance.choice((("meta", "value"), ("value", "data"), ("step", "changes"), ("step", "data")))
    key_column, key = TABLES[table][0], _some_key(connection, table, chance)
    if column == "changes" or (table == "step" and chance.random() < 0.8):  # most steps have no changes
        rows = connection.execute(f"SELECT number FROM step WHERE length({column}) > 2").fetchall()
        key = chance.choice(rows)[0] if rows else key
    row = connection.execute(f"SELECT {column} FROM {table} WHERE {key_column} = ?", (key,)).fetchone()
    try:
        held = json.loads(row[0])
    except (TypeError, ValueError, RecursionError):  # an earlier mutation may have nested it without end
        return "nothing (no JSON)"
    changed = _changed(held, chance)
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key_column} = ?", (json.dumps(changed), key))
    return f"{table}.{column} of {key}: {str(changed)[:40]}"


def _changed(held: Any, chance: random.Random) -> Any:
    if isinstance(held, dict) and held and chance.random() < 0.8:
        key = chance.choice(list(held))
        if chance.random() < 0.15:
            del held[key]
        else:
            held[key] = _changed(held[key], chance)
        return held
    if isinstance(held, list) and held and chance.random() < 0.8:
        at = chance.randrange(len(held))
        if chance.random() < 0.15:
            del held[at]
        else:
            held[at] = _changed(held[at], chance)
        return held
    return chance.choice(
        (
            None, True, 0, -1, 1e308, 10**30, "", "x", "\u202e\x1b[2J", [], {}, [[]], [{}], {"is": "text"}, ["a", 1],
            {"a": {}}, "9" * 5_000,
        )
    )  # fmt: skip


_ROWS: list[Callable[[sqlite3.Connection, random.Random], str]] = [
    _cell, _cell, _gone, _pointer, _pointer, _source, _json, _json, _json,
]  # fmt: skip
