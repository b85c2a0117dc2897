"""Break prose into lines for a terminal: Chinese between any two characters, but not before a comma."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len

_OPENING: Final = "（「《“"
_CLOSING: Final = "、，。：；）！？」》”…"
_CHINESE: Final = "\u3000-\u30ff\u3400-\u9fff\uff00-\uffef"
_PIECE: Final = re.compile(
    rf"\s+|[{_OPENING}]*(?:[{_CHINESE}]|[^\s{_CHINESE}{_OPENING}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+"
)


def wrapped(text: str, width: int) -> str:
    """Break a paragraph into lines of at most ``width`` cells; a word that is longer stays whole."""
    lines, room = [""], width
    for piece in _PIECE.findall(text):
        if lines[-1] and cell_len(piece.rstrip()) > room:
            lines.append("")
            room = width
        if lines[-1] or not piece.isspace():
            lines[-1] += piece
            room -= cell_len(piece)
    return "\n".join(line.rstrip() for line in lines)
