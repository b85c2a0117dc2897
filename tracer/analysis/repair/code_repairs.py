"""Repairs of a model's Python files."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.repair.edits import PythonEdit
from tracer.analysis.repair.model_files import Edits, MakeRepair, ModelFiles, edits_of
from tracer.releases import library

_CHANGING: Final = {
    "pop", "popitem", "update", "setdefault", "clear", "append", "extend", "insert", "remove", "add", "discard", "sort",
    "reverse",
}  # fmt: skip
_ABSOLUTE: Final = r"(?:\w+\.)*(?:abspath|realpath)\(__file__\)|__file__"
_OWN_PATH: Final = r"(?P<path>(?:\w+\.)?Path)\(__file__\)(?:\.(?:resolve|absolute)\(\))?"
_OWN_FOLDER: Final = re.compile(rf"(?:\w+\.)*dirname\((?:{_ABSOLUTE})\)")
_OWN_PARENT: Final = re.compile(rf"{_OWN_PATH}\.parent")
_OWN_NEIGHBOUR: Final = re.compile(rf"{_OWN_PATH}\.with_name\(")
_REMOTE: Final = "transformers_modules"
_TEXTS: Final = (ast.List, ast.Tuple, ast.Set, ast.Constant)


def _with_class(files: ModelFiles, class_: Any, file: Any = None) -> tuple[str, PythonEdit, ast.ClassDef] | None:
    """Return the file that defines a class: the named one, or else any of the directory."""
    for name in [str(file)] if file and files.text(str(file)) is not None else files.names():
        edit = files.python(name)
        found = edit.class_(str(class_)) if edit is not None else None
        if edit is not None and found is not None:
            return name, edit, found
    return None


def call_post_init(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """End the constructor with ``self.post_init()``, in place of a call of ``self.init_weights()`` there."""
    where = _with_class(files, values.get("class"), values.get("file"))
    if where is None:
        return None
    name, edit, class_ = where
    constructor = edit.method(class_, "__init__")
    if constructor is None or any(isinstance(node, ast.Return) for node in ast.walk(constructor)):
        return None
    last = constructor.body[-1]
    if edit.source(last) == "self.init_weights()":
        edit.replace(last, "self.post_init()")
    else:
        edit.insert_line_after(last, "self.post_init()")
    return edits_of(name, edit)


def tied_keys_as_dictionary(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Write ``_tied_weights_keys`` as a dictionary, if the diagnosis knows what each name is tied to."""
    mapping, names = values.get("mapping"), values.get("names")
    where = _with_class(files, values.get("base") or values.get("class"), values.get("file"))
    if where is None or not isinstance(mapping, dict) or not mapping or set(mapping) != set(names or mapping):
        return None
    name, edit, class_ = where
    for node in class_.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        named = any(isinstance(target, ast.Name) and target.id == "_tied_weights_keys" for target in targets)
        if isinstance(node, ast.Assign) and named and isinstance(node.value, _TEXTS):
            edit.replace(node.value, json.dumps(mapping))
            return edits_of(name, edit)
    return None


