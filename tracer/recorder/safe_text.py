"""Text that can be stored: exception messages made without running code of an unknown class, no lone surrogates."""

from __future__ import annotations

import builtins
from typing import Any, Final

from tracer.recorder import safe_inspect

_TRUSTED: Final = ("transformers", "huggingface_hub", "safetensors", "torch", "peft", "json", "importlib")
_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
# How the interpreter's own exceptions format themselves, and the attributes that this turns into text.
_NATIVE: Final = {
    name: tuple(
        safe_inspect.members(kind)[name]
        for kind in vars(builtins).values()
        if type(kind) is type and issubclass(kind, BaseException) and name in safe_inspect.members(kind)
    )
    for name in ("__str__", "__repr__")
}
_SHOWN: Final = tuple(
    (base, vars(base)[name])
    for base, names in (
        (BaseException, ("args",)),
        (OSError, ("errno", "strerror", "filename", "filename2")),
        (ImportError, ("msg",)),
        (SyntaxError, ("msg", "filename", "lineno")),
        (UnicodeDecodeError, ("encoding", "object", "reason")),
        (UnicodeEncodeError, ("encoding", "object", "reason")),
        (UnicodeTranslateError, ("object", "reason")),
    )
    for name in names
)
_MAX_ITEMS: Final = 100
_DEPTH: Final = 3


def exception_text(error: BaseException) -> str | None:
    """Return ``str(error)`` if only code of the interpreter or of trusted libraries takes part in it, else None."""
    kind = type(error)
    if not (_is_native(kind, "__str__") or _is_trusted(kind)) or not _shows_plain_values(error, _DEPTH):
        return None
    try:
        return safe_inspect.text(str(error))
    except Exception:
        return None


def _is_native(kind: type, method: str) -> bool:
    """Return whether the class has the interpreter's own implementation of the method."""
    for base in safe_inspect.mro(kind):
        found = safe_inspect.members(base).get(method)
        if found is not None:
            return any(found is native for native in _NATIVE[method])
    return False


def _is_trusted(kind: type) -> bool:
    """Return whether the ``__str__`` is really a trusted library's, not of a class that only claims to be."""
    for base in safe_inspect.mro(kind):
        if "__str__" in safe_inspect.members(base):
            if base is kind and safe_inspect.is_defined_in(kind, "importlib"):  # PackageNotFoundError
                return True
            return safe_inspect.is_defined_in(base, *_TRUSTED)
    return False


def _shows_plain_values(error: BaseException, depth: int) -> bool:
    """Return whether the parts of the message have no code of their own: ``ValueError(thing)`` calls the thing."""
    try:
        shown = [member.__get__(error) for base, member in _SHOWN if issubclass(type(error), base)]
    except (TypeError, AttributeError):  # its __init__ never ran
        return False
    return all(is_plain(value, depth) for value in shown)


def is_plain(value: Any, depth: int = _DEPTH) -> bool:
    """Return whether the interpreter alone can format a value."""
    kind = type(value)
    if safe_inspect.is_one_of(kind, _PLAIN) or safe_inspect.is_path(value):
        return True
    if not depth:
        return False
    if safe_inspect.is_one_of(kind, (tuple, list, set, frozenset)):
        return len(value) <= _MAX_ITEMS and all(is_plain(item, depth - 1) for item in value)
    if kind is dict:
        return len(value) <= _MAX_ITEMS and all(is_plain(item, depth - 1) for pair in value.items() for item in pair)
    if issubclass(kind, BaseException):
        is_native = _is_native(kind, "__str__") and _is_native(kind, "__repr__")
        return is_native and _shows_plain_values(value, depth - 1)
    return False


def without_surrogates(text: str) -> str:
    """Replace lone surrogates, which no UTF-8 file can hold, with question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
