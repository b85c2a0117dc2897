"""Positional arguments of a module's call under the names of its ``forward``."""

from __future__ import annotations

import inspect
from typing import Any

_names: dict[type, tuple[str, ...]] = {}


def named_arguments(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a module was called with, by name where its ``forward`` has one."""
    if not args:
        return kwargs
    kind = type(module)
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = _positional(kind)
    named = {names[index] if index < len(names) else f"args[{index}]": value for index, value in enumerate(args)}
    return {**named, **kwargs} if kwargs else named


def _positional(kind: type) -> tuple[str, ...]:
    try:
        parameters = list(inspect.signature(kind.forward).parameters.values())[1:]  # type: ignore[attr-defined]
    except (TypeError, ValueError, AttributeError):
        return ()
    wanted = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in wanted)
