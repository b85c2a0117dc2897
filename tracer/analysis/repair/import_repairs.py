"""Repairs of what a model's Python files import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from tracer.analysis.repair.edits import PythonEdit, run_at_import
from tracer.analysis.repair.model_files import Edits, MakeRepair, ModelFiles, edits_of

_Function: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def import_with_dot(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Import from files of the same directory in the form that the library looks for: ``from .file import name``."""
    name = str(values.get("file"))
    edit = files.python(name)
    wanted = values.get("modules")
    modules = {str(module) for module in (wanted if isinstance(wanted, list) else [values.get("module")])}
    if edit is None:
        return None
    for node in ast.walk(edit.tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in modules:
            if not edit.has_own_lines(node):
                return None  # the library looks for an import at the beginning of a line
            edit.replace(node, re.sub(r"^from\s+", "from .", edit.source(node)))
        elif isinstance(node, ast.Import) and any(alias.name in modules for alias in node.names):
            lines = [
                _names_in_place_of(edit, alias, alias.name) if alias.name in modules else f"import {_written(alias)}"
                for alias in node.names
            ]
            if None in lines or not edit.has_own_lines(node):
                return None
            edit.replace_lines(node, [line for line in lines if line is not None])
    return edits_of(name, edit)


def import_from_file(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Write ``from .file import name`` in place of ``from . import file``."""
    name, module = str(values.get("by")), str(values.get("name"))
    edit = files.python(name)
    if edit is None:
        return None
    for node in ast.walk(edit.tree):
        if not isinstance(node, ast.ImportFrom) or node.level != 1 or node.module is not None:
            continue
        if any(alias.name == module for alias in node.names):
            lines = [
                _names_in_place_of(edit, alias, module) if alias.name == module else f"from . import {_written(alias)}"
                for alias in node.names
            ]
            if None in lines or not edit.has_own_lines(node):
                return None
            edit.replace_lines(node, [line for line in lines if line is not None])
    return edits_of(name, edit)


def _written(alias: ast.alias) -> str:
    return alias.name if alias.asname is None else f"{alias.name} as {alias.asname}"


def _names_in_place_of(edit: PythonEdit, alias: ast.alias, module: str) -> str | None:
    """Use the names of a module by themselves, and return their import.

    None if the module is used in another way, or if the file has one of the names for something else.
    """
    owners = {id(node.value): node for node in ast.walk(edit.tree) if isinstance(node, ast.Attribute)}
    used = [owners.get(id(node)) for node in _uses(edit.tree, alias.asname or alias.name)]
    names = dict.fromkeys(node.attr for node in used if node is not None and isinstance(node.ctx, ast.Load))
    for node in used:
        if node is None or node.attr not in names:
            return None
        edit.replace(node, node.attr)
    if not names or not names.keys().isdisjoint(_taken(edit.tree)):
        return None
    return f"from .{module} import {', '.join(names)}"


def _taken(tree: ast.Module) -> set[str]:
    """Return the names that a file reads, defines, imports or takes as parameters."""
    fields = ("id", "arg", "name", "asname")
    found = {getattr(node, field, None) for node in ast.walk(tree) for field in fields}
    return {name for name in found if isinstance(name, str)}


def _uses(tree: ast.AST, name: str) -> Iterator[ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)


def import_in_try(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Put the imports of packages that are not installed, or that fail, into ``try``: the check then leaves them out.

    None if the file needs one of them as soon as it is imported.
    """
    name = str(values.get("file"))
    edit = files.python(name)
    wanted = values.get("names") or values.get("packages") or values.get("package")
    return None if edit is None else _in_try(name, edit, wanted if isinstance(wanted, list) else [wanted])


def import_failing_in_try(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Put the imports of installed packages that fail into ``try``, with those of packages that are not installed."""
    name, missing = str(values.get("file")), values.get("names")
    edit = files.python(name)
    failing = str(values.get("package")).split(", ")
    return None if edit is None else _in_try(name, edit, [*failing, *(missing if isinstance(missing, list) else ())])


def _in_try(name: str, edit: PythonEdit, wanted: list[Any]) -> Edits | None:
    packages = {str(package).partition(".")[0] for package in wanted}
    tried = {id(part) for node in ast.walk(edit.tree) if isinstance(node, ast.Try) for part in ast.walk(node)}
    at_import = list(run_at_import(edit.tree))
    compared = {id(part) for node in at_import if isinstance(node, ast.Compare) for part in ast.walk(node)}
    needed = {
        node.id
        for node in at_import
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in compared
    }
    for node in ast.walk(edit.tree):
        if id(node) in tried or not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        if isinstance(node, ast.ImportFrom):
            roots = {(node.module or "").partition(".")[0]} if node.level == 0 else set()
        else:
            roots = {alias.name.partition(".")[0] for alias in node.names}
        if not roots or not roots <= packages:
            continue
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        if "*" in names or not needed.isdisjoint(names):
            return None
        indent = edit.indent(node)
        lines = [f"    {line.removeprefix(indent)}" for line in edit.source(node).splitlines()]
        none = f"    {' = '.join(names)} = None"
        edit.replace_lines(node, ["try:", *lines, "except ImportError:", none])
    return edits_of(name, edit)


def copy_along(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Import a file in the file that ``auto_map`` names too, so that 4.x copies it."""
    main, module, name = (str(values.get(key)) for key in ("main", "module", "name"))
    edit = files.python(main)
    if edit is None or not name.isidentifier() or not module.isidentifier():
        return None
    edit.add_import(f".{module}", f"{name} as _{name}" if edit.imports(name) else name)
    return edits_of(main, edit)


def import_in_functions(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Import a name in the functions that use it, so that two files no longer need each other when they are imported.

    None if a file of the circle uses the name, or calls anything of the circle, while it is imported.
    """
    name, wanted = str(values.get("by")), str(values.get("name"))
    circle = values.get("names")
    edits = {file: files.python(file) for file in (circle if isinstance(circle, list) else [])}
    edit, target = edits.get(name), str(values.get("file")).removesuffix(".py")
    if edit is None or any(one is None or _calls_own(one.tree, set(edits)) for one in edits.values()):
        return None
    importing = [
        node
        for node in edit.tree.body
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module == target
        if any(alias.name == wanted for alias in node.names)
    ]
    if len(importing) != 1 or not edit.has_own_lines(importing[0]):
        return None
    node = importing[0]
    later = _defined_late(edits[f"{target}.py"], set(edits))
    moved: list[tuple[ast.alias, list[_AnyFunction]]] = []
    for alias in node.names:
        bound = alias.asname or alias.name
        functions = _functions_with(edit.tree, bound) if alias.name == wanted or alias.name in later else []
        if functions and not _is_wanted_of(files, name, bound):
            moved.append((alias, functions))
    if wanted not in [alias.name for alias, _ in moved]:
        return None
    if len(moved) == len(node.names):
        edit.remove(node)
    else:
        edit.remove_names(node, [alias for alias, _ in moved])
    for function in {id(one): one for _, functions in moved for one in functions}.values():
        names = [_written(alias) for alias, functions in moved if function in functions]
        edit.insert_first(function.body, f"from .{target} import {', '.join(names)}")
    return edits_of(name, edit)


def _defined_late(edit: PythonEdit | None, circle: set[str]) -> set[str]:
    """Return the names that a file defines after it has imported another one of the circle."""
    found: set[str] = set()
    stems = {file.removesuffix(".py") for file in circle}
    is_late = False
    for node in edit.tree.body if edit is not None else ():
        is_late = is_late or (isinstance(node, ast.ImportFrom) and node.level == 1 and node.module in stems)
        if is_late and isinstance(node, (*_Function, ast.ClassDef)):
            found.add(node.name)
        elif is_late and isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _functions_with(tree: ast.Module, name: str) -> list[_AnyFunction]:
    """Return the outermost functions that read a name; none if it is read elsewhere too, or bound anew."""
    at_import = [*run_at_import(tree)]
    if any(node.id == name for node in at_import if isinstance(node, ast.Name)):
        return []
    bound = [node for node in ast.walk(tree) if any(getattr(node, field, None) == name for field in ("arg", "asname"))]
    stored = [node for node in _uses(tree, name) if not isinstance(node.ctx, ast.Load)]
    said = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == name]
    declared = [node for node in ast.walk(tree) if name in getattr(node, "names", ())]
    lambdas = [node for node in at_import if isinstance(node, ast.Lambda) and any(_uses(node, name))]
    again = [node for node in ast.walk(tree) if isinstance(node, ast.alias) and (node.asname or node.name) == name]
    bound = [node for node in bound if not isinstance(node, ast.alias)]
    if bound or stored or said or declared or lambdas or len(again) != 1:
        return []
    return [node for node in at_import if isinstance(node, _Function) and any(_uses(node, name))]


def _calls_own(tree: ast.Module, circle: set[str]) -> bool:
    """Return whether a file calls something of its own, or of files of the circle, while it is imported."""
    stems = {file.removesuffix(".py") for file in circle}
    own = {node.name for node in tree.body if isinstance(node, (*_Function, ast.ClassDef))}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and (node.module is None or node.module in stems):
            own |= {alias.asname or alias.name for alias in node.names}
    called = [node.func for node in run_at_import(tree) if isinstance(node, ast.Call)]
    for node in run_at_import(tree):
        called += node.decorator_list if isinstance(node, (*_Function, ast.ClassDef)) else []
    return any(part.id in own for one in called for part in ast.walk(one) if isinstance(part, ast.Name))


def _is_wanted_of(files: ModelFiles, file: str, name: str) -> bool:
    """Return whether another file imports a name from a file, or may use it."""
    stem = file.removesuffix(".py")
    for other in files.names():
        text = files.python(other)
        for node in ast.walk(text.tree) if text is not None else ():
            if isinstance(node, ast.ImportFrom) and node.level:
                names = {alias.name for alias in node.names}
                if (node.module == stem and not names.isdisjoint({name, "*"})) or (not node.module and stem in names):
                    return True
    return False


REPAIRS: Final[dict[str, MakeRepair]] = {
    "sibling-absolute": import_with_dot,
    "sibling-and-package": import_with_dot,
    "sibling-from-dot": import_from_file,
    "package-missing": import_in_try,
    "package-on-condition": import_in_try,
    "package-in-function": import_in_try,
    "package-fails": import_failing_in_try,
    "packages-fail": import_failing_in_try,
    "package-fails-and-missing": import_failing_in_try,
    "import-not-copied": copy_along,
    "circular-import": import_in_functions,
}
"""The repair for each kind of cause."""
