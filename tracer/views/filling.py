"""Sentences of a catalogue filled in, with the singular where one thing is counted.

``{count:# tensor|# tensors}`` gives ``1 tensor`` and ``2 tensors``.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any, Final


class _Filler(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        one, choice, many = format_spec.partition("|")
        if choice:
            return (one if str(value) == "1" else many).replace("#", str(value))
        return str(super().format_field(value, format_spec))


_FILLER: Final = _Filler()


def fill(sentence: str, values: Mapping[str, Any]) -> str:
    """Return the sentence with its placeholders filled in.

    Raises:
        KeyError: a placeholder has no value.
    """
    return _FILLER.vformat(sentence, (), values)
