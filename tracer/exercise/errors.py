"""Errors of commands about exercises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracer.i18n import Message, Sentence, path_here
from tracer.text.visible import visible
from tracer.trace.errors import TracerError


class ExerciseError(TracerError):
    """A mistake about exercises, with the exit code of its command; its values are shown as they can be printed."""

    def __init__(self, message: Message, exit_code: int = 2, /, **values: Any) -> None:
        shown = {
            name: value
            if isinstance(value, Sentence)
            else visible(path_here(value) if isinstance(value, Path) else str(value))
            for name, value in values.items()
        }
        self.exit_code = exit_code
        super().__init__(message, **shown)


def _shown(value: Any) -> str | Sentence:
    if isinstance(value, Sentence):
        return value
    return visible(path_here(value) if isinstance(value, Path) else str(value))
