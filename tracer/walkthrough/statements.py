"""Functions and statements of a trace's code, found by what notes write of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tracer.analysis.syntax import Function, SourceSyntax, StatementNode, SyntaxTrees, first_line, header_end
from tracer.trace.queries import FunctionCode, functions
from tracer.trace.reading import Trace
from tracer.trace.steps import Frame

_SPACE = re.compile(r"\s+")


class CodeStatement(NamedTuple):
    """A statement of a function; of a compound one its header. ``text`` has no spaces, ``shown`` is its first line."""

    first: int
    last: int
    text: str
    shown: str
    spot: StatementNode


class StatementIndex:
    """The statements of a trace's functions. Keep one for a trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.sources = SyntaxTrees(trace)
        self.of_function = lru_cache(maxsize=1_024)(self._of)
        self._codes: list[FunctionCode] | None = None

    def codes(self, function: str) -> list[FunctionCode]:
        """Return the functions whose qualified name ends in ``function``, at a dot, in order of their first frames."""
        return [code for code in self.all_codes() if name_matches(code.function, function)]

    def all_codes(self) -> list[FunctionCode]:
        """Return every function that any frame executes."""
        if self._codes is None:
            self._codes = functions(self.trace)
        return self._codes

    def _of(self, code: FunctionCode) -> list[CodeStatement]:
        """Return the statements of a function, in the order of their lines."""
        syntax = self.sources(code.source)
        function = function_of(syntax, code)
        if syntax is None or function is None:
            return []
        nodes = {id(spot): spot for spot in syntax.statements_by_line(function).values()}
        made = [_statement(syntax, spot) for spot in nodes.values()]
        return sorted(made, key=lambda one: (one.first, one.last))

    def find(self, code: FunctionCode, piece: str, after: int = 0) -> list[CodeStatement]:
        """Return the statements of a function that have a piece of text, from a line on."""
        wanted = without_spaces(piece)
        return [one for one in self.of_function(code) if wanted in one.text and one.first >= after]

    def range(self, code: FunctionCode, first: CodeStatement, through: str) -> list[CodeStatement]:
        """Return a statement and those after it, up to the next one that has a piece of text; empty where none has."""
        if not through:
            return [first]
        ends = self.find(code, through, first.first)
        return [one for one in self.of_function(code) if first.first <= one.first <= ends[0].first] if ends else []


def function_of(syntax: SourceSyntax | None, code: FunctionCode) -> Function | None:
    if syntax is None:
        return None
    frame = Frame(0, None, 0, "", code.function, code.source, code.line, 0)
    return syntax.function(frame)


def _statement(syntax: SourceSyntax, spot: StatementNode) -> CodeStatement:
    first, last = first_line(spot.node), header_end(spot.node)
    return CodeStatement(
        first, last, without_spaces(without_comments(syntax.lines[first - 1 : last])), syntax.line(first), spot
    )


def without_comments(lines: Iterable[str]) -> str:
    """Return lines of code without those that are only comments."""
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def without_spaces(text: str) -> str:
    """Return a text without its spaces, so that line breaks in a call don't matter."""
    return _SPACE.sub("", text)


def name_matches(function: str, wanted: str) -> bool:
    """Return whether a qualified name is, or ends at a dot in, what is wanted."""
    return function == wanted or function.endswith(f".{wanted}")
