"""Reading a stranger's files: regular files only, never more than a limit, and every surprise has a name."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tokenize
from pathlib import Path
from typing import Any, Final, NamedTuple

from tracer.remote_code.result import NoteKind

SOURCE_LIMIT: Final = 2 * 1024 * 1024
"""Bytes of a Python file that are searched and shown."""

HASH_LIMIT: Final = 256 * 1024 * 1024
"""Bytes beyond which not even the checksum is taken."""

JSON_LIMIT: Final = 32 * 1024 * 1024


class UnreadableError(Exception):
    """A file could not be read; the reader is told, and the look goes on."""

    def __init__(self, kind: NoteKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Source(NamedTuple):
    """A Python file as bytes, and as the interpreter would read it.

    Attributes:
        size: bytes of the whole file.
        sha256: of the whole file; empty if it is beyond the limit.
        data: its beginning, up to the limit.
        text: ``data`` decoded as the interpreter does, or as well as it can be.
        encoding: what the file declares.
        trouble: what went wrong with decoding, or empty.
    """

    size: int
    sha256: str
    data: bytes
    text: str
    encoding: str
    trouble: str

    @property
    def complete(self) -> bool:
        return len(self.data) == self.size


def is_file(path: Path) -> bool:
    """There is something of that name that is not a directory. A name the system refuses is not there."""
    try:
        return os.path.lexists(path) and not os.path.isdir(path)
    except ValueError:
        return False


def read_source(path: Path) -> Source:
    """Read a Python file; raises :class:`UnreadableError` if there is nothing to read."""
    data, size, sha256 = _read(path, SOURCE_LIMIT)
    text, encoding, trouble = decode(data, complete=len(data) == size)
    return Source(size, sha256, data, text, encoding, trouble)


def read_json(path: Path) -> Any:
    """Read JSON just as transformers does (same parser, UTF-8); raises :class:`UnreadableError`."""
    data, size, _ = _read(path, JSON_LIMIT)
    if len(data) < size:
        raise UnreadableError("too-large", f"{size}")
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableError("bad-json", f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnreadableError("bad-json", f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError("bad-json", str(error).partition(";")[0]) from None


def decode(data: bytes, *, complete: bool = True) -> tuple[str, str, str]:
    """Decode as the interpreter does, which obeys a declared encoding. Gives text, encoding and trouble."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, "strict" if complete else "ignore"), encoding, ""
    except (SyntaxError, UnicodeError, LookupError, ValueError) as error:
        return data.decode("utf-8", "backslashreplace"), "utf-8", str(error)


def _read(path: Path, limit: int) -> tuple[bytes, int, str]:
    """The beginning of a regular file, its size and its checksum."""
    try:
        info = os.stat(path)
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableError("unreadable", "not a regular file")
        with path.open("rb") as file:
            data = file.read(limit)
            size = len(data)
            digest = hashlib.sha256(data)
            while chunk := file.read(min(1024 * 1024, max(0, HASH_LIMIT - size))):
                digest.update(chunk)
                size += len(chunk)
            beyond = size >= HASH_LIMIT and bool(file.read(1))
    except OSError as error:
        raise UnreadableError("unreadable", error.strerror or type(error).__name__) from None
    except ValueError as error:  # a name that the system refuses
        raise UnreadableError("unreadable", str(error)) from None
    return (data, info.st_size, "") if beyond else (data, size, digest.hexdigest())
