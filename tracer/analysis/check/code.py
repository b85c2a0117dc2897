"""The Python files that a load imports from the directory: what their names mean, and what of them is sure to run.

Nothing is guessed. A name with several possible meanings has none here, and neither does a class with a base that is
not known.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS: Final = ("body", "handlers", "orelse", "finalbody", "cases")
_LONGEST: Final = 300_000  # bytes of one file


class OwnClass(NamedTuple):
    """A class of the directory's own."""

    file: str
    node: ast.ClassDef

    def method(self, name: str) -> FunctionNode | None:
        return next((part for part in self.node.body if isinstance(part, _FUNCTIONS) and part.name == name), None)


class OwnFunction(NamedTuple):
    """A function at the top of a file of the directory's own."""

    file: str
    node: FunctionNode


Meaning: TypeAlias = "str | OwnClass | OwnFunction | None"
"""What a name stands for: something of a package, such as ``torch.nn.Linear``; something of the directory; unknown."""


class Place(NamedTuple):
    """A part of the code, with the class and the function around it.

    Attributes:
        tests: the conditions around it.
        caught: whether it is in a ``try``, whose handlers may know what to do.
    """

    node: ast.AST
    file: str
    owner: OwnClass | None
    function: FunctionNode | None
    tests: tuple[ast.expr, ...] = ()
    caught: bool = False


