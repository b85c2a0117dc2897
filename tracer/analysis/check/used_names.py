"""What the directory's code uses of transformers, and what a release of it does not have.

Imports are looked at elsewhere; here it is about attributes, methods, keywords and keys of the library's tables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tracer.analysis.check.code import OwnClass, OwnCode, Place, Running, is_self, is_super
from tracer.analysis.check.problem import Problem
from tracer.releases import Library, Presence, library

_LIBRARY: Final = "transformers"
_OPEN: Final = frozenset(
    {"PretrainedConfig", "PreTrainedConfig", "ProcessorMixin", "BatchEncoding", "BatchFeature", "ModelOutput"}
    | {"GenerationConfig", "AddedToken"}
)
"""Classes whose objects have whatever a file, a call or a derived class gives them."""
_OF_OTHERS: Final = frozenset(
    [
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_module",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "_apply",
        "_buffers",
        "_call_impl",
        "_compiled_call_impl",
        "_get_name",
        "_load_from_state_dict",
        "_modules",
        "_parameters",
        "_save_to_state_dict",
        "_version",
    ]
) | {*dir(dict), *dir(list), *dir(str)}
"""What torch's modules and Python's own types have, and so every class of the library that derives from them."""
_ALONE: Final = ("load_in_4bit", "load_in_8bit")
"""Keywords that from_pretrained took out of its ``**kwargs`` up to 4.57."""


class _Use(NamedTuple):
    """Something that a release may lack.

    Attributes:
        thing: as it is shown.
        name: its name alone.
        found: in which releases it is, for each thing that may be meant.
        sure: whether the code uses this whenever it runs, and not one of several things.
    """

    thing: str
    name: str
    found: list[Presence]
    sure: bool = True


def used_names(code: OwnCode, running: Running, release: str) -> Iterator[Problem]:
    """Yield what the code uses and the release does not have.

    A load fails by it only if it is sure to run; if the code asks before with ``hasattr``, compares releases or
    catches the error, nothing is said.
    """
    known = library()
    told: set[tuple[str, int, str]] = set()
    for place in code.places():
        if place.caught:
            continue
        for use in _uses(code, place, known, release):
            line = getattr(place.node, "lineno", 0)
            if not use.found or any(known.has(one, release) is not False for one in use.found):
                continue
            if (place.file, line, use.thing) in told or _asked_for(code, place, use.name):
                continue
            told.add((place.file, line, use.thing))
            yield _problem(use, place, release, known, runs=use.sure and place.node in running)


def _problem(use: _Use, place: Place, release: str, known: Library, *, runs: bool) -> Problem:
    presence = max(use.found, key=lambda one: known.index(one.until or one.since or "") or 0)
    values: dict[str, Any] = {"thing": use.thing, "since": presence.since, "until": presence.until}
    instead = presence.instead(use.name)
    values |= {"gone": presence.gone, "instead": instead}
    kind = "new" if known.is_new(presence, release) else "gone" if instead is None else "replaced"
    line = getattr(place.node, "lineno", None)
    when = "name" if runs else "use" if use.sure else "default"
    return Problem(f"{when}-{kind}", place.file, values, line, fails=runs, release=release)


def _uses(code: OwnCode, place: Place, known: Library, release: str) -> Iterator[_Use]:
    node = place.node
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield from _attribute(code, place, node, known, release)
    elif isinstance(node, ast.Call):
        yield from _keywords(code, place, node, known, release)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _entries(code, place, node, known)


def _attribute(code: OwnCode, place: Place, node: ast.Attribute, known: Library, release: str) -> Iterator[_Use]:
    owner = code.meaning(node.value, place)
    if isinstance(owner, str):
        if not owner.startswith(f"{_LIBRARY}.") and owner != _LIBRARY:
            return
        if (module := known.module(owner)) is not None:
            if known.has(module, release) is False:
                return  # which is said of the module itself
            presence = known.name(owner, node.attr)
            yield _Use(f"{owner}.{node.attr}", node.attr, [presence] if presence is not None else [])
        else:
            yield _member(owner, node.attr, known, release)
        return
    if is_self(node.value) and place.owner is not None and place.function is not None:
        yield from _inherited(code, place.owner, node.attr, known, release)
    elif (type_ := _type(code, place, node.value)) is not None:
        use = _member(type_, node.attr, known, release)
        # An annotation may stand for a class that derives from it.
        others = [
            presence
            for home in {one.rpartition(".")[0] for one in _classes(type_, known, release)}
            for name in known.names_of(home, release)
            if (presence := known.member(f"{home}.{name}", node.attr)) is not None
        ]
        yield use._replace(found=use.found and [*use.found, *others])


def _member(owner: str, name: str, known: Library, release: str) -> _Use:
    module, _, class_ = owner.rpartition(".")
    there = known.name(module, class_)
    is_there = there is None or known.has(there, release) is not False  # if not, the import is at fault
    if name in _OF_OTHERS or class_ in _OPEN:
        is_there = False
    classes = _classes(owner, known, release) if is_there else []
    found = [] if _makes_attributes(classes, known, release) else [known.member(one, name) for one in classes]
    shown = f"{owner.rpartition('.')[2]}.{name}"
    return _Use(shown, name, [one for one in found if one is not None] if None not in found else [])


def _classes(owner: str, known: Library, release: str) -> list[str]:
    """Return the classes that a dotted name may stand for in a release, by the modules that define them then."""
    module, _, name = owner.rpartition(".")
    found = [one for one in known.classes(name) if known.members_of(one, release)]
    return [owner] if owner in found else found if known.module(module) is not None else []


def _makes_attributes(classes: list[str], known: Library, release: str) -> bool:
    """Return whether one of these has a ``__getattr__`` in a release, as tokenizers do for their special tokens."""
    return any(known.parameters_of(f"{one}.__getattr__", release) for one in classes)


def _inherited(code: OwnCode, own: OwnClass, name: str, known: Library, release: str) -> Iterator[_Use]:
    """Yield an attribute of ``self`` that only a class of the library could have given it."""
    bases = code.library_bases(own)
    if bases is None or name.startswith("__") or name in _OF_OTHERS:
        return
    of_library = [base for base in bases if base.startswith(f"{_LIBRARY}.")]
    others = [base for base in bases if base not in of_library]
    if any(not _is_plain(base) for base in others) or any(base.rpartition(".")[2] in _OPEN for base in of_library):
        return
    found = []
    for base in of_library:
        classes = _classes(base, known, release)
        if not classes or _makes_attributes(classes, known, release):
            return  # its members are not known
        found += [one for owner in classes if (one := known.member(owner, name)) is not None]
    lacks = bool(found) and all(known.has(one, release) is False for one in found)
    if not lacks or any(_gives(one, name) for one in (*code.line_of(own), *code.derived_from(own))):
        return
    yield _Use(f"{own.node.name}.{name}", name, found)


def _is_plain(base: str) -> bool:
    """Return whether a base of another package can't be what gives an object an attribute of transformers."""
    return base.startswith(("torch.nn.", "torch.autograd.", "abc.", "typing.", "enum."))


