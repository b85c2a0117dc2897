"""The journal: the crash-safe file that a trace is written to while it is being recorded.

Layout: :data:`MAGIC`, then records of ``kind (1 byte) · length (u32 LE) · checksum (u32 LE) · payload`` with a JSON
payload and the crc32 of kind and payload. Once :meth:`JournalWriter.append` has returned, the operating system holds
the record, so it survives the death of the process by any signal. A record that a dying process left half-written at
the end fails its checksum, and the reader drops it.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tracer.i18n import N_
from tracer.trace import append_only
from tracer.trace.errors import NotATrace

MAGIC: Final = b"glm-trace journal 1\n"

META: Final = b"M"
SOURCE: Final = b"C"
FRAME: Final = b"F"
VALUE: Final = b"V"
STEP: Final = b"S"
REVISED: Final = b"R"  # a new version of a value in which a secret was found since
END: Final = b"E"
RECORD_KINDS: Final = frozenset(b"MCFVRSE")

_HEAD: Final = struct.Struct("<cII")
_MAX_PAYLOAD: Final = 64 << 20  # no real record comes near that size; a damaged length must not allocate memory


class Record(NamedTuple):
    kind: bytes
    payload: bytes


def encode_record(kind: bytes, payload: bytes) -> bytes:
    """Return the bytes of one record."""
    return _HEAD.pack(kind, len(payload), _checksum(kind, payload)) + payload


def _checksum(kind: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, kind[0])


class JournalWriter:
    """Append records to a file that outlives the process: there is no buffer that could be lost with it."""

    def __init__(self, path: Path, identity: append_only.Identity | None = None) -> None:
        """Create the file, or open the file with this ``identity`` that another process created.

        Raises:
            FileExistsError: the name is taken, or the file is not the one with this ``identity``.
            OSError: it can't be created.
        """
        self._file = append_only.create(path, identity)
        self._file.append(MAGIC)

    @property
    def size(self) -> int:
        """Return how many bytes were written."""
        return self._file.size

    def append(self, records: bytes) -> None:
        """Append one or more records made by :func:`encode_record`.

        Raises:
            OSError: the disk is full or the file is gone.
        """
        self._file.append(records)

    def append_last(self, records: bytes) -> None:
        """Append into the reserve, after the disk was full.

        Raises:
            OSError: the records are larger than the reserve.
        """
        self._file.append_last(records)

    def complete(self, records: bytes, start: int) -> None:
        """Finish an :meth:`append` that an exception cut short, such as a KeyboardInterrupt.

        ``start`` is the size before it.
        """
        self._file.complete(records, start)

    def close(self) -> None:
        self._file.close()

    def let_go(self) -> None:
        """Stop writing, in a forked process: the file belongs to the parent."""
        self._file.let_go()


class JournalReader:
    """Read the records that are whole, and continue from there when more have been written.

    ``damaged`` becomes true when a whole record fails its checksum; nothing after it is read. Zeros at the end are
    space that was reserved and never used.
    """

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        self._path = path
        source = path if descriptor is None else os.dup(descriptor)
        self._file = open(source, "rb", buffering=0)  # noqa: SIM115
        self._at = 0
        self.damaged = False

    @property
    def end(self) -> int:
        """Return the offset at which the last whole record that was read ends."""
        return self._at

    def read_new(self) -> Iterator[Record]:
        """Yield the records that were completed since the last call.

        Raises:
            NotATrace: the file does not begin like a journal.
        """
        self.damaged = False
        length = _CHUNK
        while data := self._read(length):
            at = 0
            if self._at == 0:
                if MAGIC.startswith(data) and data != MAGIC:
                    return
                if not data.startswith(MAGIC):
                    raise NotATrace(N_("{path} is not a glm-trace journal."), path=self._path)
                self._at = at = len(MAGIC)
            while (end := self._end_of_record(data, at)) > 0:
                record = Record(data[at : at + 1], data[at + _HEAD.size : end])
                self._at += end - at
                at = end
                yield record
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
        """Return the offset at which the record at this offset ends.

        If it is not whole, return minus the number of bytes to read to have it whole; 0 if there is no record.
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
