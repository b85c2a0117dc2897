"""What a Python file of a model defines and imports, read from its text without running it."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import msgspec

from tracer.trace.directory import stand_in


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
        bases: what each class that has any derives from, as it is written.
        imports: its imports, wherever they are.
        problem: ``lfs-pointer``, ``web-page`` or ``not-python`` if it can't be parsed; ``not-read`` if nothing is known
            of what it defines: it can't be read, is too long or nested too deeply, or is one of too many.
        line: the line where parsing ended, for ``not-python``.
        source: that line.
        sha256: checksum of the file; None if its bytes were not read.
    """

    names: list[str] = []
    classes: list[str] = []
    bases: dict[str, list[str]] = {}
    imports: list[Import] = []
    problem: str | None = None
    line: int | None = None
    source: str | None = None
    sha256: str | None = None

    def may_define(self, name: str) -> bool:
        """Return whether the module has a name, or may: by an import of everything, or since it was not read."""
        return name in self.names or self.problem == "not-read" or any("*" in one.names for one in self.imports)


_MOST_FILES: Final = 60
_LONGEST: Final = 300_000  # bytes of one file
_IMPORTS: Final = 2_000  # of one file
_CONDITION: Final = 80  # characters
_LINE: Final = 120  # characters
_STAND_INS: Final = {"lfs-pointer": "lfs-pointer", "html": "web-page"}
_BLOCKS: Final = ("body", "handlers", "orelse", "finalbody", "cases")


def code_outlines(folder: str, clean: Callable[[str], str] = str) -> dict[str, CodeOutline]:
    """Return the outline of each Python file in a folder, by its path.

    ``clean`` takes out what a text of the code must not show, before it is shortened.
    """
    try:
        with os.scandir(folder) as entries:
            files = sorted(entry.path for entry in entries if entry.name.endswith(".py"))
    except OSError:
        return {}
    found = {path: outline for path in files[:_MOST_FILES] if (outline := code_outline(path, clean)) is not None}
    return found | {path: CodeOutline(problem="not-read") for path in files[_MOST_FILES:]}


def code_outline(path: str, clean: Callable[[str], str] = str) -> CodeOutline | None:
    """Return the outline of a Python file; None if there is no such file."""
    import hashlib  # not for the player's first screen

    try:
        if not os.path.isfile(path):
            return None
        if os.path.getsize(path) > _LONGEST:
            return CodeOutline(problem="not-read")
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return CodeOutline(problem="not-read")
    checksum = hashlib.sha256(data).hexdigest()
    kind = stand_in(data)
    if kind is not None:
        return CodeOutline(problem=_STAND_INS[kind], sha256=checksum)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape, say: the load itself will warn
            tree = ast.parse(data)
        return CodeOutline(
            names=sorted(set(_names(tree.body))),
            classes=[node.name for node in tree.body if isinstance(node, ast.ClassDef)],
            bases={node.name: _bases(node) for node in tree.body if isinstance(node, ast.ClassDef) and node.bases},
            imports=list(islice(_imports(tree.body, clean), _IMPORTS)),
            sha256=checksum,
        )
    except (RecursionError, MemoryError):  # it is nested too deeply for us, not necessarily for Python
        return CodeOutline(problem="not-read", sha256=checksum)
    except (SyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        lines = re.split("\r\n?|\n", data.decode(errors="replace"))
        source = None
        if line is not None and 0 < line <= len(lines):
            source = clean(lines[line - 1].strip())[:_LINE]
        return CodeOutline(problem="not-python", line=line, source=source, sha256=checksum)


def _bases(node: ast.ClassDef) -> list[str]:
    """Return the bases of a class that are names, with dots or without."""
    written = [ast.unparse(base) for base in node.bases if isinstance(base, (ast.Name, ast.Attribute))]
    return [base for base in written if len(base) <= _LINE]


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Yield what a module's own statements define, in whichever branch."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
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
            waiting += _below(node)


def _below(node: ast.AST) -> list[ast.AST]:
    """Return the statements, handlers and cases right below a statement."""
    return [child for part in _BLOCKS for child in getattr(node, part, ())]


def _imports(body: list[ast.stmt], clean: Callable[[str], str]) -> Iterator[Import]:
    """Yield the imports among statements and below them, in the order of the file.

    Expressions, which have none, are not entered, and nothing recurses: code can be nested deeper than our stack is.
    """
    # Each statement comes with the ``if`` around it, whether it is in its ``else``, and what else is around it.
    waiting: list[tuple[ast.AST, tuple[ast.expr, bool] | None, str | None]]
    waiting = [(node, None, None) for node in reversed(body)]
    while waiting:
        node, test, inside = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            condition = None if test is None else _condition(*test, clean)
            if isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                names = [alias.name for alias in node.names]
                yield Import(module, names, line=node.lineno, condition=condition, inside=inside)
            else:
                for alias in node.names:
                    yield Import(alias.name, line=node.lineno, condition=condition, inside=inside)
        elif isinstance(node, ast.If):
            waiting += [(child, (node.test, True), inside) for child in reversed(node.orelse)]
            waiting += [(child, (node.test, False), inside) for child in reversed(node.body)]
        elif type(node).__name__ in ("Try", "TryStar"):
            tried: list[ast.AST] = getattr(node, "body", [])
            waiting += [(child, test, inside) for child in reversed(_below(node)[len(tried) :])]
            waiting += [(child, test, "try") for child in reversed(tried)]
        else:
            within = inside
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ExceptHandler)):
                within = "except" if isinstance(node, ast.ExceptHandler) else "function"
            waiting += [(child, test, within) for child in reversed(_below(node))]


def _condition(test: ast.expr, is_else: bool, clean: Callable[[str], str]) -> str:
    """Return a condition as it would be written, without the texts in it."""
    if any(isinstance(part, ast.Constant) and isinstance(part.value, (str, bytes)) for part in ast.walk(test)):
        text = "…"
    else:
        try:
            text = clean(ast.unparse(test))
        except RecursionError:
            text = "…"
    if len(text) > _CONDITION:
        text = f"{text[:_CONDITION]}…"
    return f"not ({text})" if is_else else text
