"""The journal of one recording, reserved for that recording from its first byte until its trace is sealed.

The file is created exclusively, so two recordings can't share it, and every writer holds a shared lock on it. Sealing a
journal that was left behind takes the exclusive lock, which is refused while any process writes.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, TypeAlias

from tracer.i18n import N_, Message, Sentence, path_here, reason_of
from tracer.text.shell import shell_word
from tracer.trace import append_only, journal
from tracer.trace.errors import JournalTaken, NotATrace

State: TypeAlias = Literal["recording", "left", "other"]
"""What a journal's path leads to: a journal being written, a journal that was left behind, or something else."""

SUFFIX: Final = ".journal"


def journal_path(trace: Path) -> Path:
    """Return the path of a trace's journal until it is sealed: in the same folder."""
    return trace.with_name(f"{trace.name}{SUFFIX}")


class HeldJournal:
    """A journal that belongs to this process. Leaving the ``with`` block releases it and keeps the file.

    Attributes:
        path: path of the file.
        identity: distinguishes it from any other file of that name, for the process that is to write it.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.identity = append_only.identity_of(descriptor)

    @classmethod
    def create(cls, path: Path) -> HeldJournal:
        """Create an empty journal.

        Raises:
            FileExistsError: the name is taken.
            OSError: it can't be created, or there is no space for it.
        """
        descriptor = append_only.open_exclusively(path)
        try:
            append_only.write_at(descriptor, journal.MAGIC, 0)
            append_only.reserve(descriptor, 2 * append_only.RESERVE)  # the writer keeps one of the two
        except BaseException:
            os.close(descriptor)
            os.unlink(path)
            raise
        return cls(path, descriptor)

    @classmethod
    def create_for(cls, trace: Path) -> HeldJournal:
        """Create the journal of a trace.

        Raises:
            JournalTaken: the name is taken, by whatever kind of file; the message says what to do.
            OSError: it can't be created.
        """
        path = journal_path(trace)
        try:
            return cls.create(path)
        except FileExistsError:
            raise refusal(trace) from None

    @classmethod
    def take_over(cls, path: Path) -> HeldJournal:
        """Take a journal that a recording left behind, to seal it.

        Raises:
            NotATrace: the file is missing, can't be read or is not a journal.
            JournalTaken: a recording is still writing it.
        """
        path = Path(os.path.realpath(path))
        try:
            descriptor = _open(path)
        except OSError as error:
            raise NotATrace(N_("{path} can't be read: {reason}."), path=path, reason=reason_of(error)) from None
        if not _is_journal(descriptor):
            os.close(descriptor)
            raise NotATrace(N_("{path} is not a glm-trace journal."), path=path)
        if not append_only.lock_alone(descriptor):
            os.close(descriptor)
            raise JournalTaken(
                N_("{path} is in use: a recording is still writing it. Wait until that has ended, or end it."),
                path=path,
            )
        return cls(path, descriptor)

    def __enter__(self) -> HeldJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def reader(self) -> journal.JournalReader:
        """Return a reader of this very file, whatever its name is by now."""
        return journal.JournalReader(self.path, self._descriptor)

    def is_named(self) -> bool:
        """Return whether the file still has its name."""
        try:
            named = os.lstat(self.path)
        except OSError:
            return False
        return (named.st_dev, named.st_ino) == self.identity

    def append_at(self, end: int, record: bytes) -> None:
        """Write one more record at ``end``, after the last whole record, once no other process writes.

        Raises:
            OSError: there is no space.
        """
        os.ftruncate(self._descriptor, end)
        append_only.write_at(self._descriptor, record, end)

    def remove(self) -> None:
        """Delete the file, unless another file has its name by now, and release it.

        Raises:
            OSError: it can't be deleted.
        """
        try:
            if self.is_named():
                os.unlink(self.path)
        finally:
            self.close()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_REFUSALS: Final[dict[State, Message]] = {
    "recording": N_(
        "Another recording is writing {trace}: its journal {journal} is in use. Choose another name for this one."
    ),
    "left": N_(
        "{journal} holds what a recording that could not finish left behind. Turn it into a trace with: glm-trace "
        "seal {quoted} – or choose another name for this recording."
    ),
    "other": N_(
        "{journal} exists and is not a journal of a recording, so it is not overwritten. Choose "
        "another name for this recording."
    ),
}


def refusal(trace: Path) -> JournalTaken:
    """Return the error for a trace whose journal's name is taken: why it can't be recorded, and what to do."""
    path = journal_path(trace)
    return JournalTaken(_REFUSALS[state_of(path)], journal=path, trace=trace, quoted=shell_word(path_here(path)))


def state_of(path: Path) -> State:
    """Return what a journal's path leads to."""
    try:
        descriptor = _open(path, os.O_NOFOLLOW)
    except OSError:
        return "other"
    try:
        if not _is_journal(descriptor):
            return "other"
        return "left" if append_only.lock_alone(descriptor) else "recording"
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int = 0) -> int:
    """Open for writing where that is allowed, because locks on network file systems need it."""
    flags |= os.O_CLOEXEC | os.O_NONBLOCK  # a pipe of that name must not block
    with contextlib.suppress(PermissionError):
        return os.open(path, os.O_RDWR | flags)
    return os.open(path, os.O_RDONLY | flags)


def _is_journal(descriptor: int) -> bool:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return False
    return os.pread(descriptor, len(journal.MAGIC), 0) == journal.MAGIC


def missing(path: Path) -> Sentence:
    """Return the error for a missing trace, which says where its recording is if that could not finish."""
    left = journal_path(path)
    try:
        with left.open("rb") as file:
            there = file.read(len(journal.MAGIC)) == journal.MAGIC  # another file may have the name by now
    except OSError:
        there = False
    if there:
        quoted = shell_word(path_here(left))
        return Sentence(
            N_(
                "There is no file {path}, but {left} is there: a recording that has not ended, or could not "
                "finish. Read it with: glm-trace show {quoted} – or turn it into a trace: glm-trace seal {quoted}"
            ),
            path=path,
            left=left,
            quoted=quoted,
        )
    return Sentence(
        N_("There is no file {path}. Record one with: glm-trace load MODEL_DIR -o {name}"),
        path=path,
        name=shell_word(path.name),
    )
