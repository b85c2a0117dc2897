"""Reading types and objects without asking them: through the interpreter's own descriptors, never through theirs.

``isinstance(value, dict)`` asks ``value.__class__``, a dictionary of types asks their metaclass's ``__hash__``, and
``kind.__name__`` its ``__getattribute__``. What is here does none of that, so no code of a traced program runs.
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
    """``isinstance`` by the value's real type. ``base`` must be built in: one with a metaclass of its own is asked."""
    return issubclass(type(value), base)


def is_one_of(kind: type, types_: tuple[type, ...]) -> bool:
    """Whether a type is one of these, by identity."""
    return any(kind is one for one in types_)


def is_path(value: object) -> TypeGuard[pathlib.PurePath]:
    """Whether a value is a path of pathlib's own types."""
    return is_one_of(type(value), _PATHS)


def mro(kind: type) -> tuple[type, ...]:
    found: tuple[type, ...] = _MRO.__get__(kind)
    return found


def members(kind: type) -> types.MappingProxyType[str, Any]:
    """What the class itself defines."""
    found: types.MappingProxyType[str, Any] = _MEMBERS.__get__(kind)
    return found


def inherits(kind: type, base: type) -> bool:
    """``issubclass`` for a base that could have ideas of its own."""
    return any(one is base for one in mro(kind))


def text(value: object) -> str | None:
    """A string, or a subclass's, as a plain string; None for anything else."""
    if type(value) is str:
        return value
    return str.__getitem__(value, slice(None)) if issubclass(type(value), str) else None  # type: ignore[index]


def name(kind: type) -> str:
    return text(_NAME.__get__(kind)) or "?"


def qualified_name(kind: type) -> str:
    return text(_QUALNAME.__get__(kind)) or "?"


def module_name(kind: type) -> str:
    """Name of the module that a type says it is from; empty where it says nothing of the sort."""
    try:
        return text(_MODULE.__get__(kind)) or ""
    except AttributeError:
        return ""


def type_name(kind: type) -> str:
    """Name of a type as a person writes it; with its module unless that says nothing."""
    module = module_name(kind)
    return qualified_name(kind) if module == "builtins" else f"{module}.{qualified_name(kind)}"


def is_defined_in(kind: type, *packages: str) -> bool:
    """Whether a class really is from one of these packages, and not one that only says so."""
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
    """A value's ``__dict__``, unless its class has made something else of it, or it has none."""
    for base in mro(type(value)):
        found = members(base).get("__dict__")
        if found is not None:
            return found.__get__(value) if type(found) is types.GetSetDescriptorType else None
    return None


def module_dict(value: types.ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = _MODULE_DICT.__get__(value)
    return found


def traceback_of(error: BaseException) -> types.TracebackType | None:
    """An exception's traceback, read without the exception's own code."""
    found: types.TracebackType | None = BaseException.__dict__["__traceback__"].__get__(error)
    return found


def came_through(error: BaseException, code: types.CodeType, traceback: types.TracebackType | None = None) -> bool:
    """Whether an exception has passed through an execution of this code."""
    traceback = traceback or traceback_of(error)
    while traceback is not None:
        if traceback.tb_frame.f_code is code:
            return True
        traceback = traceback.tb_next
    return False
