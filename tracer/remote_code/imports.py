"""Which files of its repository a Python file imports: as transformers finds them, and by syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from tracer.remote_code.scan import parse

# Both as in transformers/dynamic_module_utils.py, get_relative_imports; they also hit inside strings.
_IMPORT: Final = re.compile(r"^\s*import\s+\.(\S+)\s*$", re.MULTILINE)
_FROM: Final = re.compile(r"^\s*from\s+\.(\S+)\s+import", re.MULTILINE)

MODULES_CACHE: Final = "transformers_modules"


class Import(NamedTuple):
    """One import, as paths to try below the folder of the importing file.

    Attributes:
        tries: relative paths; any of them that exists may run.
        required: the load fails if none is there. Plain imports usually mean an installed package.
        plain: ``import helper`` instead of ``from .helper import x``.
        module: dotted name, for a plain import.
    """

    tries: tuple[str, ...]
    required: bool
    plain: bool = False
    module: str = ""


def imports(text: str) -> list[Import]:
    """All imports that may lead to files lying next to this one, and those out of the modules cache."""
    return list(dict.fromkeys([*_by_pattern(text), *_by_syntax(text)]))


def _by_pattern(text: str) -> Iterator[Import]:
    for found in (*_IMPORT.findall(text), *_FROM.findall(text)):
        yield Import(tuple(dict.fromkeys([f"{found}.py", *_of_module(found)])), required=True)


def _by_syntax(text: str) -> Iterator[Import]:
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _plain(alias.name)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node)


def _from(node: ast.ImportFrom) -> Iterator[Import]:
    names = [alias.name for alias in node.names if alias.name != "*"]
    if not node.level:
        for name in ("", *names):
            yield _plain(f"{node.module}.{name}".rstrip("."))
        return
    up = "../" * (node.level - 1)
    if node.module:
        yield Import(tuple(up + path for path in _of_module(node.module)), required=True)
    for name in names:
        inner = f"{node.module}.{name}" if node.module else name
        yield Import(tuple(up + path for path in _of_module(inner)), required=not node.module)


def _plain(module: str) -> Import:
    return Import(tuple(_of_module(module)), required=False, plain=True, module=module)


def _of_module(dotted: str) -> list[str]:
    """A module's file, its package's file, and those of the packages around it."""
    parts = [part for part in dotted.split(".") if part]
    if not parts or any("/" in part or "\\" in part for part in parts):
        return []
    path = PurePosixPath(*parts)
    around = [parent for parent in path.parents if parent.name]
    return [f"{path}.py", f"{path}/__init__.py", *(f"{parent}/__init__.py" for parent in around)]
