"""Attributes replaced while recording, and restored exactly as they were."""

from __future__ import annotations

import functools
from types import CodeType, FunctionType
from typing import Any, Final

from tracer.recorder.guard import Guard, Watch

_ABSENT: Final = object()
_WRAPPER_SUFFIX: Final = " <importlib._bootstrap>"


class Patches:
    """Replaces attributes; :meth:`restore` undoes it in reverse order, whatever happened in between."""

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._undo: list[tuple[Any, str, Any]] = []

    def watch(self, owner: Any, name: str, watch: Watch, member: Any = None) -> None:
        """Put ``watch`` around every call of the function ``owner.name``; see :data:`tracer.recorder.guard.Watch`.

        What ``watch`` raises is noted and goes no further. ``member`` is the function if the owner inherits it.
        """
        assert self._guard is not None, "patches that watch need a guard"
        member = vars(owner)[name] if member is None else member
        bound = isinstance(member, (classmethod, staticmethod))
        original = member.__func__ if bound else member
        label = f"watching {getattr(original, '__qualname__', name)}"
        watched = self._guard.around(label, original, watch)
        if not isinstance(original, type):
            functools.update_wrapper(watched, original)
        self.set(owner, name, type(member)(watched) if bound else watched)

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set ``owner.name``, and remember what the owner itself had (not its bases)."""
        _hide_from_warnings(value)
        self._undo.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, value)

    def restore(self) -> None:
        while self._undo:
            owner, name, before = self._undo[-1]
            if before is not _ABSENT:
                setattr(owner, name, before)
            elif name in vars(owner):
                delattr(owner, name)
            self._undo.pop()  # after it was restored: an interrupt must not come in between


def is_wrapper_code(code: CodeType) -> bool:
    """Return whether this is a wrapper's code: an exception in its frame was raised by the function that it calls."""
    return code.co_filename.endswith(_WRAPPER_SUFFIX)


def _hide_from_warnings(value: Any) -> None:
    """Make warnings skip a wrapper's frame.

    A warning with a ``stacklevel`` names the file of a caller so many frames up, and filters go by that file. Frames of
    the import system are skipped, and they are recognised by their file name.
    """
    function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    if isinstance(function, FunctionType):
        function.__code__ = _of_the_import_system(function.__code__)


@functools.cache
def _of_the_import_system(code: CodeType) -> CodeType:
    if "_bootstrap" in code.co_filename:
        return code
    return code.replace(co_filename=f"{code.co_filename}{_WRAPPER_SUFFIX}")
