"""Temporary files and folders that disappear with the process that made them, even if it is killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

_PREFIX: Final = "glm-trace-"
_FOLDER: Final = "glm-trace-scratch-"  # each of these folders is locked while its process lives
_JUST_MADE: Final = 60  # seconds during which a new folder may not have been locked yet


def unnamed_file() -> IO[bytes]:
    """Open a file that has no name, so that it can't be left behind."""
    try:
        return tempfile.TemporaryFile(prefix=_PREFIX)
    except OSError:  # there is no folder for temporary files, or no space in it
        return os.fdopen(os.memfd_create(_PREFIX), "w+b")


def path_of(file: IO[Any]) -> Path:
    """Return a path at which other processes of this user can open the file while it is open here."""
    return Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for temporary files, delete it at the end, and delete those of processes that were killed."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_FOLDER, ignore_cleanup_errors=True) as folder:
        lock = _lock(Path(folder))
        try:
            yield Path(folder)
        finally:
            if lock is not None:
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder for as long as this process has it open. Return None if another process holds the lock."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _sweep(place: Path) -> None:
    with contextlib.suppress(OSError):
        for folder in place.glob(f"{_FOLDER}*"):
            with contextlib.suppress(OSError):
                found = folder.lstat()
                if found.st_uid != os.getuid() or time.time() - found.st_mtime < _JUST_MADE:
                    continue
                if (lock := _lock(folder)) is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    os.close(lock)
