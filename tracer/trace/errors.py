"""Errors shown to the user: one sentence that names the thing, what was expected, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracer.i18n import Lang, Message, Sentence


class TracerError(Exception):
    """Base of every error that glm-trace raises on purpose: a sentence for a person; ``str()`` of it is English.

    Args:
        message: the sentence, marked for translation. Without values it is taken as it is, braces included.
        values: for its placeholders.
    """

    exit_code = 2

    def __init__(self, message: Message | Sentence, /, **values: Any) -> None:
        self.sentence = message if isinstance(message, Sentence) else Sentence(message, **values)
        super().__init__(str(self.sentence))

    def localized(self, lang: Lang) -> str:
        """Return the sentence in a language."""
        return self.sentence.localized(lang)


class NotATrace(TracerError):
    """The file is not a trace, or is too damaged to be read."""


class DanglingNumber(NotATrace, KeyError):
    """A value, frame or source was requested, or is referenced by the trace, that the trace does not contain."""

    __str__ = Exception.__str__  # KeyError.__str__ shows the repr of the sentence


class JournalTaken(TracerError):
    """The journal that a recording needs belongs to another recording, or an earlier one left it behind."""


class NotSealed(TracerError):
    """The trace could not be written; the journal with everything recorded still exists.

    Attributes:
        journal: path of the journal.
    """

    def __init__(self, sentence: Sentence, journal: Path) -> None:
        super().__init__(sentence)
        self.journal = journal


class NewerTrace(TracerError):
    """The trace was written by a newer glm-trace with another schema."""
