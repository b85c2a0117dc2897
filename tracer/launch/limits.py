"""Limits of a job that nobody sits beside: time, how much it may write, and memory."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from tracer.trace.outcome import Outcome

Limit: TypeAlias = Literal["seconds", "output", "memory"]


class Limits(msgspec.Struct, frozen=True):
    """What a job may use; beyond it, its process and those that it has started are killed.

    Attributes:
        seconds: wall time from its start.
        bytes: what it prints and what is recorded of it, each.
        memory: what its process may allocate; the system holds it to that, see ``Job.memory``.
    """

    seconds: float
    bytes: int = 256 << 20
    memory: int = 4 << 30

    def passed(self, seconds: float, journal: Path, output: Path | None) -> Limit | None:
        """The limit that a job is beyond."""
        if seconds > self.seconds:
            return "seconds"
        written = max(_size(journal), _size(output) if output is not None else 0)
        return "output" if written > self.bytes else None


def is_out_of_memory(outcome: Outcome) -> bool:
    """Return whether an allocation failed: torch's allocator says so in a message, C++ by an end without one."""
    error, message = outcome.error or "", outcome.message or ""
    return error.endswith("MemoryError") or "DefaultCPUAllocator" in message or "bad_alloc" in message


def _size(path: Path) -> int:
    """Bytes on the disk: a journal is made large at once and filled."""
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0
