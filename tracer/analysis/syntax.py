"""The syntax of stored sources: which statement is on a line, and what encloses and follows it."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, TypeAlias

from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.source_parser import extent, parse
from tracer.trace.steps import Frame

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
StatementLike: TypeAlias = "ast.stmt | ast.ExceptHandler | ast.match_case"

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
TRIES: Final = (ast.Try, getattr(ast, "TryStar", ast.Try))  # ``except*`` came with Python 3.11
_OPEN: Final = ("(", "[", "{")
_CLOSED: Final = (")", "]", "}")
_NOT_OF_THE_HEADER: Final = (
    ast.stmt, ast.ExceptHandler, ast.match_case,
    ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
_UNPARSABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)


class Block(NamedTuple):
    """Statements that run one after another.

    ``branch`` is the field of the owner that holds them: ``body``, ``orelse`` or ``finalbody``; a ``handler`` and a
    ``case`` belong to the ``try`` and ``match``. A function's own block has no owner.
    """

    owner: StatementNode | None
    branch: str
    statements: list[ast.stmt]


class StatementNode:
    """A statement, ``except`` clause or ``case``, with the block that it is in."""

    __slots__ = ("block", "node")

    def __init__(self, node: StatementLike, block: Block) -> None:
        self.node = node
        self.block = block

    def branch_of(self, node: StatementLike) -> str | None:
        """Return the branch of an enclosing statement that this is in; None if it is not inside that statement."""
        block = self.block
        while block.owner is not None:
            if block.owner.node is node:
                return block.branch
            block = block.owner.block
        return None

    def clause_of(self, node: StatementLike) -> ast.ExceptHandler | ast.match_case | None:
        """Return the ``except`` clause or ``case`` of an enclosing statement that this is, or is inside."""
        statement_node: StatementNode | None = self
        while statement_node is not None:
            owner = statement_node.block.owner
            if owner is not None and owner.node is node:
                return (
                    statement_node.node
                    if isinstance(statement_node.node, (ast.ExceptHandler, ast.match_case))
                    else None
                )
            statement_node = owner
        return None

    def enclosing(self) -> Iterator[Block]:
        """Yield the blocks that it is in, innermost first."""
        block: Block | None = self.block
        while block is not None:
            yield block
            block = block.owner.block if block.owner is not None else None


class SourceSyntax:
    """The syntax tree of one source. A source that does not parse has no functions."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        try:
            self.tree = parse(text)
        except _UNPARSABLE:
            self.tree = ast.Module([], [])
        self._statements_by_line: dict[int, dict[int, StatementNode]] = {}
        self._conditionals: dict[int, list[ast.IfExp]] = {}
        self._texts: dict[int, tuple[ast.AST, str]] = {}
        self._elifs: dict[int, bool] = {}

    @cached_property
    def functions(self) -> dict[int, Function]:
        """Every function by its first line: that of ``def`` or of its first decorator."""
        found: dict[int, Function] = {}
        for node in _statements_in(self.tree):
            if isinstance(node, FUNCTIONS):
                found.setdefault(_first_line(node), node)
        return found

    @cached_property
    def classes(self) -> dict[str, list[ast.ClassDef]]:
        """The classes of each name, in the order of the file."""
        found: dict[str, list[ast.ClassDef]] = {}
        for node in _statements_in(self.tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
        return found

    def function(self, frame: Frame) -> Function | None:
        """Return the function that a frame executes."""
        node = self.functions.get(frame.line)
        return node if node is not None and node.name == frame.function.rpartition(".")[2] else None

    def statements_by_line(self, function: Function) -> dict[int, StatementNode]:
        """Return the statement on each line of a function's own code; of a compound statement only the header counts.

        Of several statements on one line, this has the outermost, and of those the first; see :meth:`statement`.
        """
        known = self._statements_by_line.get(id(function))
        if known is None:
            known = self._statements_by_line[id(function)] = _statements_by_line(function)
        return known

    def text(self, node: ast.AST) -> str:
        """Return the source of an expression or statement header on one line."""
        known = self._texts.get(id(node))
        if known is None:
            known = self._texts[id(node)] = (node, self._text(node))
        return known[1]

    @cached_property
    def _statements(self) -> dict[int, ast.stmt]:
        found: dict[int, ast.stmt] = {}
        for node in _statements_in(self.tree):  # outer statements come before inner ones, which replace them
            if isinstance(node, ast.stmt):
                found.update(dict.fromkeys(range(node.lineno, header_end(node) + 1), node))
        return found

    def statement(self, line: int) -> ast.stmt | None:
        """Return the innermost statement on a line; of a compound statement only the header counts."""
        return self._statements.get(line)

    def written(self, node: ast.stmt) -> str:
        """Return a statement as it is written; of a compound one the header."""
        return "\n".join(self._header_lines(node))

    def one_line(self, node: ast.stmt) -> str:
        """Return a statement on one line, without comments; of a compound one the header."""
        return _joined(self._header_lines(node))

    def _header_lines(self, node: ast.stmt) -> list[str]:
        return self.lines[node.lineno - 1 : header_end(node)]

    def header(self, node: ast.AST) -> str:
        """Return the header of a statement on one line, without its colon."""
        if isinstance(node, (ast.For, ast.AsyncFor)):
            start = "async for" if isinstance(node, ast.AsyncFor) else "for"
            return f"{start} {self.text(node.target)} in {self.text(node.iter)}"
        if isinstance(node, ast.While):
            return f"while {self.text(node.test)}"
        return "try" if isinstance(node, TRIES) else self.text(node)

    def conditionals(self, statement_node: StatementNode) -> list[ast.IfExp]:
        """Return the conditional expressions of a statement, without those of a function or comprehension inside it."""
        known = self._conditionals.get(id(statement_node))
        if known is None:
            known = self._conditionals[id(statement_node)] = _conditionals(statement_node.node)
        return known

    def line(self, number: int) -> str:
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def is_elif(self, node: ast.AST) -> bool:
        """Return whether an ``if`` of this tree is written ``elif``."""
        if not isinstance(node, ast.If):
            return False
        known = self._elifs.get(id(node))
        if known is None:
            known = self._elifs[id(node)] = self.line(node.lineno).startswith("elif")
        return known

    def _text(self, node: ast.AST) -> str:
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        if 0 < first == last <= len(self.lines):
            line = self.lines[first - 1].encode("utf-8", "surrogatepass")
            cut = line[getattr(node, "col_offset", 0) : getattr(node, "end_col_offset", None)]
            return cut.decode("utf-8", "replace")
        try:
            return " ".join(ast.unparse(node).split())
        except (*_UNPARSABLE, AttributeError):
            return self.line(first)


class SyntaxTrees:
    """The syntax of a trace's sources, each parsed once.

    A trace made to be harmful can hold any number of large sources, so once those that were asked for have come to
    ``MAX_EXTENT`` names and signs, further ones count as sources that do not parse.
    """

    MAX_EXTENT: Final = 2_000_000  # more than a hundred files of the size of transformers' modeling_utils.py

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._known: dict[int, SourceSyntax | None] = {}
        self._left = self.MAX_EXTENT

    def __call__(self, number: int | None) -> SourceSyntax | None:
        """Return the syntax of a stored source; None if the trace does not have it."""
        if number is None:
            return None
        if number not in self._known:
            try:
                text = self._trace.source(number).text
            except DanglingNumber:
                self._known[number] = None
            else:
                self._left -= extent(text)
                self._known[number] = syntax_of(text) if self._left > 0 else SourceSyntax("")
        return self._known[number]

    def statement(self, source: int | None, line: int | None) -> ast.stmt | None:
        """Return the innermost statement on a line of a stored source."""
        syntax = self(source)
        return syntax.statement(line) if syntax is not None and line is not None else None


@lru_cache(maxsize=128)
def syntax_of(text: str) -> SourceSyntax:
    """Return the syntax of a source text; traces with the same text share it."""
    return SourceSyntax(text)


def header_end(node: StatementLike) -> int:
    """Return the last line of a statement; of a compound statement, the last line before its first block."""
    if isinstance(node, ast.match_case):
        return max(node.body[0].lineno - 1, node.pattern.lineno)
    if isinstance(node, ast.Match):
        return max(node.cases[0].pattern.lineno - 1, node.lineno)
    body = getattr(node, "body", None)
    if body:
        return max(_first_line(body[0]) - 1, node.lineno)
    return node.end_lineno or node.lineno


def header_names(node: StatementLike) -> list[str]:
    """Return the variables that a statement reads or writes, in the order of the source, each once.

    Of a compound statement only the header counts. A name can be that of a global or of a comprehension's own variable.
    """
    found: list[tuple[int, int, str]] = []
    waiting: list[ast.AST] = [node]
    while waiting:
        at = waiting.pop()
        place = getattr(at, "lineno", _line_of(node)), getattr(at, "col_offset", 0)
        if isinstance(at, ast.Name):
            found.append((*place, at.id))
            if at.id == "super":
                found.append((*place, "self"))
        elif isinstance(at, ast.alias):
            found.append((*place, at.asname or at.name.partition(".")[0]))
        elif isinstance(at, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and at.name:
            found.append((*place, at.name))
        elif isinstance(at, ast.MatchMapping) and at.rest:
            found.append((*place, at.rest))
        children = ast.iter_child_nodes(at)
        waiting.extend(one for one in children if not isinstance(one, (ast.stmt, ast.ExceptHandler, ast.match_case)))
    return list(dict.fromkeys(name for _, _, name in sorted(found)))


def _line_of(node: StatementLike) -> int:
    return node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno


def first_line(node: StatementLike) -> int:
    """Return the line of the step before the statement runs."""
    return node.pattern.lineno if isinstance(node, ast.match_case) else _first_line(node)


def _first_line(node: ast.stmt | ast.ExceptHandler) -> int:
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno


def _statements_by_line(function: Function) -> dict[int, StatementNode]:
    found: dict[int, StatementNode] = {}
    waiting = [Block(None, "body", function.body)]
    while waiting:
        block = waiting.pop()
        for statement in block.statements:
            statement_node = _add_node(found, statement, block)
            if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
                continue  # its code has frames of its own
            for branch, statements in _blocks(statement):
                waiting.append(Block(statement_node, branch, statements))
            for clause in getattr(statement, "handlers", ()):
                inner = _add_node(found, clause, Block(statement_node, "handler", []))
                waiting.append(Block(inner, "body", clause.body))
            for clause in getattr(statement, "cases", ()):
                inner = _add_node(found, clause, Block(statement_node, "case", []))
                waiting.append(Block(inner, "body", clause.body))
    return found


def _add_node(found: dict[int, StatementNode], node: StatementLike, block: Block) -> StatementNode:
    statement_node = StatementNode(node, block)
    for line in range(first_line(node), header_end(node) + 1):
        found.setdefault(
            line, statement_node
        )  # of several statements on one line the outermost, and of those the first
    return statement_node


def _conditionals(node: ast.AST) -> list[ast.IfExp]:
    found = []
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if isinstance(at, ast.IfExp):
            found.append(at)
        children = (child for child in ast.iter_child_nodes(at) if not isinstance(child, _NOT_OF_THE_HEADER))
        waiting.extend(reversed(list(children)))
    return found


def _blocks(node: ast.AST) -> Iterator[tuple[str, list[ast.stmt]]]:
    for branch in ("body", "orelse", "finalbody"):
        statements = getattr(node, branch, None)
        if isinstance(statements, list) and statements:
            yield branch, statements


def _statements_in(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all statements and clauses below it, in the order of the file, without entering expressions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        parts = (getattr(node, part, ()) for part in ("body", "handlers", "cases", "orelse", "finalbody"))
        below: list[ast.AST] = [child for part in parts if isinstance(part, list) for child in part]
        waiting.extend(reversed(below))


def _joined(kept: list[str]) -> str:
    """Return the lines of a header as one line, without comments."""
    bare = _without_comments(kept) if any("#" in line for line in kept) else kept
    text = ""
    for line in filter(None, (" ".join(line.split()) for line in bare)):
        text += line if not text or text.endswith(_OPEN) or line.startswith(_CLOSED) else f" {line}"
    return text


def _without_comments(lines: list[str]) -> list[str]:
    kept = list(lines)
    source = iter([f"{line}\n" for line in [lines[0].lstrip(), *lines[1:]]]) if lines else iter(())
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    try:
        for token in tokenize.generate_tokens(lambda: next(source, "")):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                kept[row - 1] = kept[row - 1][: column + (indent if row == 1 else 0)]
    except (tokenize.TokenError, SyntaxError):
        pass  # the header ends before its block does; its comments were found by then
    return kept
