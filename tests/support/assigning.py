"""Which names a statement can change, according to its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from tracer.trace import values as v
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Unbound

_NESTED = (ast.stmt, ast.ExceptHandler, ast.match_case)


def can_make(trace: Trace, source: int, line: int, change: Change) -> bool:
    """Return whether a statement that begins at a line can have made this change."""
    for statement in _statements(trace.source(source).text).get(line, ()):
        used = _names(statement, ast.Load)
        if any(isinstance(node, ast.Name) and node.id == "super" for node in _header(statement)):
            used.add("self")
        if change.name in _names(statement, ast.Del if isinstance(change, Unbound) else ast.Store):
            return True
        in_place = not isinstance(change, Unbound) and change.name in used
        if in_place and (not isinstance(change, Bound) or isinstance(trace.value(change.value), v.Sequence)):
            return True
    return False


@lru_cache(maxsize=64)
def _statements(text: str) -> dict[int, list[ast.AST]]:
    """Return the statements, ``except`` clauses and decorated definitions of a file by their first line."""
    found: dict[int, list[ast.AST]] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            decorators = getattr(node, "decorator_list", [])
            found.setdefault(min([node.lineno, *(one.lineno for one in decorators)]), []).append(node)
    return found


def _header(statement: ast.AST) -> Iterator[ast.AST]:
    """Yield what a statement evaluates itself, without the statements inside it."""
    waiting = [*ast.iter_child_nodes(statement)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, _NESTED):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _names(statement: ast.AST, context: type[ast.expr_context]) -> set[str]:
    """Yield the names that a statement loads, binds or deletes."""
    names = {node.id for node in _header(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Store:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(statement.name)
            names.update(node.arg for node in _header(statement) if isinstance(node, ast.arg))
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ExceptHandler) and statement.name:
            names.add(statement.name)
    return names
