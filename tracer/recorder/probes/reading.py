"""What probes have in common: taking plain facts out of a frame's variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tracer.recorder import raw


def text(variables: Mapping[str, Any], *names: str) -> str | None:
    """The first of these variables that is a text or a path, as text."""
    for name in names:
        value = variables.get(name)
        if type(value) is str:
            return value
        if raw.is_path(value):
            return str(os.fspath(value))
    return None


def class_name(kind: object) -> str | None:
    """``module.Class`` of a class object."""
    if not raw.is_a(kind, type):
        return None
    return f"{raw.module_name(kind)}.{raw.qualified_name(kind)}"


def class_of(value: object) -> str | None:
    """``module.Class`` of a value's class; None for None."""
    return None if value is None else class_name(type(value))


def keys(value: object) -> list[str]:
    """The text keys of a dictionary."""
    return [key for key in list(dict.keys(value)) if type(key) is str] if raw.is_a(value, dict) else []


def first_of(value: object) -> object:
    """A value, or the first of those returned with it as a tuple."""
    return value[0] if type(value) is tuple and value else value


def texts(value: object) -> list[str]:
    """The texts in a plain list, tuple or set."""
    if type(value) is list or type(value) is tuple or type(value) is set:
        return [item for item in list(value) if type(item) is str]
    return []
