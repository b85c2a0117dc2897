"""Markdown in the terminal: rich's own, with lines broken where Chinese lets them."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, Paragraph
from rich.text import Text

from tracer.export.prose import wrapped


class _Paragraph(Paragraph):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from in_lines(self.text, options.max_width)


class _Heading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.stylize("bold")
        yield from in_lines(self.text, options.max_width)


class TerminalMarkdown(Markdown):
    """Markdown without rules, frames and links' addresses."""

    elements: ClassVar[dict[str, Any]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "heading_open": _Heading,
    }

    def __init__(self, text: str) -> None:
        super().__init__(text, code_theme="ansi_dark", hyperlinks=False, inline_code_theme=None)


def in_lines(text: Text, width: int) -> list[Text]:
    """A styled text in lines no wider than ``width``, broken as :func:`tracer.export.prose.wrapped` breaks them."""
    lines: list[Text] = []
    plain, at = text.plain, 0
    for line in wrapped(plain, width):
        start = plain.find(line, at) if line else at
        at = start + len(line)
        cut = text[start:at]
        cut.no_wrap, cut.overflow = True, "ignore"
        lines.append(cut)
    return lines
