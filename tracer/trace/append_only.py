"""A file that only grows. What was appended is held by the operating system, so it outlives the process.

Where the system can reserve disk space, the end of the file is mapped into memory, and appending is a copy. A ``write``
call costs several times as much, and more when other threads are running, because it releases the GIL.

Some space after the end is always kept in reserve: when the disk is full, that fact can still be recorded.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from pathlib import Path
from typing import Final, Protocol, TypeAlias

WINDOW: Final = 1 << 20
"""Number of bytes reserved and mapped at a time."""

RESERVE: Final = 16 << 10
"""Number of bytes kept after the end for :meth:`AppendOnlyFile.append_last`."""

Identity: TypeAlias = tuple[int, int]
"""Device and inode: they identify a file whatever its name."""

_FLAGS: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class AppendOnlyFile(Protocol):
    """A file whose appended data every reader sees at once, and which survives the death of the process.

    Attributes:
        size: number of bytes in the file.
    """

    size: int

    def append(self, data: bytes) -> None:
        """Append at least one byte. A reader sees the first byte only once all of them can be read.

        Raises:
            OSError: the disk is full or the file is gone.
        """

    def append_last(self, data: bytes) -> None:
        """Append into the reserve, after :meth:`append` found the disk full.

        Raises:
            OSError: the data is larger than the reserve.
        """

    def complete(self, data: bytes, start: int) -> None:
        """Finish an ``append`` that an exception cut short, such as a KeyboardInterrupt. ``start`` is the size before
        it."""

    def close(self) -> None:
        """Truncate the file to its data and close it."""

    def let_go(self) -> None:
        """Close the file as it is: it belongs to the process that this one was forked from."""


def create(path: Path, identity: Identity | None = None) -> AppendOnlyFile:
    """Create an empty file that only its owner may read, or open the file that another process created for this one.

    Raises:
        FileExistsError: the name is taken.
        OSError: the file can't be created, or it is not the file of that ``identity``.
    """
    fd = open_exclusively(path) if identity is None else _open_made(path, identity)
    if hasattr(os, "posix_fallocate"):
        try:
            return MappedFile(fd)
        except OSError:  # the file system can't map files, or is full: the first write will report that
            os.ftruncate(fd, 0)
    return PlainFile(fd)


def open_exclusively(path: Path) -> int:
    """Create a file under a name that nothing has yet, not even a link, and lock it against sealing.

    Raises:
        FileExistsError: the name is taken.
        OSError: the file can't be created.
    """
    fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    _lock(fd)
    return fd


def _open_made(path: Path, identity: Identity) -> int:
    fd = os.open(path, _FLAGS)
    if identity_of(fd) != identity:
        os.close(fd)
        raise FileExistsError(errno.EEXIST, "is another file than the one that was made for this recording", str(path))
    _lock(fd)
    return fd


def identity_of(fd: int) -> Identity:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _lock(fd: int) -> None:
    """Take a shared lock for as long as the file is open."""
    import fcntl  # imported here: reading a trace must not need it

    with contextlib.suppress(OSError):  # the file system has no locks
        fcntl.flock(fd, fcntl.LOCK_SH)


def lock_alone(fd: int) -> bool:
    """Take the exclusive lock. Return False if the file is being written."""
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # the file system has no locks
    return True


def write_at(fd: int, data: bytes, at: int) -> None:
    """Write all of the data at an offset of the file.

    Raises:
        OSError: for example, the disk is full.
    """
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written


def reserve(fd: int, size: int) -> None:
    """Reserve disk space for ``size`` bytes, where the system can.

    Raises:
        OSError: there is not enough space.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)


class MappedFile:
    """A file mapped into memory.

    Reserving space first turns a full disk into an OSError at that point, instead of a SIGBUS in the middle of a copy.
    """

    def __init__(self, fd: int) -> None:
        self.size = 0
        self._fd = fd
        # The mapping, the offset where it begins, and the end of the part that `append` may fill. The reserve follows
        # that.
        self._window: tuple[mmap.mmap | None, int, int] = (None, 0, 0)
        self._move_window(0, 1)

    def append(self, data: bytes) -> None:
        start, end = self.size, self.size + len(data)
        if end > self._window[2]:
            self._move_window(start, end)
        self._copy(data, start, end)

    def append_last(self, data: bytes) -> None:
        start, end = self.size, self.size + len(data)
        if end > self._window[2] + RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._copy(data, start, end)

    def complete(self, data: bytes, start: int) -> None:
        self.size = start
        self.append(data)

    def close(self) -> None:
        if self._fd >= 0:
            self._window = (None, 0, 0)
            os.ftruncate(self._fd, self.size)
            self.let_go()

    def let_go(self) -> None:
        if self._fd >= 0:
            self._window = (None, 0, 0)
            os.close(self._fd)
            self._fd = -1

    def _copy(self, data: bytes, start: int, end: int) -> None:
        mapped, begin, _ = self._window
        assert mapped is not None
        mapped[start - begin + 1 : end - begin] = data[1:]
        mapped[start - begin] = data[0]
        self.size = end

    def _move_window(self, start: int, end: int) -> None:
        begin = start - start % mmap.ALLOCATIONGRANULARITY
        needed = end - begin
        for length in sorted({max(WINDOW, needed), max(WINDOW >> 4, needed), needed}, reverse=True):
            try:
                os.posix_fallocate(self._fd, begin, length + RESERVE)
                break
            except OSError:  # little space is left: reserve less
                if length == needed:
                    raise
        mapped = mmap.mmap(self._fd, length + RESERVE, offset=begin)
        self._window = (mapped, begin, begin + length)


class PlainFile:
    """A file for systems that can't reserve space: plain ``write`` calls, without a buffer that would be lost with the
    process.

    Space is kept by writing zeros, which a journal reader takes for the end.
    """

    def __init__(self, fd: int) -> None:
        self.size = 0
        self._fd = fd
        self._room = 0

    def append(self, data: bytes) -> None:
        needed = self.size + len(data) + RESERVE
        if needed > self._room:
            room = needed + RESERVE
            write_at(self._fd, bytes(room - self._room), self._room)
            self._room = room
        self.append_last(data)

    def append_last(self, data: bytes) -> None:
        write_at(self._fd, data, self.size)
        self.size += len(data)

    def complete(self, data: bytes, start: int) -> None:
        self.size = start
        self.append(data)

    def close(self) -> None:
        if self._fd >= 0:
            os.ftruncate(self._fd, self.size)
            self.let_go()

    def let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
