"""Which statement a line belongs to: a call written over six lines is one thing that happens, not six steps."""

from __future__ import annotations

import ast
import textwrap
from types import CodeType

from tracer.recorder.source_text import read_source
from tracer.trace.syntax import parse

_known: dict[int, tuple[CodeType, dict[int, int]]] = {}


def statement_starts(code: CodeType) -> dict[int, int]:
    """For each line of a function that goes on with a statement begun above it, the line where that began.

    A line that is not in there begins a statement itself. Of a compound statement only the header counts.
    """
    known = _known.get(id(code))
    if known is None:
        known = _known[id(code)] = (code, _starts(code))
    return known[1]


def _starts(code: CodeType) -> dict[int, int]:
    first = code.co_firstlineno
    last = max((line for _, _, line in code.co_lines() if line), default=first)
    # Up to the end of the file's block: the last statement may go on below the last line that has code.
    lines = read_source(code.co_filename).splitlines()[first - 1 : last + 50]
    tree = _parse(lines, last - first + 1)
    if tree is None:
        return {}
    starts: dict[int, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            for line in range(node.lineno + 1, _header_end(node) + 1):
                starts[line + first - 1] = node.lineno + first - 1
    return starts


def _parse(lines: list[str], least: int) -> ast.Module | None:
    """The function's own lines as a tree; where it ends is found by its indentation."""
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    end = least
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
        end += 1
    while end < len(lines) and lines[end].strip().startswith((")", "]", "}")):
        end += 1
    try:
        return parse(textwrap.dedent("\n".join(lines[:end])))
    except SyntaxError:
        return None


def _header_end(node: ast.stmt | ast.ExceptHandler) -> int:
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if body:
        first = body[0]
        below = first.lineno if isinstance(first, ast.stmt) else first.pattern.lineno
        return max(below - 1, node.lineno)
    return node.end_lineno or node.lineno
