"""Write Markdown whose structure stays intact whatever text is inserted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tracer.text.visible import one_line, visible

_PARSER: Final = MarkdownIt("commonmark", {"html": False})
_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~!$&])")
_CJK: Final = "\u3000-\u303f\u4e00-\u9fff\u3400-\u4dbf\uff00-\uffef“”‘’…—"
_STOP: Final = "，。；：、！？）》”’"
_NO_BLANK: Final = re.compile(
    rf"(?<=[{_CJK}])\n?[ \t]*(?=[{_CJK}])"  # between Chinese characters
    rf"|(?<=[{_STOP}])(?:\n[ \t]*(?=[`\w(]|\Z)(?!\d+[.)])| +(?=[`\w(]|\Z))"  # after full-width punctuation
    rf"|\A\n[ \t]*(?=[{_STOP}（《“])"  # before such punctuation, after code
)
_LONGEST: Final = 300


def literal(text: str, limit: int = _LONGEST) -> str:
    """Return untrusted text that renders literally, on one line."""
    return _SPECIAL.sub(r"\\\1", one_line(text, limit))


def inline(text: str) -> str:
    """Return an author's line of Markdown, such as a title or an answer, in which HTML is text."""
    return block(" ".join(text.split()))


def in_link(text: str) -> str:
    """Return an author's line as the text of a link, whose brackets must not end it."""
    return _outside_spans(inline(text), lambda prose: re.sub(r"(?<!\\)([\[\]])", r"\\\1", prose))


def block(text: str) -> str:
    """Return an author's paragraphs of Markdown.

    HTML in them is text, a code block left open is closed, and Chinese lines are joined without a space.
    """
    return _outside_blocks(text, lambda paragraph: _outside_spans(paragraph, _harmless)).rstrip()


def ticked(text: str) -> str:
    """Return paragraphs whose inline code keeps its backticks on a screen that shows code by colour only."""

    def shown(span: re.Match[str]) -> str:
        content = span[2].strip() or span[2]
        return span[0] if content.startswith("`") else f"`` `{content}` ``"

    return _outside_blocks(text, lambda paragraph: _SPAN.sub(shown, paragraph))


def indented(text: str, width: int) -> str:
    """Return paragraphs for a list item: every line except the first is indented."""
    return text.replace("\n", "\n" + " " * width)


def fenced(lines: Iterable[str], language: str = "") -> str:
    """Return lines as a code block that none of them can end."""
    shown = [_shown(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def anchor(name: str) -> str:
    """Return a target for links within the document."""
    return f'<a id="{_id(name)}"></a>'


def to_anchor(name: str) -> str:
    return f"#{_id(name)}"


def folded(summary: str, content: str) -> str:
    """Return a collapsed section that opens when its summary is clicked."""
    words = one_line(summary, _LONGEST).replace("&", "&amp;").replace("<", "&lt;")
    return f"<details>\n<summary>{words}</summary>\n\n{content}\n\n</details>"


def _id(name: str) -> str:
    return re.sub(r"[^\w-]", "-", name, flags=re.ASCII)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text.replace("\n", " "))


def _shown(line: str) -> str:
    return visible(line.expandtabs(4))


def _outside_blocks(text: str, change: Callable[[str], str]) -> str:
    """Change the paragraphs outside of code blocks, fenced or indented; close a fence that is open at the end."""
    lines = [_shown(line) for line in text.strip("\n").split("\n")]
    parts: list[str] = []
    at, fence = 0, ""
    for token in _PARSER.parse("\n".join(lines)):
        if token.type not in ("fence", "code_block") or token.map is None:
            continue
        start, end = token.map
        parts += [_changed(lines[at:start], change)] * (at < start)
        parts += lines[start:end]
        at, fence = end, token.markup if _is_open(token, lines) else ""
    parts += [_changed(lines[at:], change)] * (at < len(lines))
    return "\n".join([*parts, fence] if fence else parts)


def _is_open(token: Token, lines: list[str]) -> bool:
    """Return whether a fence is never closed; the end of a list item also closes a fence inside it."""
    if token.type != "fence" or token.level or token.map is None or token.map[1] < len(lines):
        return False
    last = lines[token.map[1] - 1].strip()
    closes = last.startswith(token.markup) and not last.strip(token.markup[0])
    return not (closes and token.map[1] - 1 > token.map[0])


def _changed(lines: list[str], change: Callable[[str], str]) -> str:
    """Return the changed paragraphs. The empty lines between and around them stay, because they separate them from
    code."""
    return "".join(
        change(part) if part.strip() else part for part in re.split(r"((?:^|\n)[ \t]*(?:\n|$))", "\n".join(lines))
    )


def _harmless(prose: str) -> str:
    return _NO_BLANK.sub("", prose).replace("<", "&lt;")


def _outside_spans(text: str, change: Callable[[str], str]) -> str:
    """Change the text outside of inline code."""
    parts, at = [], 0
    for span in _SPAN.finditer(text):
        parts += [change(text[at : span.start()]), span[0]]
        at = span.end()
    return "".join([*parts, change(text[at:])])
