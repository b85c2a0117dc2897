"""What a condition asks: the recorded values in it, and whether it is true where those values alone decide it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from tracer.analysis.decisions.decision import Skipped
from tracer.analysis.locals import LocalsState, ValuePath
from tracer.analysis.syntax import SourceSyntax
from tracer.trace import values as v

_OWN_SCOPE: Final = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOK_UPS: Final = ("get", "pop")
_DEPTH: Final = 50
_UNKNOWN: Final = object()


WrittenPath: TypeAlias = "tuple[ValuePath, tuple[str, ...]]"
"""A path with the text of its parts: ``config``, ``.model_type``."""


class DecisionPoint(NamedTuple):
    """What a statement decides: the kind of decision, its condition, the paths in that, and the line that it guards."""

    kind: str
    condition: str
    asked: list[WrittenPath]
    expression: ast.IfExp | None = None
    guards: str = ""


class DecisionSyntax:
    """What decisions need of one source's syntax, computed once.

    Attributes:
        points: by the id of a statement node, which the syntax keeps alive: what the statement decides.
        skipped: by the ids of syntax tree nodes: the lines that these take up.
    """

    def __init__(self) -> None:
        self.points: dict[int, list[DecisionPoint]] = {}
        self.skipped: dict[tuple[int, ...], Skipped] = {}


_KNOWN: Final[WeakKeyDictionary[SourceSyntax, DecisionSyntax]] = WeakKeyDictionary()


def decision_syntax(syntax: SourceSyntax) -> DecisionSyntax:
    """Return what is known of a source; empty at first."""
    known = _KNOWN.get(syntax)
    if known is None:
        known = _KNOWN[syntax] = DecisionSyntax()
    return known


def asked_paths(expression: ast.AST) -> list[WrittenPath]:
    """Return the names, attributes and keys that are written in an expression, in their order."""
    return list(dict.fromkeys(_paths(expression)))


def recorded_names(paths: Iterable[WrittenPath], variables: LocalsState) -> tuple[dict[str, v.Value], list[str]]:
    """Return the recorded values of the paths that :func:`asked_paths` found, by how they are written.

    The second value has the keys that are looked up in a dictionary and are known to be missing.
    """
    found: dict[str, v.Value] = {}
    absent: list[str] = []
    for path, text in paths:
        value = variables.value(path)
        if value is None and len(path) == 2 and text[1].startswith("[") and _misses(variables, path):
            absent.append("".join(text))
            continue
        while value is None and len(path) > 1:
            path, text = path[:-1], text[:-1]  # the attribute is not recorded: give its owner
            value = variables.value(path)
        if value is not None:
            found.setdefault("".join(text), value)
    return found, list(dict.fromkeys(absent)) if absent else absent


def _misses(variables: LocalsState, path: ValuePath) -> bool:
    return variables.holds_key(str(path[0]), str(path[1])) is False


def truth_of(condition: ast.expr, variables: LocalsState, depth: int = _DEPTH) -> bool | None:
    """Return whether a condition is true; None where the recorded values do not decide it."""
    if depth == 0:
        return None
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        inner = truth_of(condition.operand, variables, depth - 1)
        return None if inner is None else not inner
    if isinstance(condition, ast.BoolOp):
        parts = [truth_of(part, variables, depth - 1) for part in condition.values]
        deciding = isinstance(condition.op, ast.Or)
        if deciding in parts:
            return deciding
        return None if None in parts else not deciding
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        return _compared(condition.left, condition.ops[0], condition.comparators[0], variables)
    value = known(condition, variables)
    return None if value is _UNKNOWN else bool(value)


def known(expression: ast.expr, variables: LocalsState) -> object:
    """Return the value of a constant, or of a name that held a plain value; else this module's sentinel."""
    if isinstance(expression, ast.Constant):
        return expression.value
    if isinstance(expression, ast.Name):
        return plain_of(variables.value((expression.id,)))
    return _UNKNOWN


def recorded_attribute(condition: ast.expr, variables: LocalsState) -> bool | None:
    """Return whether ``config.attribute`` is true as recorded; this is only likely, as a class can compute another."""
    path = _path(condition) if isinstance(condition, ast.Attribute) else None
    value = plain_of(variables.value(path[0])) if path is not None else _UNKNOWN
    return None if value is _UNKNOWN else bool(value)


def plain_of(value: v.Value | None) -> object:
    """Return None, a bool, a number or a string as itself; else this module's sentinel."""
    if isinstance(value, v.Plain):
        return value.value
    if isinstance(value, v.Text) and not value.length:
        return value.value
    return _UNKNOWN


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr, variables: LocalsState) -> bool | None:
    if isinstance(operator, (ast.In, ast.NotIn)):
        key = known(left, variables)
        if not isinstance(key, str) or not isinstance(right, ast.Name):
            return None
        there = variables.holds_key(right.id, key)
        return None if there is None else there == isinstance(operator, ast.In)
    value, other = known(left, variables), known(right, variables)
    if isinstance(operator, (ast.Is, ast.IsNot)):
        if other is not None:
            return None
        if value is _UNKNOWN:  # None would have been recorded as such
            recorded = variables.value((left.id,)) if isinstance(left, ast.Name) else None
            if recorded is None or isinstance(recorded, v.Secret):
                return None
        return (value is None) == isinstance(operator, ast.Is)
    if value is _UNKNOWN or other is _UNKNOWN or not isinstance(operator, (ast.Eq, ast.NotEq)):
        return None
    return (value == other) == isinstance(operator, ast.Eq)


def _paths(expression: ast.AST) -> Iterator[WrittenPath]:
    """Yield each path in an expression with the text of its parts, in the order of writing."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        path = _path(node) if isinstance(node, ast.expr) else None
        if path is None:
            path = _asked(node)
        if path is not None:
            yield path
        elif isinstance(node, _OWN_SCOPE):
            continue  # it has a scope of its own
        if path is None or not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            waiting.extend(reversed(list(_parts(node))))


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    if _asked(node) is not None:
        yield from node.args[2:] if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ()
    elif isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute):
            yield function.value
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)
    else:
        yield from ast.iter_child_nodes(node)


def _path(node: ast.expr) -> WrittenPath | None:
    keys: list[str | int] = []
    texts: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            keys.append(node.attr)
            texts.append(f".{node.attr}")
        elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, (str, int)):
            keys.append(node.slice.value)
            texts.append(f"[{node.slice.value!r}]")
        else:
            return None
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return (node.id, *reversed(keys)), (node.id, *reversed(texts))


def _asked(node: ast.AST) -> WrittenPath | None:
    """Return the path that ``hasattr(x, "k")``, ``"k" in x`` or ``x.get("k")`` looks up."""
    holder: ast.expr
    key: ast.expr
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        holder, key, pattern = node.comparators[0], node.left, "[{!r}]"
    elif isinstance(node, ast.Call) and len(node.args) >= 1:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _LOOK_UPS:
            holder, key, pattern = function.value, node.args[0], "[{!r}]"
        elif isinstance(function, ast.Name) and function.id in ("hasattr", "getattr") and len(node.args) >= 2:
            holder, key, pattern = node.args[0], node.args[1], ".{}"
        else:
            return None
    else:
        return None
    base = _path(holder)
    if base is None or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    return (*base[0], key.value), (*base[1], pattern.format(key.value))
