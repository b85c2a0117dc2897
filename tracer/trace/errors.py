"""Errors that a person sees: one sentence that names the thing, what was expected, and what to do."""

from __future__ import annotations

from pathlib import Path


class TracerError(Exception):
    """Base of every error that glm-trace raises on purpose. ``str()`` of it is a sentence for a person."""

    exit_code = 2


class NotATrace(TracerError):
    """The file is no trace, or is damaged beyond reading."""


class DanglingNumber(NotATrace, KeyError):
    """The trace was asked for, or points at, a value, frame or source that it does not hold."""

    __str__ = Exception.__str__  # KeyError's shows the repr of a sentence


class JournalTaken(TracerError):
    """The journal that a recording needs is another recording's, or was left behind by one."""


class NotSealed(TracerError):
    """The trace could not be written; the journal with all that was recorded is still there.

    Attributes:
        journal: where it is.
    """

    def __init__(self, sentence: str, journal: Path) -> None:
        super().__init__(sentence)
        self.journal = journal


class NewerTrace(TracerError):
    """The trace was written by a newer glm-trace with another schema."""
