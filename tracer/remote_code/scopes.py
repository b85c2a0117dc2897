"""Namespaces of a source: which code is evaluated where, and what each name may be bound to there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ComprehensionNode: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Binding: TypeAlias = "ast.expr | str | FunctionNode | ast.ClassDef | None"
"""What a name was bound to: an expression, a dotted name, a definition in the file, or something unknown."""


class Scope:
    """One namespace of the source.

    Attributes:
        node: the module, class, function or comprehension.
        function: the innermost function whose call runs this code; ``None``: it runs on import.
    """

    def __init__(self, node: ast.AST, parent: Scope | None, function: FunctionNode | None) -> None:
        self.node = node
        self.parent = parent
        self.function = function
        self.module: Scope = self if parent is None else parent.module
        self.bindings: dict[str, list[Binding]] = {}
        self.elsewhere: dict[str, Scope] = {}

    def bind(self, name: str, meaning: Binding) -> None:
        self.elsewhere.get(name, self).bindings.setdefault(name, []).append(meaning)

    def find(self, name: str) -> tuple[Scope, list[Binding]] | None:
        """The scope that a name is read from, and what it may be bound to there."""
        scope: Scope | None = self.elsewhere.get(name, self)
        while scope is not None:
            visible = scope is self or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope.bindings:
                return scope, scope.bindings[name]
            scope = scope.parent
        return None


def parts_with_scopes(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """The parts of a node, each with the scope it is evaluated in."""
    if isinstance(node, FunctionNode):
        inner = Scope(node, scope, node)
        _bind_arguments(node.args, inner)
        outside = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        body: list[ast.AST] = []
        if isinstance(node, ast.Lambda):
            body.append(node.body)
        else:
            outside += [*node.decorator_list, *written_types(node)]
            body.extend(node.body)
        _declare(body, inner)
        yield from ((part, scope) for part in outside)
        yield from ((part, inner) for part in body)
    elif isinstance(node, ast.ClassDef):
        inner = Scope(node, scope, scope.function)
        yield from ((part, scope) for part in (*node.decorator_list, *node.bases, *node.keywords))
        yield from ((part, inner) for part in node.body)
    elif isinstance(node, ComprehensionNode):
        inner = Scope(node, scope, scope.function)
        yield from ((part, inner) for part in node.generators)
        elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        yield from ((part, inner) for part in elements)
    else:
        yield from ((part, scope) for part in ast.iter_child_nodes(node))


def _every(arguments: ast.arguments) -> list[ast.arg]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return named + [rest for rest in (arguments.vararg, arguments.kwarg) if rest is not None]


def _bind_arguments(arguments: ast.arguments, scope: Scope) -> None:
    for argument in _every(arguments):
        scope.bind(argument.arg, None)
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        scope.bind(argument.arg, default)
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        scope.bind(argument.arg, value)


def written_types(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """Return what is written of the types of arguments and of what is returned."""
    written = [argument.annotation for argument in _every(node.args)]
    return [annotation for annotation in (*written, node.returns) if annotation is not None]


def _declare(body: list[ast.AST], scope: Scope) -> None:
    """``global`` and ``nonlocal`` send a name to another scope, wherever they stand in the function."""
    todo = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Global):
            scope.elsewhere.update(dict.fromkeys(node.names, scope.module))
        elif isinstance(node, ast.Nonlocal):
            for name in node.names:
                place = scope.parent.find(name) if scope.parent else None
                scope.elsewhere[name] = place[0] if place else scope.module
        elif isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)) and not _is_definition(node):
            todo.extend(ast.iter_child_nodes(node))


def outside_comprehensions(scope: Scope) -> Scope:
    while isinstance(scope.node, ComprehensionNode) and scope.parent is not None:
        scope = scope.parent
    return scope


def _is_definition(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
