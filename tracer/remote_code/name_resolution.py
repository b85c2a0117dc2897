"""Resolve the names in a source: imports, aliases and simple assignments, scope by scope.

Python does that at run time. Here it is done by reading, so a name resolves to every visible meaning.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from tracer.remote_code.notable_names import BUILTINS, has_own_rule, is_notable_module, normal

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ComprehensionNode: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Binding: TypeAlias = "ast.expr | str | FunctionNode | ast.ClassDef | None"
"""What a name is bound to: an expression, a dotted name, a definition in the file, or something unknown."""


class Scope:
    """A namespace of the source.

    Attributes:
        node: the module, class, function or comprehension.
        function: the innermost function whose call runs this code; ``None`` if it runs on import.
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
        """Return the scope that a name is read from, and what it may be bound to there."""
        scope: Scope | None = self.elsewhere.get(name, self)
        while scope is not None:
            visible = scope is self or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope.bindings:
                return scope, scope.bindings[name]
            scope = scope.parent
        return None


def parts_with_scopes(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Yield the parts of a node, each with the scope in which it is evaluated."""
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
    """Return the annotations of the arguments and of the return value."""
    written = [argument.annotation for argument in _every(node.args)]
    return [annotation for annotation in (*written, node.returns) if annotation is not None]


def _declare(body: list[ast.AST], scope: Scope) -> None:
    """Redirect names to another scope for ``global`` and ``nonlocal``, anywhere in the function."""
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


_Key: TypeAlias = "tuple[int, int | str]"

_DEEPEST: Final = 40
_MOST: Final = 16  # meanings kept for an expression
_PATIENCE: Final = 50_000  # answers that are computed again because they were cut short
_NONE: Final[frozenset[str]] = frozenset()


class NameResolver:
    """Resolve expressions of a source to their meanings.

    Attributes:
        nodes: all nodes in source order, each with the scope in which it is evaluated.
        functions: functions and methods of the file by their own name.
        attributes: what was assigned to an attribute of that name, on any object.
        stars: modules imported with ``*``.
        modules: modules by the names under which they are imported; ``from a import b`` may or may not import a module.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.nodes: list[tuple[ast.AST, Scope]] = []
        self.functions: dict[str, list[FunctionNode]] = {}
        self.attributes: dict[str, list[tuple[ast.expr, Scope]]] = {}
        self.stars: list[str] = []
        self.modules: set[str] = set()
        self._known: dict[_Key, frozenset[str]] = {}
        self._busy: set[_Key] = set()
        self._cut = False
        self._patience = _PATIENCE
        self._read(tree)

    def resolve(self, node: ast.expr, scope: Scope, depth: int = 0) -> frozenset[str]:
        """Return the dotted names that an expression may refer to; empty if nothing is known about it."""
        key = self._key(node, scope)
        if key in self._known:
            return self._known[key]
        if depth > _DEEPEST or key in self._busy:
            self._cut = True
            return _NONE
        cut_before, self._cut = self._cut, False
        self._busy.add(key)
        found = _limited(self._meanings(node, scope, depth + 1))
        self._busy.discard(key)
        if self._cut and depth:  # the names are bound to each other: starting from another name may find more
            self._patience -= 1
        if not self._cut or not depth or self._patience < 0:
            self._known[key] = found
        self._cut = self._cut or cut_before
        return found

    def _key(self, node: ast.expr, scope: Scope) -> _Key:
        """Return the cache key: a name means the same everywhere in a scope, so it is resolved once."""
        if isinstance(node, ast.Name):
            place = scope.find(node.id)
            return id(place[0]) if place else 0, node.id
        return id(node), id(scope)

    def local_functions(self, node: ast.expr, scope: Scope) -> Iterator[FunctionNode]:
        """Return the functions of this file that calling an expression may run."""
        if isinstance(node, ast.Lambda):
            yield node
        elif isinstance(node, ast.Name):
            place = scope.find(node.id)
            for meaning in place[1] if place else ():
                if isinstance(meaning, FunctionNode):
                    yield meaning
                elif isinstance(meaning, ast.ClassDef):
                    methods = (part for part in meaning.body if isinstance(part, ast.FunctionDef))
                    yield from (method for method in methods if _is_dunder(method.name))
        elif isinstance(node, ast.Attribute) and not self.resolve(node, scope):
            yield from self.functions.get(node.attr, ())

    # first walk: scopes and bindings

    def _read(self, tree: ast.Module) -> None:
        todo: list[tuple[ast.AST, Scope]] = [(tree, Scope(tree, None, None))]
        while todo:
            node, scope = todo.pop()
            self.nodes.append((node, scope))
            self._bind(node, scope)
            todo.extend(reversed(list(parts_with_scopes(node, scope))))

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = _top(alias.name)
                self.modules |= {top, alias.name}
                scope.bind(alias.asname or top, alias.name if alias.asname else top)
        elif isinstance(node, ast.ImportFrom):
            self._bind_from(node, scope)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value, scope)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            self._assign(node.target, node.value, outside_comprehensions(scope))
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._assign(node.target, None, scope)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._assign(node.optional_vars, node.context_expr, scope)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.bind(node.name, None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            scope.bind(node.name, node)
            if not isinstance(node, ast.ClassDef):
                self.functions.setdefault(node.name, []).append(node)

    def _bind_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name == "*" and not node.level:
                self.stars.append(node.module or "")
            elif alias.name != "*":
                scope.bind(alias.asname or alias.name, None if node.level else f"{node.module}.{alias.name}")

    def _assign(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        todo = [(target, value)]
        while todo:
            target, value = todo.pop()
            if isinstance(target, ast.Name):
                scope.bind(target.id, value)
                if isinstance(scope.node, ast.ClassDef) and value is not None:
                    self.attributes.setdefault(target.id, []).append((value, scope))
            elif isinstance(target, ast.Attribute) and value is not None:
                self.attributes.setdefault(target.attr, []).append((value, scope))
            elif isinstance(target, ast.Starred):
                todo.append((target.value, None))
            elif isinstance(target, (ast.Tuple, ast.List)):
                values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
                paired = len(values) == len(target.elts)
                todo.extend((part, values[i] if paired else None) for i, part in enumerate(target.elts))

    # meanings

    def _meanings(self, node: ast.expr, scope: Scope, depth: int) -> set[str]:
        if isinstance(node, ast.Name):
            return self._name(node.id, scope, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope, depth)
        if isinstance(node, ast.Call):
            return self._call(node, scope, depth)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope, depth)
        if isinstance(node, (ast.NamedExpr, ast.Await)):
            return set(self.resolve(node.value, scope, depth))
        if isinstance(node, ast.IfExp):
            return {*self.resolve(node.body, scope, depth), *self.resolve(node.orelse, scope, depth)}
        if isinstance(node, ast.BoolOp):
            return {name for part in node.values[:_MOST] for name in self.resolve(part, scope, depth)}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return {name for name in self.resolve(node.left, scope, depth) if name == "pathlib.Path()"}
        return set()

    def _name(self, name: str, scope: Scope, depth: int) -> set[str]:
        place = scope.find(name)
        if place is None:
            starred = {f"{module}.{name}" for module in self.stars}
            return ({name} & BUILTINS) | {n for n in starred if not hasattr(builtins, name) or has_own_rule(n)}
        owner, meanings = place
        found: set[str] = set()
        for meaning in meanings:
            if isinstance(meaning, str):
                found.add(meaning)
            elif isinstance(meaning, ast.expr):
                found |= self.resolve(meaning, owner, depth)
        if not isinstance(owner.node, FunctionNode):  # until it is bound, the name is still the builtin
            found |= {name} & BUILTINS
        return found

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> set[str]:
        names = self.resolve(node.value, scope, depth)
        if names:
            return {_spelled(f"{name}.{node.attr}") for name in names}
        aliases = self.attributes.get(node.attr, ())[:_MOST]
        return {name for value, where in aliases for name in self.resolve(value, where, depth)}

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> set[str]:
        found: set[str] = set()
        for function in map(normal, self.resolve(node.func, scope, depth)):
            special = _IMPORTERS.get(function)
            text = constant_text(node.args[0]) if node.args else None
            if special is not None and text:
                found |= special(text)
            elif function == "getattr" and len(node.args) > 1:
                owners, attribute = self.resolve(node.args[0], scope, depth), constant_text(node.args[1])
                found |= {f"{owner}.{attribute}" for owner in owners if attribute}
            elif function == "vars" and node.args:
                found |= {f"{owner}.__dict__" for owner in self.resolve(node.args[0], scope, depth)}
            else:
                found.add(_spelled(f"{function}()"))
        return found

    def _subscript(self, node: ast.Subscript, scope: Scope, depth: int) -> set[str]:
        key = constant_text(node.slice)
        if not key:
            return set()
        found: set[str] = set()
        for owner in map(normal, self.resolve(node.value, scope, depth)):
            if owner == "sys.modules":
                found.add(key)
            elif owner == "globals()":
                found |= self._name(key, scope.module, depth)
            elif owner.endswith(".__dict__"):
                found.add(f"{owner.removesuffix('.__dict__')}.{key}")
            elif owner == "__builtins__":
                found.add(key)
        return found


_IMPORTERS: Final[dict[str, Callable[[str], set[str]]]] = {
    "__import__": lambda name: {name, _top(name)},
    "importlib.import_module": lambda name: {name},
    "importlib.__import__": lambda name: {name, _top(name)},
}


def _limited(names: set[str]) -> frozenset[str]:
    """Limit the number of meanings; notable meanings come first, so that decoys do not displace them."""
    if len(names) > _MOST:
        return frozenset(sorted(names, key=lambda name: (not is_notable_module(name), name))[:_MOST])
    return frozenset(names)


def constant_text(node: ast.expr) -> str | None:
    """Return a string that is written in the source, also if it is concatenated: ``"sys" + "tem"``."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    parts: list[str] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        if not (isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)):
            return None
        parts.append(node.right.value)
        node = node.left
    if parts and isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "".join([node.value, *reversed(parts)])
    return None


def _spelled(dotted: str) -> str:
    for path_class in ("PosixPath", "WindowsPath", "PurePath"):
        dotted = dotted.replace(f"pathlib.{path_class}", "pathlib.Path")
    for giver in ("cwd", "home"):
        dotted = dotted.replace(f"pathlib.Path.{giver}()", "pathlib.Path()")
    for again in ("resolve", "absolute", "joinpath", "with_suffix", "with_name", "expanduser"):
        dotted = dotted.replace(f"pathlib.Path().{again}()", "pathlib.Path()")
    return dotted.replace("pathlib.Path().parent", "pathlib.Path()")


def _top(name: str) -> str:
    return name.split(".")[0]


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
