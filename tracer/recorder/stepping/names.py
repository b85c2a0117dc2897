"""Qualified names of code objects."""

from __future__ import annotations

import ast
import contextlib
import linecache
from types import CodeType

from tracer.trace.syntax import parse


def qualified_name(code: CodeType) -> str:
    """The function's qualified name, on Python 3.10 too, whose code objects do not keep it."""
    return getattr(code, "co_qualname", None) or _look_up(code)


def _look_up(code: CodeType) -> str:
    known = _by_file.get(code.co_filename)
    if known is None:
        known = _by_file[code.co_filename] = {}
        with contextlib.suppress(SyntaxError):  # no source: the simple name has to do
            _collect(parse("".join(linecache.getlines(code.co_filename))), "", known)
    return known.get((code.co_firstlineno, code.co_name), code.co_name)


_by_file: dict[str, dict[tuple[int, str], str]] = {}


def _collect(node: ast.AST, prefix: str, found: dict[tuple[int, str], str]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            found[first, child.name] = prefix + child.name
            inner = "." if isinstance(child, ast.ClassDef) else ".<locals>."
            _collect(child, prefix + child.name + inner, found)
        else:
            _collect(child, prefix, found)
