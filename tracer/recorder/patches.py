"""Attributes replaced while recording, and put back exactly as they were."""

from __future__ import annotations

from typing import Any, Final

_ABSENT: Final = object()


class Patches:
    """Replaces attributes; :meth:`restore` undoes it in reverse order, whatever happened in between."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set ``owner.name``, remembering what stood in the owner itself (not in its bases)."""
        self._undo.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, value)

    def restore(self) -> None:
        while self._undo:
            owner, name, before = self._undo[-1]
            if before is not _ABSENT:
                setattr(owner, name, before)
            elif name in vars(owner):
                delattr(owner, name)
            self._undo.pop()  # after it was put back: an interrupt must not come in between
