"""The files that the directory's code imports beside itself: what a release copies, and in which order they run.

Before it runs the file that ``auto_map`` names, the library searches its text for ``from .NAME import`` and copies
``NAME.py`` from beside it, whatever is around the statement; up to 5.9 it does not look into the files that it copies.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracer.analysis.check.code import OwnCode, Running
from tracer.analysis.check.problem import Problem
from tracer.releases import library

_IMPORTED: Final = re.compile(r"^\s*(?:import\s+\.(\S+)\s*$|from\s+\.(\S+)\s+import)", re.MULTILINE)
"""What ``get_relative_imports`` looks for, the same in every release."""
_WHOLE_SINCE: Final = "5.10"
_BODIES: Final = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With,
    ast.AsyncWith, ast.Try,
)  # fmt: skip
"""Statements with statements inside, which are looked at one by one."""


def copied_neighbours(folder: Path, mains: list[str], code: OwnCode, release: str) -> Iterator[Problem]:
    """Yield imports of files that the release does not copy or can't find."""
    known = library()
    if known.index(release) is None or any("/" in main for main in mains):
        return
    whole = known.reaches(release, _WHOLE_SINCE)
    copied: dict[str, None] = dict.fromkeys(mains)
    waiting = list(copied)
    while waiting:
        file = waiting.pop(0)
        for name, line in _looked_for(folder / file):
            needed = f"{name}.py"
            if (folder / needed).is_file():
                if needed not in copied:
                    copied[needed] = None
                    waiting += [needed] if whole else []
            elif (folder / name.partition(".")[0]).is_dir() and not name.startswith("."):
                yield Problem("neighbour-in-folder", file, {"name": name, "needed": needed}, line, release=release)
            elif name.startswith("."):
                yield Problem("neighbour-above", file, {"name": f".{name}"}, line, release=release)
            elif _is_excused(code, file, line):
                yield Problem("neighbour-looked-for", file, {"needed": needed}, line, release=release)
    for file in copied:
        tree = code.trees.get(file)
        for node in _run_at_import(tree.body) if tree is not None else ():
            if not isinstance(node, ast.ImportFrom) or node.level != 1:
                continue
            for name in [node.module] if node.module else [alias.name for alias in node.names]:
                needed = f"{name}.py"
                if needed in copied or not (folder / needed).is_file():
                    continue
                values = {"needed": needed, "module": name, "main": mains[-1] if file not in mains else file}
                kind = "neighbour-from-dot" if not node.module else "neighbour-not-copied"
                yield Problem(kind, file, values, node.lineno, release=release)


def _looked_for(path: Path) -> list[tuple[str, int]]:
    """Return what the library looks for in a file's text, with the lines."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return []
    found: dict[str, int] = {}
    for match in _IMPORTED.finditer(text):
        at = match.start(1) if match[1] else match.start(2)
        found.setdefault(match[1] or match[2], text.count("\n", 0, at) + 1)
    return list(found.items())


def _is_excused(code: OwnCode, file: str, line: int) -> bool:
    """Return whether Python itself would not mind that the import fails: it is no statement, or one that may fail."""
    tree = code.trees.get(file)
    return tree is not None and not any(
        isinstance(node, ast.ImportFrom) and node.lineno == line for node in _run_at_import(tree.body)
    )


def _run_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that are sure to run when a module is imported, in order."""
    for node in body:
        if isinstance(node, ast.With):
            yield from _run_at_import(node.body)
        else:
            yield node


def opened_files(folder: Path, code: OwnCode, running: Running) -> Iterator[Problem]:
    """Yield files that the code looks for beside its own file, which runs from a copy: only Python files are copied."""
    beside = {file: names for file, tree in code.trees.items() if (names := _from_own_place(tree))}
    for place in code.places():
        if place.file not in beside or place.caught:
            continue
        if not isinstance(place.node, (ast.stmt, ast.withitem)) or isinstance(place.node, _BODIES):
            continue
        parts = [*ast.walk(place.node)]
        if not any(isinstance(part, ast.Name) and part.id in beside[place.file] for part in parts):
            continue
        constants = [part for part in parts if isinstance(part, ast.Constant)]
        texts = {part.value: part.lineno for part in constants if isinstance(part.value, str) and part.value}
        for name in sorted(texts):
            if not name.endswith(".py") and "/" not in name and (folder / name).is_file():
                fails = place.node in running and any(isinstance(part, ast.Call) and _opens(part) for part in parts)
                yield Problem("file-not-copied", place.file, {"needed": name}, texts[name], fails=fails)


def _from_own_place(tree: ast.Module) -> set[str]:
    """Return the names that hold the place of a file itself."""
    if not any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(tree)):
        return set()
    found = {"__file__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
            found |= {target.id for target in node.targets if isinstance(target, ast.Name) and names & found}
    return found


def _opens(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("open", "read_text", "read_bytes", "from_file", "load_file")


def circles(mains: list[str], code: OwnCode) -> Iterator[Problem]:
    """Yield imports of a name from a file that is being imported just then and has not come to define it."""
    done: set[str] = set()
    for main in mains:
        if main in code.trees and main not in done:
            yield from _import(main, [], done, {}, code)


def _import(file: str, way: list[str], done: set[str], bound: dict[str, set[str]], code: OwnCode) -> Iterator[Problem]:
    """Go through a file as Python does when it imports it; ``way`` has the files that wait for it."""
    way = [*way, file]
    names = bound.setdefault(file, set())
    for node in _run_at_import(code.trees[file].body):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and f"{node.module}.py" in code.trees:
            needed = f"{node.module}.py"
            if needed in way:
                later = code.top(needed).keys() - bound[needed]
                if missing := [alias.name for alias in node.names if alias.name in later]:
                    values = {"names": missing, "needed": needed, "files": way[way.index(needed) :]}
                    yield Problem("circular-import", file, values, node.lineno)
                    return
            elif needed not in done:
                yield from _import(needed, way, done, bound, code)
        names |= set(_binds(node))
    done.add(file)


def _binds(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement may bind."""
    for part in ast.walk(node):
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield part.name
        elif isinstance(part, ast.alias):
            yield (part.asname or part.name).partition(".")[0]
        elif isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
