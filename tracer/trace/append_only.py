"""A file that grows at its end, byte by byte in the operating system's hands, so that it outlives the process.

Where the system can reserve room on the disk, the end of the file is mapped into memory: appending is then a copy. A
``write`` call costs several times as much, and more where other threads run, for it lets go of Python's lock.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final, Protocol

WINDOW: Final = 1 << 20
"""Bytes that are reserved and mapped at a time."""

_BINARY: Final = getattr(os, "O_BINARY", 0)


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

    def complete(self, data: bytes, start: int) -> None:
        """Bring an ``append`` to its end that an exception cut short, say a KeyboardInterrupt; ``start`` is the size
        before it."""

    def close(self) -> None:
        """Let the file end where its bytes do."""

    def let_go(self) -> None:
        """Leave the file as it is: it belongs to the process that this one was forked from."""


def create(path: Path) -> AppendOnlyFile:
    """Make an empty file, which only its owner may read.

    Raises:
        OSError: it can't be made.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
    if hasattr(os, "posix_fallocate"):
        try:
            return _MappedFile(fd)
        except OSError:  # a file system that maps no files, or is full: that will be said at the first write
            os.ftruncate(fd, 0)
    return _PlainFile(fd)


class _MappedFile:
    """Reserving room first makes a full disk an OSError there, instead of a SIGBUS in the middle of a copy."""

    def __init__(self, fd: int) -> None:
        self.size = 0
        self._fd = fd
        self._window: tuple[mmap.mmap | None, int, int] = (None, 0, 0)  # with its begin and end in the file
        self._move_window(0, 1)

    def append(self, data: bytes) -> None:
        start, end = self.size, self.size + len(data)
        if end > self._window[2]:
            self._move_window(start, end)
        mapped, begin, _ = self._window
        assert mapped is not None
        mapped[start - begin + 1 : end - begin] = data[1:]
        mapped[start - begin] = data[0]
        self.size = end

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

    def _move_window(self, start: int, end: int) -> None:
        begin = start - start % mmap.ALLOCATIONGRANULARITY
        length = max(WINDOW, end - begin)
        try:
            os.posix_fallocate(self._fd, begin, length)
        except OSError:  # little room is left: take what is needed of it
            length = end - begin
            os.posix_fallocate(self._fd, begin, length)
        self._window = (mmap.mmap(self._fd, length, offset=begin), begin, begin + length)


class _PlainFile:
    """For systems that can't reserve room: plain ``write`` calls, without a buffer that could die with the process."""

    def __init__(self, fd: int) -> None:
        self.size = 0
        self._fd = fd

    def append(self, data: bytes) -> None:
        end = self.size + len(data)
        while data:
            data = data[os.write(self._fd, data) :]
        self.size = end

    def complete(self, data: bytes, start: int) -> None:
        os.lseek(self._fd, start, os.SEEK_SET)
        self.size = start
        self.append(data)

    def close(self) -> None:
        self.let_go()

    def let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
