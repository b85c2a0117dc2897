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

from tracer.trace import append_only
from tracer.trace.errors import NotATrace

MAGIC: Final = b"glm-trace journal 1\n"

META: Final = b"M"
SOURCE: Final = b"C"
FRAME: Final = b"F"
VALUE: Final = b"V"
STEP: Final = b"S"
REVISED: Final = b"R"  # a value anew, in which a secret was found meanwhile
END: Final = b"E"
RECORD_KINDS: Final = frozenset(b"MCFVRSE")

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
    """Appends records to a file that outlives the process: there is no buffer of ours that could die with it."""

    def __init__(self, path: Path, identity: append_only.Identity | None = None) -> None:
        """Make the file, or write the one of this ``identity`` that another process has made.

        Raises:
            FileExistsError: something of that name is there, or another file than that one.
            OSError: it can't be made.
        """
        self._file = append_only.create(path, identity)
        self._file.append(MAGIC)

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._file.size

    def append(self, records: bytes) -> None:
        """Append one or more records made by :func:`frame_record`.

        Raises:
            OSError: the disk is full or the file is gone.
        """
        self._file.append(records)

    def append_last(self, records: bytes) -> None:
        """Append from the room that was kept for it, after the disk was full.

        Raises:
            OSError: they are longer than that room.
        """
        self._file.append_last(records)

    def complete(self, records: bytes, start: int) -> None:
        """Write what is missing of records whose appending an exception, say a KeyboardInterrupt, cut short.

        ``start`` is the size before it.
        """
        self._file.complete(records, start)

    def close(self) -> None:
        self._file.close()

    def let_go(self) -> None:
        """Write no more, in a process that was forked off: the file belongs to the other one."""
        self._file.let_go()


class JournalReader:
    """Reads records as far as they are whole, and goes on from there when more have been written.

    ``damaged`` becomes true where a whole record fails its checksum; nothing behind it is read. Zeros at the end are
    room that was reserved and never used.

    Attributes:
        dangling: bytes at the end that make no whole record (yet).
    """

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        self._path = path
        source = path if descriptor is None else os.dup(descriptor)
        self._file = open(source, "rb", buffering=0)  # noqa: SIM115
        self._at = 0
        self.dangling = 0
        self.damaged = False

    @property
    def end(self) -> int:
        """Where the last whole record that was read ends."""
        return self._at

    def read_new(self) -> Iterator[Record]:
        """The records that were completed since the last call.

        Raises:
            NotATrace: the file does not begin as a journal does.
        """
        self.damaged = False
        self.dangling = 0
        length = _CHUNK
        while data := self._read(length):
            at = 0
            if self._at == 0:
                self.dangling = len(data)
                if MAGIC.startswith(data) and data != MAGIC:
                    return
                if not data.startswith(MAGIC):
                    raise NotATrace(f"{self._path} is no glm-trace journal.")
                self._at = at = len(MAGIC)
            self.dangling = len(data) - at
            while (end := self._end_of_record(data, at)) > 0:
                record = Record(data[at : at + 1], data[at + _HEAD.size : end])
                self._at += end - at
                at = end
                self.dangling = len(data) - at
                yield record
            if data[at : at + 1] == b"\0":
                self.dangling = 0
            missing = -end
            if self.damaged or (at == 0 and missing <= length):
                return
            length = max(_CHUNK, missing)

    def close(self) -> None:
        self._file.close()

    def _read(self, length: int) -> bytes:
        self._file.seek(self._at)
        return self._file.read(length)

    def _end_of_record(self, data: bytes, at: int) -> int:
        """Where the record at this place ends; if it is not whole, minus the bytes that would have to be read for it.

        0 where there is none.
        """
        if len(data) - at < _HEAD.size:
            return -_HEAD.size if at < len(data) else 0
        kind, length, checksum = _HEAD.unpack_from(data, at)
        end: int = at + _HEAD.size + length
        if kind == b"\0":
            return 0
        if kind[0] not in RECORD_KINDS or length > _MAX_PAYLOAD:
            self.damaged = True
            return 0
        if end > len(data):
            return at - end
        if _checksum(kind, data[at + _HEAD.size : end]) != checksum:
            self.damaged = True
            return 0
        return end


_CHUNK: Final = 1 << 20
