"""Attributes replaced while recording, and put back exactly as they were."""

from __future__ import annotations

import functools
from types import CodeType, FunctionType
from typing import Any, Final

_ABSENT: Final = object()


class Patches:
    """Replaces attributes; :meth:`restore` undoes it in reverse order, whatever happened in between."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set ``owner.name``, remembering what stood in the owner itself (not in its bases)."""
        _pass_over(value)
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


def _pass_over(value: Any) -> None:
    """Make a wrapper's frame one that warnings do not count.

    A warning with a ``stacklevel`` names the file of a caller so many frames up, and filters go by that file. Frames of
    the import system are passed over, and those are told by their file name.
    """
    function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    if isinstance(function, FunctionType):
        function.__code__ = _of_the_import_system(function.__code__)


@functools.cache
def _of_the_import_system(code: CodeType) -> CodeType:
    if "_bootstrap" in code.co_filename:
        return code
    return code.replace(co_filename=f"{code.co_filename} <importlib._bootstrap>")
