"""Turn the errors that a damaged trace causes in its readers into one sentence."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from tracer.i18n import N_
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
