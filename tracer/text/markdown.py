"""Markdown as lines for a terminal, broken where Chinese and English may be broken.

Other renderers leave ragged lines in a Chinese paragraph, because it has no spaces to break at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from rich.cells import cell_len
from rich.style import Style
from rich.syntax import Syntax
from rich.text import Text

from tracer.text.visible import visible
from tracer.text.wrapping import WIDE, line_spans

CODE: Final = "bold cyan"
_HEADING: Final = "bold"
_INLINE: Final = {"strong": "bold", "em": "italic", "s": "strike", "link": "underline"}
_GAP: Final = 2  # columns between those of a table
_NARROWEST: Final = 6
# A line break of the source that does not become a space: between Chinese characters, and next to Chinese punctuation.
_MARKS: Final = "\u3000-\u303f\uff00-\uff60“”‘’…"
_NO_SPACE: Final = re.compile(rf"(?<=[{WIDE}])\n(?=[{WIDE}])|(?<=[{_MARKS}])\n|\n(?=[{_MARKS}])")
_parser: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown_lines(source: str, width: int) -> list[Text]:
    """Return the lines of a Markdown text, at most ``width`` columns wide except for code. Control codes have no
    effect."""
    width = max(width, 10)
    lines = list(_blocks(SyntaxTreeNode(_parser.parse(source)).children, width))
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _blocks(nodes: Sequence[SyntaxTreeNode], width: int, *, tight: bool = False) -> Iterator[Text]:
    for number, node in enumerate(nodes):
        if number and not tight:
            yield Text()
        yield from _block(node, width)


def _block(node: SyntaxTreeNode, width: int) -> Iterator[Text]:
    if node.type == "paragraph":
        yield from broken(_inline(node.children), width)
    elif node.type == "heading":
        text = _inline(node.children)
        text.stylize(_HEADING)
        yield from broken(text, width)
    elif node.type in ("bullet_list", "ordered_list"):
        yield from _list(node, width)
    elif node.type in ("fence", "code_block"):
        yield from _code(node, width)
    elif node.type == "blockquote":
        yield from _indented(_blocks(node.children, width - 2), "│ ", "│ ")
    elif node.type == "table":
        yield from _table(node, width)
    elif node.type == "hr":
        yield Text("─" * min(width, 20), "dim")
    else:  # HTML is shown as text
        yield from broken(Text(visible(node.content.strip("\n"))), width)


def _list(node: SyntaxTreeNode, width: int) -> Iterator[Text]:
    first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 1
    for number, item in enumerate(node.children, first):
        mark = f"{number}. " if node.type == "ordered_list" else "• "
        tight = all(_is_hidden(child) for child in item.children if child.type == "paragraph")
        inside = _blocks(item.children, width - len(mark), tight=tight)
        yield from _indented(inside, mark, " " * len(mark))
        if not tight and number < first + len(node.children) - 1:
            yield Text()


def _is_hidden(node: SyntaxTreeNode) -> bool:
    """Return whether a paragraph belongs to a tight list."""
    opening: Token | None = node.nester_tokens.opening if node.nester_tokens is not None else None
    return opening is not None and opening.hidden


def _indented(lines: Iterator[Text], first: str, rest: str) -> Iterator[Text]:
    for number, line in enumerate(lines):
        yield Text.assemble(rest if number else first, line)


def _code(node: SyntaxTreeNode, width: int) -> Iterator[Text]:
    language = node.info.split()[0] if node.type == "fence" and node.info.split() else "text"
    content = "\n".join(visible(line) for line in node.content.rstrip("\n").split("\n"))
    code = Syntax("", language, theme="ansi_dark").highlight(content)
    code.rstrip()
    for line in code.split("\n", allow_blank=True):
        yield from _code_line(line, width - 2)


def _code_line(line: Text, width: int) -> Iterator[Text]:
    """Yield a line of code; the part that does not fit continues on the next line, indented further."""
    if cell_len(line.plain) <= width:
        yield Text.assemble("  ", line)
        return
    inside = " " * min(len(line.plain) - len(line.plain.lstrip()) + 4, max(width - 20, 0))
    _, end = next(line_spans(line.plain, width))
    yield Text.assemble("  ", line[:end])
    rest = line[end:]
    blanks = len(rest.plain) - len(rest.plain.lstrip())
    for start, stop in line_spans(rest.plain[blanks:], max(width - len(inside), 10)):
        yield Text.assemble("  ", inside, rest[blanks + start : blanks + stop])


def _inline(nodes: Sequence[SyntaxTreeNode], style: Style | None = None) -> Text:
    text = Text()
    for node in nodes:
        if node.type == "inline":
            text.append_text(_inline(node.children, style))
        elif node.type == "code_inline":
            text.append(visible(node.content), (style or Style()) + Style.parse(CODE))
        elif node.type in _INLINE:
            text.append_text(_inline(node.children, (style or Style()) + Style.parse(_INLINE[node.type])))
        elif node.type in ("softbreak", "hardbreak"):
            text.append("\n" if node.type == "softbreak" else "\u2028")
        else:
            text.append(visible(node.content), style)
    return text


def broken(text: Text, width: int) -> Iterator[Text]:
    """Break a paragraph into lines. A line break of the source is kept only after two spaces or a backslash."""
    for part in _joined(text).split("\u2028", allow_blank=True):
        for start, end in line_spans(part.plain, width):
            yield part[start:end]


def _joined(text: Text) -> Text:
    """Replace the source's line breaks with spaces, or with nothing next to a Chinese character."""
    joined, position = Text(), 0
    plain = text.plain
    glued = {match.start() for match in _NO_SPACE.finditer(plain)}
    for match in re.finditer("\n", plain):
        joined.append_text(text[position : match.start()])
        joined.append("" if match.start() in glued else " ")
        position = match.end()
    joined.append_text(text[position:])
    return joined


def _table(node: SyntaxTreeNode, width: int) -> Iterator[Text]:
    rows = [[_inline(cell.children) for cell in row.children] for part in node.children for row in part.children]
    columns = max((len(row) for row in rows), default=0)
    widths = _widths([[_widest(row[at]) if at < len(row) else 0 for row in rows] for at in range(columns)], width)
    for number, row in enumerate(rows):
        if number == 0:
            for cell in row:
                cell.stylize(_HEADING)
        yield from _row(row, widths)
        if number == 0:
            yield Text((" " * _GAP).join("─" * width for width in widths), "dim")


def _widest(cell: Text) -> int:
    return cell_len(cell.plain)


def _widths(cells: list[list[int]], width: int) -> list[int]:
    """Return the columns' widths: those of their widest cells, with the widest columns narrowed until all fit."""
    widths = [max(column, default=0) for column in cells]
    room = width - _GAP * (len(widths) - 1)
    while sum(widths) > room and max(widths, default=0) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return [max(width, 1) for width in widths]


def _row(row: list[Text], widths: list[int]) -> Iterator[Text]:
    cells = [list(broken(cell, wide)) for cell, wide in zip(row, widths, strict=False)]
    for at in range(max((len(lines) for lines in cells), default=0)):
        line = Text()
        for column, (lines, wide) in enumerate(zip(cells, widths, strict=False)):
            piece = lines[at] if at < len(lines) else Text()
            last = column == len(cells) - 1
            line.append_text(piece)
            line.append("" if last else " " * (wide - cell_len(piece.plain) + _GAP))
        yield line
