"""Functions that look at their own local variables as a dictionary.

Before Python 3.13 a frame has one such dictionary. ``locals()`` hands it out, and whoever reads ``frame.f_locals``, or
has a trace function called with the frame, brings it up to date: what the function has changed in it is lost.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Final

_OF_THE_CALLER: Final = frozenset({"locals", "eval", "exec"})
_WITHOUT_ARGUMENTS: Final = frozenset({"vars", "dir"})  # with one they are about that
_FRAMES: Final = frozenset({"_getframe", "currentframe", "_current_frames", "f_locals"})
_CALLS: Final = frozenset({"CALL", "CALL_FUNCTION", "PRECALL"})


_known: dict[int, tuple[CodeType, bool]] = {}  # by id, for a code object's hash costs as much as the question


def reads_its_locals(code: CodeType) -> bool:
    """Whether a function may hold the dictionary of its local variables, which is then not to be touched."""
    known = _known.get(id(code))
    if known is None:
        known = _known[id(code)] = (code, _reads_its_locals(code))
    return known[1]


def _reads_its_locals(code: CodeType) -> bool:
    if sys.version_info >= (3, 13):
        return False
    if any(not _FRAMES.isdisjoint(one.co_names) for one in _with_nested(code)):
        return True
    names = set(code.co_names)
    if names.isdisjoint(_OF_THE_CALLER) and names.isdisjoint(_WITHOUT_ARGUMENTS):
        return False
    instructions = list(dis.get_instructions(code))
    for at, instruction in enumerate(instructions[:-1]):
        if instruction.opname not in ("LOAD_GLOBAL", "LOAD_NAME"):
            continue  # a method of that name, as in `model.eval()`
        if instruction.argval in _OF_THE_CALLER:
            return True
        after = instructions[at + 1]
        if instruction.argval in _WITHOUT_ARGUMENTS and after.opname in _CALLS and after.arg == 0:
            return True
    return False


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)


def arguments_of(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame that has just begun, which leaves no trace in the frame where that can be.

    The dictionary is filled in the order in which variables are first seen set. Made now, it would have what comes from
    an enclosing scope before the function's own variables. A trace function of the interpreter's has made it already.
    """
    found = frame.f_locals
    copy = dict(found)
    if (3, 12) <= sys.version_info < (3, 13) and sys.gettrace() is None:
        found.clear()
    return copy
