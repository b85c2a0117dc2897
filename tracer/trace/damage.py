"""What a damaged trace makes its readers raise, turned into one sentence."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from tracer.text.visible import one_line
from tracer.trace.errors import NotATrace

_DAMAGE: Final = (
    sqlite3.DatabaseError,
    msgspec.MsgspecError,
    UnicodeDecodeError,
    zlib.error,
    TypeError,
    OverflowError,
    RecursionError,
)


class DamageGuard(AbstractContextManager[None]):
    """Turns what a damaged file makes SQLite or a decoder raise into one sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, _DAMAGE) and not isinstance(error, sqlite3.ProgrammingError):  # that one is the caller's
            what = one_line(str(error), 200)  # it can quote what the file holds
            raise NotATrace(f"{self._path} is damaged and can't be read: {what}. Record the load again.") from error
