"""Markdown in the terminal: rich's own, with lines broken where Chinese lets them."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, Paragraph, TableElement
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from tracer.text.markdown_writer import ticked
from tracer.text.wrapping import line_spans

_NARROWEST: Final = 30  # columns of a table's cell, where its words allow


class _Paragraph(Paragraph):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from in_lines(self.text, options.max_width)


class _Heading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.stylize("bold")
        yield from in_lines(self.text, options.max_width)


class _Table(TableElement):
    """A table whose cells are never cut; rich would end them with an ellipsis."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, collapse_padding=True)
        if self.header is not None and self.header.row is not None:
            for cell in self.header.row.cells:
                cell.content.stylize("bold")
                table.add_column(_Cell(cell.content))
        for row in self.body.rows if self.body is not None else ():
            table.add_row(*(_Cell(cell.content) for cell in row.cells))
        yield table


class _Cell:
    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from in_lines(self._text, options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        words = max((cell_len(word) for word in self._text.plain.split()), default=1)
        whole = max(1, min(self._text.cell_len, options.max_width))
        return Measurement(min(words, _NARROWEST, whole), whole)


class TerminalMarkdown(Markdown):
    """Markdown without rules, frames and links' addresses."""

    elements: ClassVar[dict[str, Any]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "heading_open": _Heading,
        "table_open": _Table,
    }

    def __init__(self, text: str) -> None:
        super().__init__(ticked(text), code_theme="ansi_dark", hyperlinks=False, inline_code_theme=None)


def in_lines(text: Text, width: int) -> list[Text]:
    """A styled text in lines no wider than ``width``, broken where its language lets them."""
    lines = [text[start:end] for start, end in line_spans(text.plain, width)]
    for line in lines:
        line.no_wrap, line.overflow = True, "ignore"
    return lines