def _gives(own: OwnClass, name: str) -> bool:
    """Return whether a class defines or sets an attribute, or names it in a text, as for ``setattr``."""
    for node in ast.walk(own.node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in (name, "__getattr__"):
            return True
        if isinstance(node, ast.Attribute) and node.attr == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.Constant) and node.value == name:
            return True
    return False


def _type(code: OwnCode, place: Place, node: ast.expr) -> str | None:
    """Return the library's class of a value, if the same function says it: an annotation, or what is assigned."""
    if isinstance(node, ast.Call):
        return _made(code, place, node)
    if not isinstance(node, ast.Name) or place.function is None:
        return None
    types = {_type_of_binding(code, place, one) for one in code.bound(place.function).get(node.id, [])}
    return types.pop() if len(types) == 1 else None


def _type_of_binding(code: OwnCode, place: Place, binding: ast.AST) -> str | None:
    if isinstance(binding, ast.Call):
        return _made(code, place, binding)
    if not isinstance(binding, ast.arg) or binding.annotation is None:
        return None
    written = binding.annotation
    if isinstance(written, ast.Constant) and isinstance(written.value, str):
        try:
            written = ast.parse(written.value, mode="eval").body
        except (SyntaxError, ValueError):
            return None
    if isinstance(written, ast.Subscript) and code.meaning(written.value, place) == "typing.Optional":
        written = written.slice
    elif isinstance(written, ast.BinOp) and isinstance(written.right, ast.Constant) and written.right.value is None:
        written = written.left
    return _library_class(code.meaning(written, place._replace(function=None)))


def _made(code: OwnCode, place: Place, call: ast.Call) -> str | None:
    """Return the class of what a call makes: the class itself, or one of its methods ``from_…``."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr.startswith("from_") and function.attr != "from_pretrained":
        function = function.value
    return _library_class(code.meaning(function, place))


def _library_class(meaning: object) -> str | None:
    is_class = isinstance(meaning, str) and meaning.rpartition(".")[2][:1].isupper()
    return meaning if isinstance(meaning, str) and is_class and meaning.startswith(f"{_LIBRARY}.") else None


def _keywords(code: OwnCode, place: Place, call: ast.Call, known: Library, release: str) -> Iterator[_Use]:
    """Yield keywords that the library's function does not take; one with ``**kwargs`` takes any."""
    names = [one.arg for one in call.keywords if one.arg is not None]
    functions = _called(code, place, call, known, release) if names else []
    shown = ast.unparse(call.func) if functions else ""
    for name in names:
        if name in _ALONE and shown.endswith(".from_pretrained") and _is_model(functions):
            instead = known.replacement_of(name)
            yield _Use(f"{shown}({name}=…)", name, [Presence(until="4.57", gone="5.0", replacement=instead)])
            continue
        found = []
        for function in functions:
            presence = known.parameter(function, name)
            if presence is None or known.takes_any(function, release) or not known.parameters_of(function, release):
                break
            found.append(presence)
        else:
            yield _Use(f"{shown}({name}=…)", name, found)


