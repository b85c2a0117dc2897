"""Inspecting types and objects without running their code: through the interpreter's own descriptors only.

``isinstance(value, dict)`` calls ``value.__class__``, a dictionary of types calls their metaclass's ``__hash__``, and
``kind.__name__`` its ``__getattribute__``. The functions here do none of that, so no code of a traced program runs.
"""

from __future__ import annotations

import pathlib
import sys
import types
from typing import Any, Final, TypeGuard, TypeVar

_T = TypeVar("_T")
_MRO: Final = type.__dict__["__mro__"]
_MEMBERS: Final = type.__dict__["__dict__"]
_NAME: Final = type.__dict__["__name__"]
_QUALNAME: Final = type.__dict__["__qualname__"]
_MODULE: Final = type.__dict__["__module__"]
_MODULE_DICT: Final[Any] = vars(types.ModuleType)["__dict__"]
_PATHS: Final = (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)


def is_a(value: object, base: type[_T]) -> TypeGuard[_T]:
    """``isinstance`` by the value's real type. ``base`` must be built in: another could have its own metaclass."""
    return issubclass(type(value), base)


def is_one_of(kind: type, types_: tuple[type, ...]) -> bool:
    """Return whether a type is one of these, by identity."""
    return any(kind is candidate for candidate in types_)


def is_path(value: object) -> TypeGuard[pathlib.PurePath]:
    """Return whether a value is a path of pathlib's own types."""
    return is_one_of(type(value), _PATHS)


def mro(kind: type) -> tuple[type, ...]:
    found: tuple[type, ...] = _MRO.__get__(kind)
    return found


def members(kind: type) -> types.MappingProxyType[str, Any]:
    """Return what the class itself defines."""
    found: types.MappingProxyType[str, Any] = _MEMBERS.__get__(kind)
    return found


def inherits(kind: type, base: type) -> bool:
    """``issubclass`` for a base that could have its own metaclass."""
    return any(ancestor is base for ancestor in mro(kind))


def text(value: object) -> str | None:
    """Return a string, also of a subclass, as a plain string; None for anything else."""
    if type(value) is str:
        return value
    return str.__getitem__(value, slice(None)) if issubclass(type(value), str) else None  # type: ignore[index]


def name(kind: type) -> str:
    return text(_NAME.__get__(kind)) or "?"


def qualified_name(kind: type) -> str:
    return text(_QUALNAME.__get__(kind)) or "?"


def module_name(kind: type) -> str:
    """Return the name of the module that a type claims to be from; empty if it names none."""
    try:
        return text(_MODULE.__get__(kind)) or ""
    except AttributeError:
        return ""


def type_name(kind: type) -> str:
    """Return the name of a type as one would write it; with its module unless it is built in."""
    module = module_name(kind)
    return qualified_name(kind) if module == "builtins" else f"{module}.{qualified_name(kind)}"


def is_defined_in(kind: type, *packages: str) -> bool:
    """Return whether a class really is from one of these packages, and does not only claim it."""
    module = module_name(kind)
    if module.partition(".")[0] not in packages:
        return False
    found: object = sys.modules.get(module)
    for part in qualified_name(kind).split("."):
        if issubclass(type(found), types.ModuleType):
            found = module_dict(found).get(part)  # type: ignore[arg-type]
        elif issubclass(type(found), type):
            found = members(found).get(part)  # type: ignore[arg-type]
        else:
            return False
    return found is kind


def instance_dict(value: object) -> dict[str, Any] | None:
    """Return a value's ``__dict__``; None if it has none, or its class has redefined it."""
    for base in mro(type(value)):
        found = members(base).get("__dict__")
        if found is not None:
            return found.__get__(value) if type(found) is types.GetSetDescriptorType else None
    return None


def module_dict(value: types.ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = _MODULE_DICT.__get__(value)
    return found


def traceback_of(error: BaseException) -> types.TracebackType | None:
    """Return an exception's traceback without running the exception's own code."""
    found: types.TracebackType | None = BaseException.__dict__["__traceback__"].__get__(error)
    return found


def came_through(error: BaseException, code: types.CodeType, traceback: types.TracebackType | None = None) -> bool:
    """Return whether an exception has passed through an execution of this code."""
    traceback = traceback or traceback_of(error)
    while traceback is not None:
        if traceback.tb_frame.f_code is code:
            return True
        traceback = traceback.tb_next
    return False
