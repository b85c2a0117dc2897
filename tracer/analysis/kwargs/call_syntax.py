"""The syntax of calls, assignments and dictionaries: who is called with what, and what a statement copies."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tracer.analysis.syntax import Function

_CONVERSIONS: Final = ("str", "int", "float", "bool", "list", "tuple", "dict", "copy", "deepcopy")


def head_expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions that run with the statement itself, and not with its body."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def walk(node: ast.stmt | ast.expr | None) -> Iterator[ast.AST]:
    """Every node of an expression, or of a statement's own expressions."""
    if isinstance(node, ast.expr):
        yield from ast.walk(node)
    elif node is not None:
        for head in head_expressions(node):
            yield from ast.walk(head)


def assigned(node: ast.stmt) -> tuple[list[ast.expr], ast.expr | None]:
    """Targets and value of an assignment; no targets for any other statement."""
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return [node.target], node.value
    return [], None


def value_sources(expression: ast.expr | None) -> list[ast.expr]:
    """The parts of an expression that its value can be: both arms of a choice, and what a conversion is given."""
    inner: list[ast.expr]
    if isinstance(expression, ast.IfExp):
        inner = [expression.body, expression.orelse]
    elif isinstance(expression, ast.BoolOp):
        inner = expression.values
    elif isinstance(expression, ast.NamedExpr):
        inner = [expression.value]
    elif isinstance(expression, ast.Call) and called_name(expression) in _CONVERSIONS:
        method = isinstance(expression.func, ast.Attribute) and not expression.args
        inner = [expression.func.value] if method and isinstance(expression.func, ast.Attribute) else expression.args
    else:
        return [] if expression is None else [expression]
    return [part for one in inner for part in value_sources(one)]


def walrus_value(node: ast.stmt, name: str) -> ast.expr | None:
    """What a statement gives a name by ``:=``."""
    for part in walk(node):
        if isinstance(part, ast.NamedExpr) and part.target.id == name:
            return part.value
    return None


def target_position(node: ast.stmt, name: str) -> int | None:
    """Where in ``a, b = …`` a name stands; -1 when it is assigned alone, None when it is not assigned."""
    for target in assigned(node)[0]:
        if isinstance(target, ast.Name) and target.id == name:
            return -1
        if isinstance(target, (ast.Tuple, ast.List)):
            for index, part in enumerate(target.elts):
                if isinstance(part, ast.Name) and part.id == name:
                    return index
    return None


def constant_defaults(definition: Function | None) -> dict[str, object]:
    """The parameters that have a constant for a default."""
    if definition is None:
        return {}
    given = definition.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(positional[len(positional) - len(given.defaults) :], given.defaults, strict=False),
        *zip(given.kwonlyargs, given.kw_defaults, strict=False),
    ]
    return {one.arg: default.value for one, default in pairs if isinstance(default, ast.Constant)}


def called_name(call: ast.Call) -> str:
    """The last part of what is called: ``from_pretrained`` of ``AutoConfig.from_pretrained(…)``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def calls(node: ast.stmt | None) -> list[ast.Call]:
    return [one for one in walk(node) if isinstance(one, ast.Call)]


def call_of(node: ast.stmt | None, function: str) -> ast.Call | None:
    """The call in a statement that enters a function of this qualified name."""
    name = function.rpartition(".")[2]
    found = calls(node)
    for call in found:
        if called_name(call) == name:
            return call
    if name == "__init__":  # a class is called by whatever name it goes
        return next((call for call in found if _is_class_call(call, function)), None)
    return None


def _is_class_call(call: ast.Call, function: str) -> bool:
    name = called_name(call)
    return name in ("cls", function.split(".")[0]) or name.endswith("_class")


def spread_names(call: ast.Call) -> list[str]:
    """The variables handed on as ``**name``."""
    return [
        keyword.value.id for keyword in call.keywords if keyword.arg is None and isinstance(keyword.value, ast.Name)
    ]


def arguments(call: ast.Call, definition: Function | None) -> dict[str, ast.expr]:
    """Parameter or keyword → what stands for it in the call, as far as the call itself says."""
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    if definition is None:
        return named
    parameters = [one.arg for one in (*definition.args.posonlyargs, *definition.args.args)]
    if parameters and parameters[0] in ("self", "cls"):
        parameters = parameters[1:]
    for parameter, given in zip(parameters, call.args, strict=False):
        if isinstance(given, ast.Starred):
            break
        named.setdefault(parameter, given)
    return named


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
