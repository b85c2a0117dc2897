"""A file that grows at its end, byte by byte in the operating system's hands, so that it outlives the process.

Where the system can reserve room on the disk, the end of the file is mapped into memory: appending is then a copy. A
``write`` call costs several times as much, and more where other threads run, for it lets go of Python's lock.

Some room is always kept behind the end: when the disk is full, that can still be written down.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from pathlib import Path
from typing import Final, Protocol, TypeAlias

WINDOW: Final = 1 << 20
"""Bytes that are reserved and mapped at a time."""

RESERVE: Final = 16 << 10
"""Bytes kept behind the end for :meth:`AppendOnlyFile.append_last`."""

Identity: TypeAlias = tuple[int, int]
"""Device and inode: which file it is, whatever its name."""

_FLAGS: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class AppendOnlyFile(Protocol):
    """What has been appended is at once there for every reader, and stays when the process dies.

    Attributes:
        size: how many bytes there are.
    """

    size: int

    def append(self, data: bytes) -> None:
        """Append at least one byte. A reader sees the first byte only when it could read all of them.

        Raises:
            OSError: the disk is full or the file is gone.
        """

    def append_last(self, data: bytes) -> None:
        """Append from the room that was kept, after :meth:`append` found none.

        Raises:
            OSError: it is more than was kept.
        """

    def complete(self, data: bytes, start: int) -> None:
        """Bring an ``append`` to its end that an exception cut short, say a KeyboardInterrupt; ``start`` is the size
        before it."""

    def close(self) -> None:
        """Let the file end where its bytes do."""

    def let_go(self) -> None:
        """Leave the file as it is: it belongs to the process that this one was forked from."""


def create(path: Path, identity: Identity | None = None) -> AppendOnlyFile:
    """Make an empty file, which only its owner may read; or write the one that another process has made for this one.

    Raises:
        FileExistsError: something of that name is there.
        OSError: it can't be made, or it is not the file of that ``identity``.
    """
    fd = open_exclusively(path) if identity is None else _open_made(path, identity)
    if hasattr(os, "posix_fallocate"):
        try:
            return _MappedFile(fd)
        except OSError:  # a file system that maps no files, or is full: that will be said at the first write
            os.ftruncate(fd, 0)
    return _PlainFile(fd)


def open_exclusively(path: Path) -> int:
    """Create a file where there is nothing, not even a link, and lock it against sealing.

    Raises:
        FileExistsError: something of that name is there.
        OSError: it can't be made.
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
    """Hold a lock that others may hold as well, for as long as the file is open."""
    import fcntl  # here: reading a trace must not need it

    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(fd, fcntl.LOCK_SH)


def lock_alone(fd: int) -> bool:
    """Take the lock that nobody else may hold; False where somebody writes the file."""
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True


def write_at(fd: int, data: bytes, at: int) -> None:
    """Write all of the data at a place of the file.

    Raises:
        OSError: the disk is full, say.
    """
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written


def reserve(fd: int, size: int) -> None:
    """Make sure that there is room for so many bytes.

    Raises:
        OSError: there is not.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)


class _MappedFile:
    """Reserving room first makes a full disk an OSError there, instead of a SIGBUS in the middle of a copy."""

    def __init__(self, fd: int) -> None:
        self.size = 0
        self._fd = fd
        # With its begin, and the end of what `append` may fill; the reserve is mapped behind that.
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
            except OSError:  # little room is left: take less of it
                if length == needed:
                    raise
        mapped = mmap.mmap(self._fd, length + RESERVE, offset=begin)
        self._window = (mapped, begin, begin + length)


class _PlainFile:
    """For systems that can't reserve room: plain ``write`` calls, without a buffer that could die with the process.

    Room is kept by writing zeros, which a reader of a journal takes for the end.
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