class OwnCode:
    """The files of the directory that a load imports."""

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        self.trees = {file: tree for file in files if (tree := _parsed(folder / file)) is not None}
        self._meanings: dict[str, dict[str, Meaning]] = {}
        self._locals: dict[int, dict[str, list[ast.AST]]] = {}

    # What names mean

    def top(self, file: str) -> dict[str, Meaning]:
        """Return what the names at the top of a file mean."""
        if file not in self._meanings:
            self._meanings[file] = {}  # a circle of imports ends here
            self._meanings[file] = self._read_top(file)
        return self._meanings[file]

    def _read_top(self, file: str) -> dict[str, Meaning]:
        found: dict[str, list[Meaning]] = {}
        for node in _statements(self.trees[file].body):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for name, meaning in self._imported(node):
                    found.setdefault(name, []).append(meaning)
            elif isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(OwnClass(file, node))
            elif isinstance(node, _FUNCTIONS):
                found.setdefault(node.name, []).append(OwnFunction(file, node))
            else:
                for part in ast.walk(node):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, (ast.Store, ast.Del)):
                        found.setdefault(part.id, []).append(None)
        return {name: one[0] if all(other == one[0] for other in one) else None for name, one in found.items()}

    def _imported(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Meaning]]:
        """Yield the names that an import binds."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or whole, whole
            elif not node.level:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
            elif node.level == 1 and node.module and f"{node.module}.py" in self.trees:
                yield alias.asname or alias.name, self.top(f"{node.module}.py").get(alias.name)
            else:
                yield alias.asname or alias.name, None

    def bound(self, function: FunctionNode) -> dict[str, list[ast.AST]]:
        """Return the names that a function, or one in it, binds, each with the values, parameters and so on."""
        if id(function) not in self._locals:
            found: dict[str, list[ast.AST]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.arg):
                    found.setdefault(node.arg, []).append(node)
                elif isinstance(node, ast.Assign):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            found.setdefault(target.id, []).append(node.value)
                elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                    found.setdefault(node.target.id, []).append(node.value)
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    for alias in node.names:
                        found.setdefault((alias.asname or alias.name).partition(".")[0], []).append(node)
                elif isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.ExceptHandler)) and node is not function:
                    found.setdefault(node.name or "", []).append(node)
            assigned = {id(value) for values in found.values() for value in values}
            plain = {
                id(target)
                for node in ast.walk(function)
                if isinstance(node, (ast.Assign, ast.AnnAssign)) and id(node.value) in assigned
                for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in plain:
                    found.setdefault(node.id, []).append(node)
            self._locals[id(function)] = found
        return self._locals[id(function)]

    def meaning(self, node: ast.AST, place: Place) -> Meaning:
        """Return what a name, or names with dots, stands for."""
        if isinstance(node, ast.Attribute):
            owner = self.meaning(node.value, place)
            return f"{owner}.{node.attr}" if isinstance(owner, str) else None
        if not isinstance(node, ast.Name):
            return None
        if place.function is not None and (bindings := self.bound(place.function).get(node.id)) is not None:
            only = bindings[0] if len(bindings) == 1 else None
            if not isinstance(only, (ast.Import, ast.ImportFrom)):
                return None
            return dict(self._imported(only)).get(node.id)
        return self.top(place.file).get(node.id)

    # Classes

    def named(self, file: str, name: str) -> OwnClass | None:
        """Return a class that a file defines or imports from another."""
        meaning = self.top(file).get(name) if file in self.trees else None
        return meaning if isinstance(meaning, OwnClass) else None

    def line_of(self, own: OwnClass) -> list[OwnClass]:
        """Return a class and the classes of the directory that it derives from, the nearest first."""
        found = [own]
        for one in found:  # grows while it is walked through
            found += [base for base in self._bases(one) if isinstance(base, OwnClass) and base not in found]
        return found

    def derived_from(self, own: OwnClass) -> list[OwnClass]:
        """Return the classes of the directory that derive from a class, and may give its objects attributes."""
        classes = (one for file in self.trees for one in self.top(file).values() if isinstance(one, OwnClass))
        return [one for one in dict.fromkeys(classes) if one != own and own in self.line_of(one)]

    def library_bases(self, own: OwnClass) -> list[str] | None:
        """Return the classes of packages that a class derives from in the end; None if a base is not known."""
        found: list[str] = []
        for one in self.line_of(own):
            for base in self._bases(one):
                if base is None or isinstance(base, OwnFunction):
                    return None
                if isinstance(base, str):
                    found.append(base)
        return found

    def _bases(self, own: OwnClass) -> list[Meaning]:
        return [self.meaning(base, Place(base, own.file, None, None)) for base in own.node.bases]

    # What runs

    def places(self) -> Iterator[Place]:
        """Yield every part of the code with what is around it."""
        for file, tree in self.trees.items():
            yield from self._below(Place(tree, file, None, None))

    def _below(self, place: Place) -> Iterator[Place]:
        waiting = [place]
        while waiting:
            one = waiting.pop()
            yield one
            node = one.node
            if isinstance(node, ast.ClassDef) and one.function is None:
                inner = one._replace(owner=OwnClass(one.file, node))
                waiting += [inner._replace(node=part) for part in node.body]
                waiting += [one._replace(node=part) for part in (*node.bases, *node.keywords, *node.decorator_list)]
                continue
            if isinstance(node, _FUNCTIONS) and one.function is None:
                inner = one._replace(function=node, tests=(), caught=False)
                waiting += [inner._replace(node=part) for part in node.body]
                waiting += [one._replace(node=part) for part in (node.args, *node.decorator_list)]
                continue
            for child in ast.iter_child_nodes(node):
                tests, caught = one.tests, one.caught
                if isinstance(node, (ast.If, ast.IfExp, ast.While)) and child is not node.test:
                    tests = (*tests, node.test)
                elif isinstance(node, ast.BoolOp) and child in node.values[1:]:
                    tests = (*tests, *node.values[:-1])
                elif type(node).__name__ in ("Try", "TryStar"):
                    caught = True
                waiting.append(one._replace(node=child, tests=tests, caught=caught))

    def running(self, made: Iterable[OwnClass]) -> Running:
        """Return what is sure to run when the files are imported and objects of these classes are made."""
        return Running(self, made)


class Running:
    """What is sure to run: the parts of the code that no condition and no ``try`` is around, from call to call."""

    def __init__(self, code: OwnCode, made: Iterable[OwnClass]) -> None:
        self._code = code
        self.nodes: set[int] = set()
        self.made: list[OwnClass] = []
        self._seen: set[tuple[int, int]] = set()
        for file, tree in code.trees.items():
            self._run(tree.body, Place(tree, file, None, None), None)
        for own in made:
            self._make(own)

    def __contains__(self, node: ast.AST) -> bool:
        return id(node) in self.nodes

    @cached_property
    def constructors(self) -> set[int]:
        """The ``__init__`` methods that make the objects."""
        return {id(found) for own in self.made for one in self._code.line_of(own) if (found := one.method("__init__"))}

    def _make(self, own: OwnClass) -> None:
        if own not in self.made:
            self.made.append(own)
            self._call(own, "__init__", self._code.line_of(own))

    def _call(self, made: OwnClass, method: str, line: list[OwnClass]) -> None:
        for own in line:
            if (function := own.method(method)) is not None:
                self._enter(function, Place(function, own.file, own, function), made)
                return

    def _enter(self, function: FunctionNode, place: Place, made: OwnClass | None) -> None:
        key = id(function), id(made.node) if made is not None else 0
        if key not in self._seen:
            self._seen.add(key)
            self._run(function.body, place, made)

    def _run(self, body: list[ast.stmt], place: Place, made: OwnClass | None) -> None:
        for statement in body:
            for node in _sure(statement):
                self.nodes.add(id(node))
                if isinstance(node, ast.ClassDef):
                    self._run(node.body, place, made)
                if isinstance(node, ast.Call):
                    self._follow(node, place, made)
            if isinstance(statement, (ast.Return, ast.Raise)):
                return

    def _follow(self, call: ast.Call, place: Place, made: OwnClass | None) -> None:
        function = call.func
        if isinstance(function, ast.Attribute) and made is not None and place.owner is not None:
            line = self._code.line_of(made)
            if is_super(function.value):
                after = line[line.index(place.owner) + 1 :] if place.owner in line else []
                self._call(made, function.attr, after)
                return
            if isinstance(function.value, ast.Name) and function.value.id == "self":
                self._call(made, function.attr, line)
                return
        meaning = self._code.meaning(function, place)
        if isinstance(meaning, OwnClass):
            self._make(meaning)
        elif isinstance(meaning, OwnFunction):
            inner = Place(meaning.node, meaning.file, None, meaning.node)
            self._enter(meaning.node, inner, None)


def is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def runs_with(function: FunctionNode) -> Iterator[ast.AST]:
    """Yield what of a function's body is sure to run when it is called."""
    for statement in function.body:
        yield from _sure(statement)
        if isinstance(statement, (ast.Return, ast.Raise)):
            return


