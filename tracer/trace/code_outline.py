"""What a Python file of a model defines and imports, read from its text without running it."""

from __future__ import annotations

import ast
import hashlib
import os
import tokenize
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec


class Import(msgspec.Struct, omit_defaults=True):
    """An import statement, or one module of it.

    Attributes:
        module: the module, with a leading dot for each level of a relative import.
        names: what is imported from it; empty for ``import module``.
        line: its line.
        condition: the innermost ``if`` around it; ``not (…)`` in its ``else``.
        inside: ``try``, ``except`` (a handler) or ``function`` if one of these is around it.
    """

    module: str
    names: list[str] = []
    line: int = 0
    condition: str | None = None
    inside: str | None = None

    @property
    def relative(self) -> bool:
        return self.module.startswith(".")

    @property
    def neighbours(self) -> list[str]:
        """Return the files beside this one that it may import, without ``.py``."""
        if not self.relative or self.module.startswith(".."):
            return []
        name = self.module[1:].partition(".")[0]
        return [name] if name else list(self.names)


class CodeOutline(msgspec.Struct, omit_defaults=True):
    """A Python file.

    Attributes:
        names: what the module itself defines or imports.
        classes: the classes among them.
        imports: its imports, wherever they are.
        problem: ``lfs-pointer``, ``web-page`` or ``not-python`` if it can't be parsed.
        line: the line where parsing ended, for ``not-python``.
        source: that line.
        sha256: checksum of the file.
    """

    names: list[str] = []
    classes: list[str] = []
    imports: list[Import] = []
    problem: str | None = None
    line: int | None = None
    source: str | None = None
    sha256: str | None = None

    def may_define(self, name: str) -> bool:
        """Return whether the module has a name, or may: by an import of everything, or since not all are listed."""
        return name in self.names or len(self.names) >= _NAMES or any("*" in one.names for one in self.imports)


_MOST_FILES: Final = 60
_LONGEST: Final = 300_000  # bytes of one file
_NAMES: Final = 400  # of one file
_IMPORTS: Final = 200
_CONDITION: Final = 80  # characters
_LINE: Final = 120  # characters
_POINTER: Final = "version https://git-lfs.github.com/spec/"
_CALLABLES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def code_outlines(folder: str) -> dict[str, CodeOutline]:
    """Return the outline of each Python file in a folder, by its path."""
    try:
        with os.scandir(folder) as entries:
            files = sorted(entry.path for entry in islice(entries, 5_000) if entry.name.endswith(".py"))
    except OSError:
        return {}
    return {path: outline for path in files[:_MOST_FILES] if (outline := code_outline(path)) is not None}


def code_outline(path: str) -> CodeOutline | None:
    """Return the outline of a Python file; None if it can't be read or is too long."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LONGEST:
            return None
    except OSError:
        return None
    data = _utf8(path)
    text, checksum = data.decode(), hashlib.sha256(data).hexdigest()
    if text.lstrip().startswith(_POINTER):
        return CodeOutline(problem="lfs-pointer", sha256=checksum)
    if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        return CodeOutline(problem="web-page", sha256=checksum)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape, say: the load itself will warn
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        lines = text.splitlines()
        source = lines[line - 1].strip()[:_LINE] if line is not None and 0 < line <= len(lines) else None
        return CodeOutline(problem="not-python", line=line, source=source, sha256=checksum)
    return CodeOutline(
        names=sorted(islice(dict.fromkeys(_names(tree.body)), _NAMES)),
        classes=[node.name for node in tree.body if isinstance(node, ast.ClassDef)][:_NAMES],
        imports=list(islice(_imports(tree, None, None), _IMPORTS)),
        sha256=checksum,
    )


def _utf8(path: str) -> bytes:
    """Return the text of a file as UTF-8, whatever its encoding; empty if it can't be read."""
    try:
        with tokenize.open(path) as file:
            return file.read().encode()
    except (OSError, SyntaxError, UnicodeError):
        return b""


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Yield what a module's own statements define, in whichever branch."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0]
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))
        else:
            for part in ("body", "orelse", "finalbody"):
                yield from _names(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _names(handler.body)


def _imports(node: ast.AST, condition: str | None, inside: str | None) -> Iterator[Import]:
    """Yield the imports below a node: ``inside`` says whether a function, a ``try`` or its handler is around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, line=child.lineno, condition=condition, inside=inside)
        elif isinstance(child, ast.ImportFrom):
            module = "." * child.level + (child.module or "")
            names = [alias.name for alias in child.names]
            yield Import(module, names, line=child.lineno, condition=condition, inside=inside)
        elif isinstance(child, ast.If):
            yield from _imports(ast.Module(child.body, []), _condition(child.test), inside)
            yield from _imports(ast.Module(child.orelse, []), f"not ({_condition(child.test)})", inside)
        elif isinstance(child, ast.Try):
            yield from _imports(ast.Module(child.body, []), condition, "try")
            for handler in child.handlers:
                yield from _imports(handler, condition, "except")
            yield from _imports(ast.Module([*child.orelse, *child.finalbody], []), condition, inside)
        else:
            yield from _imports(child, condition, "function" if isinstance(child, _CALLABLES) else inside)


def _condition(test: ast.expr) -> str:
    """Return a condition as it would be written, without the texts in it."""
    if any(isinstance(part, ast.Constant) and isinstance(part.value, (str, bytes)) for part in ast.walk(test)):
        return "…"
    text = ast.unparse(test)
    return text if len(text) <= _CONDITION else f"{text[:_CONDITION]}…"
