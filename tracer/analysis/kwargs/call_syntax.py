"""The syntax of calls, assignments and dictionaries: who is called with what, and what a statement copies."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from tracer.analysis.syntax import Function

_CONVERSIONS: Final = ("str", "int", "float", "bool", "list", "tuple", "dict", "copy", "deepcopy")


def head_expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """Yield the expressions that run with the statement itself, not with its body."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def walk(node: ast.stmt | ast.expr | None) -> Iterator[ast.AST]:
    """Yield every node of an expression, or of a statement's own expressions."""
    if isinstance(node, ast.expr):
        yield from ast.walk(node)
    elif node is not None:
        for head in head_expressions(node):
            yield from ast.walk(head)


def always_evaluated(node: ast.stmt | None) -> Iterator[ast.AST]:
    """Yield the nodes of a statement's own expressions that are evaluated whenever it completes."""
    waiting: list[ast.AST] = [] if node is None else list(head_expressions(node))
    while waiting:
        part = waiting.pop(0)
        yield part
        if isinstance(part, ast.Lambda):
            continue
        if isinstance(part, ast.BoolOp):
            waiting.append(part.values[0])
        elif isinstance(part, ast.IfExp):
            waiting.append(part.test)
        elif isinstance(part, ast.Compare):
            waiting += [part.left, part.comparators[0]]
        elif isinstance(part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting.append(part.generators[0].iter)
        else:
            waiting += ast.iter_child_nodes(part)


def assigned(node: ast.stmt) -> tuple[list[ast.expr], ast.expr | None]:
    """Return the targets and the value of an assignment; no targets for any other statement."""
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return [node.target], node.value
    return [], None


def value_sources(expression: ast.expr | None) -> list[ast.expr]:
    """Return the parts that can be an expression's value: both arms of a choice, the argument of a conversion."""
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
    return [source for part in inner for source in value_sources(part)]


def walrus_value(node: ast.stmt, name: str) -> ast.expr | None:
    """Return the expression that a statement assigns to a name with ``:=``."""
    for part in walk(node):
        if isinstance(part, ast.NamedExpr) and part.target.id == name:
            return part.value
    return None


def target_position(node: ast.stmt, name: str) -> int | None:
    """Return the position of a name in ``a, b = …``; -1 if it is assigned alone, None if it is not assigned."""
    for target in assigned(node)[0]:
        if isinstance(target, ast.Name) and target.id == name:
            return -1
        if isinstance(target, (ast.Tuple, ast.List)):
            for index, part in enumerate(target.elts):
                if isinstance(part, ast.Name) and part.id == name:
                    return index
    return None


def constant_defaults(definition: Function | None) -> dict[str, object]:
    """Return the parameters whose default is a constant, with its value."""
    if definition is None:
        return {}
    given = definition.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(positional[len(positional) - len(given.defaults) :], given.defaults, strict=False),
        *zip(given.kwonlyargs, given.kw_defaults, strict=False),
    ]
    return {parameter.arg: default.value for parameter, default in pairs if isinstance(default, ast.Constant)}


def called_name(call: ast.Call) -> str:
    """Return the last part of the name that is called: ``from_pretrained`` of ``AutoConfig.from_pretrained(…)``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


@lru_cache(maxsize=4096)
def calls(node: ast.stmt | None) -> tuple[ast.Call, ...]:
    """Return the calls in a statement's own expressions; a statement of a loop is asked for very often."""
    return tuple(part for part in walk(node) if isinstance(part, ast.Call))


def call_of(node: ast.stmt | None, function: str) -> ast.Call | None:
    """Return the call in a statement that enters a function of this qualified name."""
    name = function.rpartition(".")[2]
    found = calls(node)
    for call in found:
        if called_name(call) == name:
            return call
    if name == "__init__":  # a class can be called by any name that it is bound to
        return next((call for call in found if _is_class_call(call, function)), None)
    return None


def _is_class_call(call: ast.Call, function: str) -> bool:
    name = called_name(call)
    return name in ("cls", function.split(".")[0]) or name.endswith("_class")


def spread_names(call: ast.Call) -> list[str]:
    """Return the variables that are passed as ``**name``."""
    return [
        keyword.value.id for keyword in call.keywords if keyword.arg is None and isinstance(keyword.value, ast.Name)
    ]


def arguments(call: ast.Call, definition: Function | None) -> dict[str, ast.expr]:
    """Return the expression for each parameter or keyword, as far as the call itself shows it."""
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    if definition is None:
        return named
    parameters = [parameter.arg for parameter in (*definition.args.posonlyargs, *definition.args.args)]
    if parameters and parameters[0] in ("self", "cls"):
        parameters = parameters[1:]
    for parameter, given in zip(parameters, call.args, strict=False):
        if isinstance(given, ast.Starred):
            break
        named.setdefault(parameter, given)
    return named


COPIES: Final = ("copy", "deepcopy", "dict")
"""Calls that return a dictionary equal to their argument."""


def is_copy_of(expression: ast.expr | None, name: str) -> bool:
    """Return whether an expression contains all of a dictionary: ``d``, ``d.copy()``, ``dict(d)``, ``{**d, …}``."""
    return any(isinstance(part, ast.Name) and part.id == name for part in _whole(expression))


def _whole(expression: ast.expr | None) -> list[ast.expr]:
    """Return the parts of an expression that go entirely into the dictionary that it makes."""
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
    return [whole for part in inner for whole in _whole(part)]


def loop_over_items(node: ast.stmt) -> tuple[str, str, str] | None:
    """Return ``d``, ``key`` and ``value`` of ``for key, value in d.items()``, also for a list or copy of it."""
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