def _sure(statement: ast.AST) -> Iterator[ast.AST]:
    """Yield what of a statement runs whenever the statement does, without the bodies of functions and classes."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        if type(node).__name__ in ("Try", "TryStar", "Match", "Lambda"):
            continue
        if isinstance(node, _FUNCTIONS):
            waiting += node.decorator_list
            waiting += [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]
        elif isinstance(node, ast.ClassDef):
            waiting += (*node.bases, *node.keywords, *node.decorator_list)
        elif isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            waiting.append(node.test)
        elif isinstance(node, ast.BoolOp):
            waiting.append(node.values[0])
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            waiting += (node.iter, *node.body)
        elif isinstance(node, ast.AnnAssign):
            waiting += [node.value] if node.value is not None else []
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            only_over = not any(one.ifs for one in node.generators)
            waiting += ast.iter_child_nodes(node) if only_over else [node.generators[0].iter]
        else:
            waiting += ast.iter_child_nodes(node)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module in whichever branch, without those in functions and classes."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        below = [
            child for part in ("body", "handlers", "orelse", "finalbody", "cases") for child in getattr(node, part, ())
        ]
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) or not isinstance(getattr(node, "body", None), list):
            if isinstance(node, ast.stmt):
                yield node
        else:
            waiting += below


def _parsed(path: Path) -> ast.Module | None:
    try:
        data = path.read_bytes()
        if len(data) > _LONGEST:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
