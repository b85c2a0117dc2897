"""Errors of commands about exercises."""

from __future__ import annotations

from typing import Any

from tracer.i18n import Message, Sentence
from tracer.text.visible import visible
from tracer.trace.errors import TracerError


class ExerciseError(TracerError):
    """A mistake about exercises, with the exit code of its command; its values are shown as they can be printed."""

    def __init__(self, message: Message, exit_code: int = 2, /, **values: Any) -> None:
        shown = {name: value if isinstance(value, Sentence) else visible(str(value)) for name, value in values.items()}
        self.exit_code = exit_code
        super().__init__(message, **shown)
