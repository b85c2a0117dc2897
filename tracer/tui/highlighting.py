"""The colours of source text; importing this takes a while, and so does finding them."""

from __future__ import annotations

from rich.syntax import Syntax
from rich.text import Text


def highlighted(lines: list[str], dark: bool) -> list[Text]:
    """The lines in a theme's colours; a third of a second for a file of 5,000 lines."""
    text = "\n".join(lines)
    highlighter = Syntax(text, "python", theme="github-dark" if dark else "friendly", background_color="default")
    return list(highlighter.highlight(text).split("\n", allow_blank=True))[: len(lines)]
