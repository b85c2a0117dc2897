"""Errors of commands about exercises."""

from __future__ import annotations

from typing import Any

from tracer.i18n import Lang, Message, Sentence
from tracer.text.visible import visible
from tracer.trace.errors import TracerError


class ExerciseError(TracerError):
    """A mistake about exercises, which can be told in both languages; ``str()`` of it is English."""

    def __init__(self, message: Message, exit_code: int = 2, /, **values: Any) -> None:
        shown = {name: value if isinstance(value, Sentence) else visible(str(value)) for name, value in values.items()}
        self.sentence = Sentence(message, **shown)
        self.exit_code = exit_code
        super().__init__(str(self.sentence))

    def told(self, lang: Lang) -> str:
        """Return the sentence in a language."""
        return self.sentence.localized(lang)
