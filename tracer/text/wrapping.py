"""Break text into lines where its language allows: English between words, Chinese between characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

# What stays together: a wide character with closing punctuation after it and opening punctuation before, or a word.
WIDE: Final = "\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6"
_CLOSING: Final = "，。；：、！？）】》」』”’…"
_OPENING: Final = "（【《「『“‘"
_PIECE: Final = re.compile(
    rf"[{_OPENING}]*(?:[{WIDE}]|[^\s{WIDE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+|\s+"
)


class Prose:
    """Text broken into lines of the available width."""

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
    """Return the lines of a text, at most ``width`` columns wide; a longer unbreakable part is cut."""
    return (text[start:end] for start, end in line_spans(text, width))


def line_spans(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Return where each of those lines begins and ends in the text."""
    position = 0
    for paragraph in text.split("\n"):
        for start, end in _spans(paragraph, width):
            yield position + start, position + end
        position += len(paragraph) + 1


def _spans(paragraph: str, width: int) -> Iterator[tuple[int, int]]:
    start = end = 0  # the line being filled
    for piece in _PIECE.finditer(paragraph):
        if cell_len(paragraph[start:end]) + cell_len(piece[0].rstrip()) <= width:
            end = piece.end()
            continue
        if paragraph[start:end].strip():
            yield start, start + len(paragraph[start:end].rstrip())
        start, end = piece.end() - len(piece[0].lstrip()), piece.end()
        while cell_len(paragraph[start:end]) > width:
            cut = start + _fits(paragraph[start:end], width)
            yield start, cut
            start = cut
    yield start, start + len(paragraph[start:end].rstrip())


def _fits(text: str, width: int) -> int:
    """Return how many characters of a text fit; at least 1."""
    used = 0
    for position, char in enumerate(text):
        used += cell_len(char)
        if used > width:
            return max(position, 1)
    return len(text)
