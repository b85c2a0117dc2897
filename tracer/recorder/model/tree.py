"""Which module is which: numbers while the tree is still growing, paths once it stands."""

from __future__ import annotations

import weakref
from typing import Any


class ModuleTree:
    """Numbers modules as they are met and knows their paths below a root.

    Modules are told apart by identity, never by their own ``__eq__`` or ``__hash__``.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._paths: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._count = 0

    def number(self, module: Any) -> int:
        """The module's number; a new one at the first meeting."""
        known = self._numbers.get(id(module))
        if known is not None and known[0]() is module:
            return known[1]
        number = self._count
        self._count += 1
        self._numbers[id(module)] = (weakref.ref(module), number)
        return number

    def root(self, module: Any, parts: list[tuple[str, Any]] | None = None) -> list[tuple[int, str]]:
        """Take a module as a root: the numbers and paths of all modules in it, the root's path being empty.

        ``parts`` is what :func:`walk` gives for it, where that is known already.
        """
        found: list[tuple[int, str]] = []
        for path, part in walk(module) if parts is None else parts:
            self._paths[id(part)] = (weakref.ref(part), path)
            found.append((self.number(part), path))
        return found

    def path(self, module: Any) -> str | None:
        """The path of a module below the last root that holds it, or None."""
        known = self._paths.get(id(module))
        return known[1] if known is not None and known[0]() is module else None


def walk(module: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every module in a tree once, with its path, read from the registries and not through its methods."""
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()
    ahead = [(path, module)]
    while ahead:
        path, part = ahead.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        found.append((path, part))
        children = registry(part, "_modules").items()
        ahead.extend(
            (f"{path}.{name}" if path else name, child) for name, child in reversed(children) if child is not None
        )
    return found


def registry(module: Any, name: str) -> dict[str, Any]:
    """``_modules``, ``_parameters`` or ``_buffers`` of a module; empty where it has none."""
    return object.__getattribute__(module, "__dict__").get(name) or {}
