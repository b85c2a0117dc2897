"""Source text as styled lines."""

from __future__ import annotations

from rich.syntax import Syntax as Highlighter
from rich.text import Text

from tracer.trace.visible import visible


def plain(lines: list[str]) -> list[Text]:
    """The lines without colours, which takes no time."""
    return [Text(_shown(line)) for line in lines]


def highlighted(lines: list[str], dark: bool) -> list[Text]:
    """The lines in a theme's colours; a third of a second for a file of 5,000 lines."""
    text = "\n".join(map(_shown, lines))
    highlighter = Highlighter(text, "python", theme="github-dark" if dark else "friendly", background_color="default")
    return list(highlighter.highlight(text).split("\n", allow_blank=True))[: len(lines)]


def _shown(line: str) -> str:
    return visible(line.expandtabs(4))