def _is_model(functions: list[str]) -> bool:
    return any(one.startswith(f"{_LIBRARY}.") and "Model" in one for one in functions)


def _called(code: OwnCode, place: Place, call: ast.Call, known: Library, release: str) -> list[str]:
    """Return the library's functions that a call may reach, as the table of parameters names them."""
    function = call.func
    meaning = code.meaning(function, place)
    if isinstance(meaning, str) and meaning.startswith(f"{_LIBRARY}."):
        owner, _, name = meaning.rpartition(".")
        if known.module(owner) is None:  # a method of a class
            return [f"{one}.{name}" for one in _classes(owner, known, release)]
        if name[:1].isupper():
            return [f"{one}.__init__" for one in _classes(meaning, known, release)]
        ends = known.functions(name)
        return [meaning] if meaning in ends else [one for one in ends if known.module(one.rpartition(".")[0])]
    if isinstance(function, ast.Attribute) and place.owner is not None:
        of_self = is_self(function.value)
        if not of_self and not is_super(function.value):
            return []
        line = code.line_of(place.owner)
        bases = code.library_bases(place.owner)
        if bases is None or any(_gives(one, function.attr) for one in (line if of_self else line[1:])):
            return []
        if not of_self and isinstance(function.value, ast.Call) and function.value.args:
            return []
        homes = [one for base in bases if base.startswith(f"{_LIBRARY}.") for one in _classes(base, known, release)]
        return [f"{one}.{function.attr}" for one in homes if known.parameters_of(f"{one}.{function.attr}", release)]
    return []


def _entries(code: OwnCode, place: Place, node: ast.Subscript, known: Library) -> Iterator[_Use]:
    """Yield keys that a table of the library may not have: the one written, or those that a variable is set to."""
    table = code.meaning(node.value, place)
    if not isinstance(table, str) or not table.startswith(f"{_LIBRARY}."):
        return
    name = table.rpartition(".")[2]
    tables = [one for one in known.tables(name) if one == table]  # another module may have one of this name
    around = place.owner.node if place.owner is not None else place.function
    if not tables or (around is not None and _looks_before(around, name)):
        return
    is_written = isinstance(node.slice, ast.Constant)
    keys = [str(node.slice.value)] if isinstance(node.slice, ast.Constant) else _set_to(node.slice, around)
    for key in keys:
        found = [one for home in tables if (one := known.entry(home, key)) is not None]
        yield _Use(f'{name}["{key}"]', key, found, sure=is_written)


def _looks_before(around: ast.AST, table: str) -> bool:
    """Return whether the code asks whether a key is in a table."""
    return any(
        isinstance(node, ast.Compare)
        and any(isinstance(one, (ast.In, ast.NotIn)) for one in node.ops)
        and any(ast.unparse(one).rpartition(".")[2].startswith(table) for one in node.comparators)
        for node in ast.walk(around)
    )


def _set_to(variable: ast.expr, around: ast.AST | None) -> list[str]:
    """Return the texts that a variable is set to, also as a default."""
    if around is None or not isinstance(variable, (ast.Name, ast.Attribute)):
        return []
    written = ast.unparse(variable)
    found: dict[str, None] = {}
    for node in ast.walk(around):
        if isinstance(node, ast.Assign) and any(ast.unparse(one) == written for one in node.targets):
            values: list[ast.expr] = [node.value]
            for value in values:  # grows while it is walked through
                if isinstance(value, ast.IfExp):
                    values += (value.body, value.orelse)
                elif isinstance(value, ast.BoolOp):
                    values += value.values
                elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "get":
                    values += value.args[1:]
                elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[value.value] = None
    return list(found)


def _asked_for(code: OwnCode, place: Place, name: str) -> bool:
    """Return whether the code makes sure before: it compares releases, or asks whether there is such a name."""
    for test in place.tests:
        for node in ast.walk(test):
            word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if "version" in word.lower() or word in ("hasattr", "getattr", "signature"):
                return True
            if isinstance(node, ast.Constant) and node.value == name:
                return True
    around = place.function or code.trees[place.file]
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("hasattr", "getattr")
        and any(isinstance(one, ast.Constant) and one.value == name for one in node.args)
        for node in ast.walk(around)
    )
