"""The message of an exception, unless telling it would run code of an unknown class."""

from __future__ import annotations

import pathlib
import types
from typing import Any, Final

_PLAIN: Final = frozenset({type(None), bool, int, float, complex, str, bytes})
_TRUSTED: Final = ("transformers.", "huggingface_hub.", "safetensors", "torch", "peft.", "json.")
# Attributes that the built-in exceptions' own __str__ turns into text.
_SHOWN: Final = tuple(
    vars(base)[name]
    for base, names in (
        (OSError, ("errno", "strerror", "filename", "filename2")),
        (ImportError, ("msg",)),
        (SyntaxError, ("msg", "filename", "lineno")),
    )
    for name in names
)
_MAX_ITEMS: Final = 100


def exception_text(error: BaseException) -> str | None:
    """``str(error)`` where only the interpreter's or a trusted library's code has a part in it, else None."""
    if not _has_known_str(type(error)) or not _holds_plain_values(error):
        return None
    try:
        return str(error)
    except Exception:
        return None


def _has_known_str(kind: type) -> bool:
    for base in type.__dict__["__mro__"].__get__(kind):
        members = type.__dict__["__dict__"].__get__(base)
        if "__str__" in members:
            module = members.get("__module__", "builtins")
            native = type(members["__str__"]) is types.WrapperDescriptorType
            return native or (isinstance(module, str) and module.startswith(_TRUSTED))
    return False


def _holds_plain_values(error: BaseException) -> bool:
    """Whether all that the message is made of has no code of its own: ``ValueError(thing)`` asks the thing."""
    shown: list[Any] = [BaseException.__dict__["args"].__get__(error)]
    shown += [member.__get__(error) for member in _SHOWN if isinstance(error, member.__objclass__)]
    return all(_is_plain(value, 3) for value in shown)


def _is_plain(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind in _PLAIN:
        return True
    if issubclass(kind, pathlib.PurePath):
        return kind.__module__.startswith("pathlib")
    if kind in (tuple, list, set, frozenset) and depth and len(value) <= _MAX_ITEMS:
        return all(_is_plain(item, depth - 1) for item in value)
    if kind is dict and depth and len(value) <= _MAX_ITEMS:
        return all(_is_plain(item, depth - 1) for pair in value.items() for item in pair)
    if isinstance(value, BaseException) and kind is not type(None):
        return (
            depth > 0 and _has_known_str(kind) and _is_plain(BaseException.__dict__["args"].__get__(value), depth - 1)
        )
    return False
