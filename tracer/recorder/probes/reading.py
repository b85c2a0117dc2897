"""What probes have in common: taking plain facts out of a frame's variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tracer.recorder.summary import type_module


def text(variables: Mapping[str, Any], *names: str) -> str | None:
    """The first of these variables that is a text or a path, as text."""
    for name in names:
        value = variables.get(name)
        if type(value) is str:
            return value
        if isinstance(value, os.PathLike) and type(value).__module__.startswith("pathlib"):
            return str(os.fspath(value))
    return None


def class_name(kind: object) -> str | None:
    """``module.Class`` of a class object."""
    if not isinstance(kind, type):
        return None
    return f"{type_module(kind)}.{type.__dict__['__qualname__'].__get__(kind)}"


def class_of(value: object) -> str | None:
    """``module.Class`` of a value's class; None for None."""
    return None if value is None else class_name(type(value))


def keys(value: object) -> list[str]:
    """The text keys of a dictionary."""
    return [key for key in dict.keys(value) if type(key) is str] if isinstance(value, dict) else []
