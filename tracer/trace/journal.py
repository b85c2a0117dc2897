"""The journal: the crash-safe file that a trace is written to while it is being recorded.

Layout: :data:`MAGIC`, then records of ``kind (1 byte) · length (u32 LE) · checksum (u32 LE) · payload`` with a JSON
payload and the crc32 of kind and payload. A record, once :meth:`JournalWriter.append` has returned, is in the
operating system's hands: it survives the death of the process by any signal. What a dying process left half-written
at the end fails its checksum and is dropped by the reader.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tracer.trace.errors import NotATrace

MAGIC: Final = b"glm-trace journal 1\n"

META: Final = b"M"
SOURCE: Final = b"C"
FRAME: Final = b"F"
VALUE: Final = b"V"
STEP: Final = b"S"
END: Final = b"E"
RECORD_KINDS: Final = frozenset(b"MCFVSE")

_HEAD: Final = struct.Struct("<cII")
_MAX_PAYLOAD: Final = 64 << 20  # no single record of ours comes near; a damaged length must not allocate


class Record(NamedTuple):
    kind: bytes
    payload: bytes


def frame_record(kind: bytes, payload: bytes) -> bytes:
    """The bytes of one record."""
    return _HEAD.pack(kind, len(payload), _checksum(kind, payload)) + payload


def _checksum(kind: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, kind[0])


class JournalWriter:
    """Appends records with plain ``write`` calls: no buffer of ours that could die with the process."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | _O_BINARY, 0o600)
        self._write_all(MAGIC)
        self.size = len(MAGIC)

    def append(self, records: bytes) -> None:
        """Append one or more records made by :func:`frame_record`.

        Raises:
            OSError: the disk is full or the file is gone.
        """
        written = os.write(self._fd, records)
        if written != len(records):
            self._write_all(records[written:])
        self.size += len(records)

    def complete(self, records: bytes, start: int) -> None:
        """Write what is missing of records whose appending an exception, say a KeyboardInterrupt, cut short.

        ``start`` is the size before it.
        """
        end = start + len(records)
        if missing := end - os.lseek(self._fd, 0, os.SEEK_CUR):
            self._write_all(records[-missing:])
        self.size = end

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]


class JournalReader:
    """Reads records as far as they are whole, and goes on from there when more have been written.

    ``damaged`` becomes true where a whole record fails its checksum; reading stops for good there.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._tail = b""
        self._started = False
        self.damaged = False

    def read_new(self) -> Iterator[Record]:
        """The records that were completed since the last call.

        Raises:
            NotATrace: the file does not begin as a journal does.
        """
        if self.damaged:
            return
        while chunk := self._file.read(1 << 20):
            self._tail += chunk
            yield from self._whole_records()

    def close(self) -> None:
        self._file.close()

    @property
    def dangling(self) -> int:
        """Bytes at the end that make no whole record (yet)."""
        return len(self._tail)

    def _whole_records(self) -> Iterator[Record]:
        data, at = self._tail, 0
        if not self._started:
            if len(data) < len(MAGIC):
                return
            if not data.startswith(MAGIC):
                raise NotATrace(f"{self._file.name} is no glm-trace journal.")
            self._started, at = True, len(MAGIC)
        while len(data) - at >= _HEAD.size:
            kind, length, checksum = _HEAD.unpack_from(data, at)
            end = at + _HEAD.size + length
            if kind[0] not in RECORD_KINDS or length > _MAX_PAYLOAD:
                self.damaged = True
                break
            if end > len(data):
                break
            payload = data[at + _HEAD.size : end]
            if _checksum(kind, payload) != checksum:
                self.damaged = True
                break
            at = end
            yield Record(kind, payload)
        self._tail = data[at:]


_O_BINARY: Final = getattr(os, "O_BINARY", 0)
