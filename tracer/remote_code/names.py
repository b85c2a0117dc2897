"""What the names of a source stand for: imports, aliases and simple assignments, followed by reading.

Python decides at run time, this decides by reading, so it answers with every meaning it can see.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from tracer.remote_code.rules import BUILTINS, has_own_rule, is_notable_module, normal
from tracer.remote_code.scopes import FunctionNode, Scope, outside_comprehensions, parts_with_scopes

_Key: TypeAlias = "tuple[int, int | str]"

_DEEPEST: Final = 40
_MOST: Final = 16  # meanings kept for one expression
_PATIENCE: Final = 50_000  # answers that are worked out again because they were cut short
_NONE: Final[frozenset[str]] = frozenset()


class Names:
    """Every node of a source with its scope, and the meanings of its expressions.

    Attributes:
        nodes: all nodes in the order of the source, each with the scope it is evaluated in.
        functions: functions and methods of the file by their own name.
        attributes: what was assigned to an attribute of that name, on any object.
        stars: modules of which everything was imported.
        modules: modules by the names that they are imported under; of ``from a import b`` it can't be told.
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
        """The dotted names an expression may stand for; empty if nothing is known about it."""
        key = self._key(node, scope)
        if key in self._known:
            return self._known[key]
        if depth > _DEEPEST or key in self._busy:
            self._cut = True
            return _NONE
        cut_before, self._cut = self._cut, False
        self._busy.add(key)
        found = _kept(self._meanings(node, scope, depth + 1))
        self._busy.discard(key)
        if self._cut and depth:  # names that are bound to each other: seen from elsewhere it may be more
            self._patience -= 1
        if not self._cut or not depth or self._patience < 0:
            self._known[key] = found
        self._cut = self._cut or cut_before
        return found

    def _key(self, node: ast.expr, scope: Scope) -> _Key:
        """A name means the same wherever it is read from one scope, so it is worked out once."""
        if isinstance(node, ast.Name):
            place = scope.find(node.id)
            return id(place[0]) if place else 0, node.id
        return id(node), id(scope)

    def local_functions(self, node: ast.expr, scope: Scope) -> Iterator[FunctionNode]:
        """Functions of this file that calling an expression may run."""
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
        if not isinstance(owner.node, FunctionNode):  # until it is bound, such a name is still the builtin
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


def _kept(names: set[str]) -> frozenset[str]:
    """Not all of very many meanings; the notable ones first, so that decoys do not push them out."""
    if len(names) > _MOST:
        return frozenset(sorted(names, key=lambda name: (not is_notable_module(name), name))[:_MOST])
    return frozenset(names)


def constant_text(node: ast.expr) -> str | None:
    """A string that is written in the source, also when it is glued together: ``"sys" + "tem"``."""
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
