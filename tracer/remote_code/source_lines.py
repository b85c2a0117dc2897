"""Lines of a foreign source: counted as Python counts them, and searched for characters made to deceive a reader."""

from __future__ import annotations

import re
from typing import Final

_HIDDEN: Final = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0e"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]"
)


def hidden_lines(text: str) -> list[int]:
    """Numbers of the lines that hold characters made to hide or to reorder what is read."""
    if text.isascii() and _HIDDEN.search(text) is None:
        return []
    body = text.removeprefix("\ufeff")
    return [number for number, line in enumerate(split_lines(body), 1) if _HIDDEN.search(line)]


def split_lines(text: str) -> list[str]:
    """Split as Python's tokenizer counts lines: not at form feeds or Unicode separators."""
    return re.split(r"\r\n|\r|\n", text)
