"""How Python says that a dictionary is copied, or that its items are gone through."""

from __future__ import annotations

import ast
from typing import Final

from tracer.analysis.call_sites import called_name

COPIES: Final = ("copy", "deepcopy", "dict")
"""Calls that give back a dictionary like the one they got."""


def is_copy_of(expression: ast.expr | None, name: str) -> bool:
    """Whether an expression has all that a dictionary has: ``d``, ``d.copy()``, ``dict(d)``, ``{**d, …}``."""
    return any(isinstance(part, ast.Name) and part.id == name for part in _whole(expression))


def _whole(expression: ast.expr | None) -> list[ast.expr]:
    """The parts of an expression that go whole into the dictionary that it makes."""
    if isinstance(expression, ast.Dict):
        inner = [value for key, value in zip(expression.keys, expression.values, strict=False) if key is None]
    elif isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.BitOr):
        inner = [expression.left, expression.right]
    elif isinstance(expression, ast.IfExp):
        inner = [expression.body, expression.orelse]
    elif isinstance(expression, ast.BoolOp):
        inner = expression.values
    elif isinstance(expression, ast.Call) and called_name(expression) in COPIES:
        inner = [*expression.args, *(keyword.value for keyword in expression.keywords if keyword.arg is None)]
        if isinstance(expression.func, ast.Attribute) and not expression.args:
            inner.append(expression.func.value)
    else:
        return [] if expression is None else [expression]
    return [part for one in inner for part in _whole(one)]


def loop_over_items(node: ast.stmt) -> tuple[str, str, str] | None:
    """``d``, ``key`` and ``value`` of ``for key, value in d.items()``, also of a list or copy of it."""
    if not isinstance(node, ast.For) or not isinstance(node.target, ast.Tuple) or len(node.target.elts) != 2:
        return None
    key, value = node.target.elts
    call = node.iter
    if isinstance(call, ast.Call) and called_name(call) in ("list", "tuple") and call.args:
        call = call.args[0]
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "items"):
        return None
    whole = _whole(call.func.value)
    if isinstance(key, ast.Name) and isinstance(value, ast.Name) and whole and isinstance(whole[0], ast.Name):
        return whole[0].id, key.id, value.id
    return None
