"""The modules of a model: numbers while the tree is being built, paths once it is complete, and their tensors by name.

Everything is read from the modules' registries, never through their methods.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any


class ModuleTree:
    """Numbers modules as they are met and knows their paths below a root.

    Modules are distinguished by identity, never by their own ``__eq__`` or ``__hash__``.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._paths: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._count = 0

    def number(self, module: Any) -> int:
        """Return the module's number; a new number for a new module."""
        known = self._numbers.get(id(module))
        if known is not None and known[0]() is module:
            return known[1]
        number = self._count
        self._count += 1
        self._numbers[id(module)] = (weakref.ref(module), number)
        return number

    def root(self, module: Any, parts: list[tuple[str, Any]] | None = None) -> list[tuple[int, str]]:
        """Make a module a root, with an empty path; return the numbers and paths of all modules in it.

        ``parts`` is the result of :func:`walk` for it, if that is known already.
        """
        found: list[tuple[int, str]] = []
        for path, part in walk(module) if parts is None else parts:
            self._paths[id(part)] = (weakref.ref(part), path)
            found.append((self.number(part), path))
        return found

    def path(self, module: Any) -> str | None:
        """Return the path of a module below the last root that holds it, or None."""
        known = self._paths.get(id(module))
        return known[1] if known is not None and known[0]() is module else None


def walk(module: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return every module of a tree once, with its path."""
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
    """Return ``_modules``, ``_parameters`` or ``_buffers`` of a module; empty if it has none."""
    return object.__getattribute__(module, "__dict__").get(name) or {}


class ParameterIndex:
    """A model's modules, parameters and buffers by path. One module can have several paths."""

    def __init__(self, model: Any) -> None:
        self.modules = dict(_all_places(model))
        self._paths: dict[int, str] = {}
        for path, module in self.modules.items():
            self._paths.setdefault(id(module), path)

    def path(self, module: Any) -> str | None:
        """Return the first path of a module."""
        return self._paths.get(id(module))

    def find(self, name: str) -> Any:
        """Return the parameter or buffer of this name, or None."""
        path, _, leaf = name.rpartition(".")
        module = self.modules.get(path)
        if module is None:
            return None
        found = registry(module, "_parameters").get(leaf)
        return registry(module, "_buffers").get(leaf) if found is None else found

    def has(self, name: str) -> bool:
        """Return whether this is a parameter or buffer that belongs to the checkpoint."""
        path, _, leaf = name.rpartition(".")
        not_saved = registry(self.modules[path], "_non_persistent_buffers_set") if path in self.modules else ()
        return leaf not in not_saved and self.find(name) is not None

    def parameters(self) -> Iterator[tuple[str, Any]]:
        """Yield each parameter, and each buffer that belongs to the checkpoint, under each of its names."""
        for path, module in self.modules.items():
            for leaf, value in own_tensors(module):
                yield (f"{path}.{leaf}" if path else leaf), value

    def buffers(self) -> Iterator[tuple[str, Any]]:
        """Yield each buffer under each of its names."""
        for path, module in self.modules.items():
            for leaf, value in registry(module, "_buffers").items():
                if value is not None:
                    yield (f"{path}.{leaf}" if path else leaf), value


def own_tensors(module: Any) -> list[tuple[str, Any]]:
    """Return parameters and persistent buffers of one module, by name."""
    found = [item for item in registry(module, "_parameters").items() if item[1] is not None]
    buffers = registry(module, "_buffers")
    if buffers:
        not_saved = registry(module, "_non_persistent_buffers_set")
        found += [item for item in buffers.items() if item[1] is not None and item[0] not in not_saved]
    return found


def all_tensors(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield every parameter and buffer with each of its names, those that no checkpoint holds included."""
    for path, module in _all_places(model):
        for kind in ("_parameters", "_buffers"):
            for leaf, value in registry(module, kind).items():
                if value is not None:
                    yield (f"{path}.{leaf}" if path else leaf), value


def _all_places(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield every module at each of its paths; a module inside itself is not entered again."""
    ahead: list[tuple[str, Any, tuple[int, ...]]] = [("", model, ())]
    while ahead:
        path, module, above = ahead.pop()
        yield path, module
        children = registry(module, "_modules")
        if children:
            above = (*above, id(module))
            for name, child in reversed(children.items()):
                if child is not None and id(child) not in above:
                    ahead.append((f"{path}.{name}" if path else name, child, above))
