"""Sentences broken into lines where their language lets them: English between words, Chinese between characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

# What stays together: a wide character with the closing marks after it (and the opening ones before), or a word.
_WIDE: Final = (
    "\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6"
)
_CLOSING: Final = "，。；：、！？）】》」』”’…"
_OPENING: Final = "（【《「『“‘"
_PIECE: Final = re.compile(
    rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+|\s+"
)


class Prose:
    """Text in lines of the width there is."""

    def __init__(self, text: str, style: str = "") -> None:
        self._text = text
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in wrapped(self._text, options.max_width):
            yield Text(line, self._style, no_wrap=True, overflow="ignore")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max((cell_len(line) for line in self._text.split("\n")), default=1)
        return Measurement(min(20, options.max_width), max(1, min(widest, options.max_width)))


def wrapped(text: str, width: int) -> Iterator[str]:
    """The lines of a text, none wider than ``width`` columns; what can't be parted is cut."""
    for paragraph in text.split("\n"):
        line = ""
        for piece in _PIECE.findall(paragraph):
            if cell_len(line) + cell_len(piece.rstrip()) <= width:
                line += piece
                continue
            if line.strip():
                yield line.rstrip()
            line = piece.lstrip()
            while cell_len(line) > width:
                cut = _fits(line, width)
                yield line[:cut]
                line = line[cut:]
        yield line.rstrip()


def _fits(text: str, width: int) -> int:
    """How many characters of a text fit; at least one."""
    used = 0
    for position, char in enumerate(text):
        used += cell_len(char)
        if used > width:
            return max(position, 1)
    return len(text)
