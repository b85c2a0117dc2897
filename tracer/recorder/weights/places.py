"""Where the parameters and buffers of a model stand, read from the registries of its modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracer.recorder.model.tree import registry


class Places:
    """The modules of a model by path, and the paths of its modules. One module can stand in several places."""

    def __init__(self, model: Any) -> None:
        self.modules = dict(_every(model))
        self._paths: dict[int, str] = {}
        for path, module in self.modules.items():
            self._paths.setdefault(id(module), path)

    def path(self, module: Any) -> str | None:
        """The first path of a module."""
        return self._paths.get(id(module))

    def find(self, name: str) -> Any:
        """The parameter or buffer of this name, or None."""
        path, _, leaf = name.rpartition(".")
        module = self.modules.get(path)
        if module is None:
            return None
        found = registry(module, "_parameters").get(leaf)
        return registry(module, "_buffers").get(leaf) if found is None else found

    def has(self, name: str) -> bool:
        """Whether this is a parameter or buffer that belongs to the checkpoint."""
        path, _, leaf = name.rpartition(".")
        passing = registry(self.modules[path], "_non_persistent_buffers_set") if path in self.modules else ()
        return leaf not in passing and self.find(name) is not None

    def parameters(self) -> Iterator[tuple[str, Any]]:
        """Each parameter and each buffer that belongs to the checkpoint, under every name that it has."""
        for path, module in self.modules.items():
            for leaf, value in own_tensors(module):
                yield (f"{path}.{leaf}" if path else leaf), value


def own_tensors(module: Any) -> list[tuple[str, Any]]:
    """Parameters and persistent buffers of one module, by name."""
    found = [item for item in registry(module, "_parameters").items() if item[1] is not None]
    buffers = registry(module, "_buffers")
    if buffers:
        passing = registry(module, "_non_persistent_buffers_set")
        found += [item for item in buffers.items() if item[1] is not None and item[0] not in passing]
    return found


def _every(model: Any) -> Iterator[tuple[str, Any]]:
    """Every module at each of its places; a module inside itself is not gone into again."""
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