def take_parameter(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Give a method the parameter that the library passes, with the default None."""
    where = _with_class(files, values.get("class"), values.get("file"))
    method = where[1].method(where[2], str(values.get("method"))) if where is not None else None
    parameter = str(values.get("name"))
    if where is None or method is None or not parameter.isidentifier() or method.args.kwarg is not None:
        return None
    name, edit, class_ = where
    arguments = method.args
    if any(one.arg == parameter for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)):
        return None
    if arguments.kwonlyargs:
        last, default = arguments.kwonlyargs[-1], arguments.kw_defaults[-1]
    elif arguments.vararg is not None:
        last, default = arguments.vararg, None
    elif arguments.args:
        last, default = arguments.args[-1], arguments.defaults[-1] if arguments.defaults else None
    else:
        return None
    edit.insert_at_end(default if default is not None else last, f", {parameter}=None")
    edits = edits_of(name, edit)
    after = _with_class(files.with_edits(edits), class_.name, name) if edits else None
    method = after[1].method(after[2], method.name) if after is not None else None
    taken = [*method.args.args, *method.args.kwonlyargs] if method is not None else []
    return edits if any(one.arg == parameter for one in taken) else None  # what is before may be in brackets


def use_replacements(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Use what took the place of names that the library no longer has, and remove imports of them that nothing uses."""
    name = str(values.get("file"))
    edit = files.python(name)
    if edit is None:
        return None
    replacements = dict(pair.split(" → ", 1) for pair in values.get("replacements") or () if " → " in pair)
    unused: set[tuple[str, str]] = set()
    for thing in values.get("things") or ():
        home, _, old = str(thing).rpartition(".")
        new = replacements.get(old)
        if new is not None and _dotted(new):
            _import_instead(edit, home, old, new)
        elif new is not None and new.endswith("()") and new[:-2].isidentifier():
            _call_instead(edit, old, new)
        elif new is None:
            unused.add((home, old))
    _remove_unused(edit, unused)
    return edits_of(name, edit)


def _dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _import_instead(edit: PythonEdit, home: str, old: str, new: str) -> None:
    """Import another name, or the same names from another module."""
    module, _, last = new.rpartition(".")
    importing = [
        node
        for node in ast.walk(edit.tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == home
        if any(alias.name == old for alias in node.names)
    ]
    if module not in ("", home) and any(len(node.names) > 1 for node in importing):
        return  # the other names stay where they are
    for node in ast.walk(edit.tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == f"{home}.{old}":
            edit.replace(node, re.sub(rf"^from\s+{re.escape(node.module)}\b", f"from {new}", edit.source(node)))
    for node in importing:
        for alias in node.names:
            if alias.name != old:
                continue
            written = last if alias.asname is None else f"{last} as {alias.asname}"
            if module in ("", home):
                edit.replace(alias, written)
            else:
                edit.replace(node, f"from {module} import {written}")
            if alias.asname is None and last != old:
                for used in _uses(edit, old):
                    edit.replace(used, last)


def _call_instead(edit: PythonEdit, old: str, new: str) -> None:
    """Call a method in place of an attribute, or of another method without arguments."""
    called = {id(node.func): node for node in ast.walk(edit.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(edit.tree):
        if isinstance(node, ast.Attribute) and node.attr == old and isinstance(node.ctx, ast.Load):
            call = called.get(id(node))
            if call is None:
                edit.replace(node, f"{edit.source(node.value)}.{new}")
            elif not call.args and not call.keywords:
                edit.replace(call, f"{edit.source(node.value)}.{new}")


def _remove_unused(edit: PythonEdit, things: set[tuple[str, str]]) -> None:
    """Remove the imports of these names, each with its module, that nothing uses."""
    for node in ast.walk(edit.tree):
        if not isinstance(node, ast.ImportFrom) or node.level:
            continue
        gone = [
            alias
            for alias in node.names
            if (node.module, alias.name) in things and not any(True for _ in _uses(edit, alias.asname or alias.name))
        ]
        if len(gone) == len(node.names):
            edit.remove(node)
        elif gone:
            edit.remove_names(node, gone)


def _uses(edit: PythonEdit, name: str) -> Iterator[ast.Name]:
    return (node for node in ast.walk(edit.tree) if isinstance(node, ast.Name) and node.id == name)


def base_after_attributes(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Call the library's constructor after the attributes are set that its methods read."""
    where = _with_class(files, values.get("class"), values.get("file"))
    constructor = where[1].method(where[2], "__init__") if where is not None else None
    names = values.get("names")
    if where is None or constructor is None or not isinstance(names, list):
        return None
    name, edit, class_ = where
    calls = [at for at, node in enumerate(constructor.body) if _is_base_call(node)]
    late = [at for at, node in enumerate(constructor.body) if _sets(node, names)]
    if len(calls) != 1 or not late or late[-1] < calls[0]:
        return None
    passed = constructor.body[calls[0] + 1 : late[-1] + 1]
    taken = [*constructor.args.posonlyargs, *constructor.args.args]
    if not taken or _may_need_base(taken[0].arg, constructor.body[: calls[0]], passed):
        return None
    if _may_matter_to_base(taken[0].arg, constructor.body[calls[0]], passed):
        return None
    if _may_be_set_by_base(taken[0].arg, class_.bases, passed, names):
        return None
    edit.move_line_after(constructor.body[calls[0]], constructor.body[late[-1]])
    return edits_of(name, edit)


def _is_base_call(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    if not isinstance(function, ast.Attribute) or function.attr != "__init__":
        return False
    owner = function.value
    return isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super"


def _may_need_base(owner: str, before: list[ast.stmt], passed: list[ast.stmt]) -> bool:
    """Return whether statements use something of the object that they do not store themselves."""
    stored = {name for node in before for name in _stored(owner, node)}
    for node in passed:
        called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
        attributes = {id(part.value): part for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        for part in ast.walk(node):
            if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Attribute):
                if part.target.attr not in stored:
                    return True
            elif isinstance(part, ast.Name) and part.id == "super":
                return True
            elif isinstance(part, ast.Name) and part.id == owner:
                attribute = attributes.get(id(part))
                if attribute is None or id(attribute) in called:
                    return True  # it is passed on, or a method is called
                if not isinstance(attribute.ctx, ast.Store) and attribute.attr not in stored:
                    return True
        stored |= set(_stored(owner, node))
    return False


def _may_matter_to_base(owner: str, call: ast.stmt, passed: list[ast.stmt]) -> bool:
    """Return whether statements may end the constructor, or change what the call of the base takes."""
    taken = {part.id for part in ast.walk(call) if isinstance(part, ast.Name)} - {owner, "super"}
    unpacked = {id(part.value) for part in ast.walk(call) if isinstance(part, ast.keyword) and part.arg is None}
    unpacked_names = {part.id for part in ast.walk(call) if isinstance(part, ast.Name) and id(part) in unpacked}
    read = {part.attr for part in ast.walk(call) if isinstance(part, ast.Attribute)}
    if any(name in read for node in passed for name in _stored(owner, node)):
        return True
    for part in (part for node in passed for part in ast.walk(node)):
        if isinstance(part, (ast.Return, ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(part, ast.Name) and part.id in taken and not isinstance(part.ctx, ast.Load):
            return True
        changed = isinstance(part, ast.Subscript) and not isinstance(part.ctx, ast.Load)
        changed = changed or (isinstance(part, ast.Attribute) and part.attr in _CHANGING)
        if changed and isinstance(part.value, ast.Name) and part.value.id in taken:  # type: ignore[attr-defined]
            return True
        given = part.args if isinstance(part, ast.Call) else []
        if any(isinstance(one, ast.Name) and one.id in unpacked_names for one in given):
            return True
    return False


def _may_be_set_by_base(owner: str, bases: list[ast.expr], passed: list[ast.stmt], names: list[str]) -> bool:
    """Return whether a base, called after statements, may put its own values in place of theirs, or refuse theirs.

    That is known of the library's classes only.
    """
    known = library()
    stored = {name for node in passed for name in _stored(owner, node)} - {*names}
    for base in bases:
        written = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        owners = known.classes(written)
        if not owners or any(known.member(one, name) for one in owners for name in stored):
            return True
        # A module takes no parts before its own constructor has run.
        if any(known.member(one, "get_input_embeddings") for one in owners) and not all(map(_sets_plain_value, passed)):
            return True
    return not bases


def _sets_plain_value(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    return isinstance(value, (ast.Constant, ast.Attribute))


def _stored(owner: str, node: ast.stmt) -> Iterator[str]:
    """Yield the attributes that a statement stores, whatever the conditions."""
    if isinstance(node, ast.With):
        for child in node.body:
            yield from _stored(owner, child)
    for part in ast.walk(node) if isinstance(node, (ast.Assign, ast.AnnAssign)) else ():
        own = isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == owner
        if own and isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            yield part.attr


def _sets(node: ast.stmt, names: list[str]) -> bool:
    return any(
        isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and part.attr in names
        for part in ast.walk(node)
    )


def inherit_generation(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Let the class inherit from GenerationMixin too."""
    where = _with_class(files, values.get("class"), values.get("file"))
    if where is None or not where[2].bases:
        return None
    name, edit, class_ = where
    edit.insert_at_end(class_.bases[-1], ", GenerationMixin")
    edit.add_import("transformers", "GenerationMixin")
    edits = edits_of(name, edit)
    after = _with_class(files.with_edits(edits), class_.name, name) if edits else None
    return edits if after is not None and len(after[2].bases) > len(class_.bases) else None


def write_config_class(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Write the configuration class that ``auto_map`` names into the model's class."""
    config_class = str(values.get("config_class"))
    where, home = _with_class(files, values.get("class"), values.get("file")), _with_class(files, config_class)
    if where is None or home is None:
        return None
    name, edit, class_ = where
    if name != home[0]:
        edit.add_import(f".{home[0].removesuffix('.py')}", config_class)
    for node in class_.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "config_class" for target in targets
        ):
            edit.replace(node.value, config_class)
            return edits_of(name, edit)
    edit.insert_line_before(class_.body[0], f"config_class = {config_class}")
    return edits_of(name, edit)


def ask_with_default(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Read an attribute that configurations no longer have with its former default."""
    edit = files.python(values.get("file"))
    name, default = str(values.get("name")), str(values.get("default"))
    if edit is None or not default:
        return None
    for node in ast.walk(edit.tree):
        if not isinstance(node, ast.Attribute) or node.attr != name or not isinstance(node.ctx, ast.Load):
            continue
        owner = edit.source(node.value)
        if node.lineno == values.get("line") and owner.rpartition(".")[2] == "config":
            edit.replace(node, f'getattr({owner}, "{name}", {default})')
    return edits_of(str(values.get("file")), edit)


def open_in_directory(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Open a file of the model's directory there, in a class that ``auto_map`` names.

    Only such a class is sure to get the configuration that was read from the directory, which knows where that is.
    """
    name, path = str(values.get("file")), str(values.get("path")).replace("\\", "/")
    edit = files.python(name)
    place = edit.innermost(values.get("line")) if edit is not None else None
    config = _whole_config(place[1], files) if place is not None else None
    if edit is None or place is None or config is None:
        return None
    folder = f"{config}.name_or_path"
    nodes = list(_own_nodes(place[0]))
    opened = [node for node in nodes if isinstance(node, ast.Constant) and node.value == values.get("path")]
    own = [(node, written) for node in nodes if (written := _in_folder(edit, node, folder)) is not None]
    if len(opened) == 1 and not own and files.has(path):
        edit.replace(opened[0], f"os.path.join({folder}, {edit.source(opened[0])})")
        edit.add_module("os")
    elif len(own) == 1 and not opened and _is_in(files, path):
        edit.replace(*own[0])
    else:
        return None
    return edits_of(name, edit)


def _whole_config(around: list[ast.stmt], files: ModelFiles) -> str | None:
    """Return how a method gets at the configuration of the whole model; None if that is not sure."""
    if len(around) != 2 or not isinstance(around[0], ast.ClassDef) or not isinstance(around[1], ast.FunctionDef):
        return None
    class_, method = around[0], around[1]
    try:
        auto_map = json.loads(files.text("config.json") or "null")["auto_map"]
        named = {str(one).rpartition(".")[2] for auto, one in auto_map.items() if str(auto).startswith("AutoModel")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if class_.name not in named:
        return None
    taken = [one.arg for one in method.args.args]
    stored = any(
        isinstance(node, ast.Name) and node.id == "config" and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(method)
    )
    if method.name == "__init__":
        return "config" if "config" in taken and not stored else None
    return f"{taken[0]}.config" if taken and not method.decorator_list else None


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement without the statements below it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [one for one in ast.iter_child_nodes(node) if not isinstance(one, (ast.stmt, ast.ExceptHandler))]


def _in_folder(edit: PythonEdit, node: ast.AST, folder: str) -> str | None:
    """Return what is to be written for an expression that gives the folder of the code, or a file there."""
    source = "".join(edit.source(node).split()) if isinstance(node, (ast.Call, ast.Attribute)) else ""
    if _OWN_FOLDER.fullmatch(source):
        return folder
    if found := _OWN_PARENT.fullmatch(source):
        return f"{found['path']}({folder})"
    if isinstance(node, ast.Call) and (found := _OWN_NEIGHBOUR.match(source)) and len(node.args) == 1:
        return f"{found['path']}({folder}, {edit.source(node.args[0])})"
    return None


def _is_in(files: ModelFiles, path: str) -> bool:
    """Return whether the directory has the file that was looked for at a path in the modules cache."""
    parts = path.rpartition(f"{_REMOTE}/")[2].split("/")  # the first of them is the model's folder in the cache
    return any(files.has("/".join(parts[at:])) for at in range(1, len(parts)))


REPAIRS: Final[dict[str, MakeRepair]] = {
    "no-post-init": call_post_init,
    "tied-keys-no-dictionary": tied_keys_as_dictionary,
    "override-lacks-parameter": take_parameter,
    "override-lacks-newer-parameter": take_parameter,
    "release-gone": use_replacements,
    "release-gone-written": use_replacements,
    "attribute-set-too-late": base_after_attributes,
    "generation-mixin-missing": inherit_generation,
    "config-class-missing": write_config_class,
    "config-class-differs": write_config_class,
    "attribute-gone-in-5": ask_with_default,
    "opened-in-working-folder": open_in_directory,
    "neighbour-not-copied": open_in_directory,
}
"""The repair for each kind of cause."""
