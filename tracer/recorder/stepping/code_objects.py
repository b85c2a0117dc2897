"""Facts about code objects: qualified name, which lines continue a statement, whether it reads its own locals.

Reading its own locals means looking at the local variables as a dictionary. Before Python 3.13 a frame has one such
dictionary. ``locals()`` hands it out, and code that reads ``frame.f_locals``, or has a trace function called with the
frame, brings it up to date: changes that the function has made to it are lost.
"""

from __future__ import annotations

import ast
import contextlib
import dis
import functools
import linecache
import sys
import textwrap
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Final

from tracer.recorder.source_text import read_source
from tracer.trace.source_parser import parse


def qualified_name(code: CodeType) -> str:
    """Return the function's qualified name, on Python 3.10 too, whose code objects do not have it."""
    return getattr(code, "co_qualname", None) or _qualified_name_in_source(code)


def _qualified_name_in_source(code: CodeType) -> str:
    known = _names_by_file.get(code.co_filename)
    if known is None:
        known = _names_by_file[code.co_filename] = {}
        with contextlib.suppress(SyntaxError):  # no source: the simple name has to do
            _collect_names(parse("".join(linecache.getlines(code.co_filename))), "", known)
    return known.get((code.co_firstlineno, code.co_name), code.co_name)


_names_by_file: dict[str, dict[tuple[int, str], str]] = {}


def _collect_names(node: ast.AST, prefix: str, found: dict[tuple[int, str], str]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            found[first, child.name] = prefix + child.name
            inner = "." if isinstance(child, ast.ClassDef) else ".<locals>."
            _collect_names(child, prefix + child.name + inner, found)
        else:
            _collect_names(child, prefix, found)


_statement_starts: dict[int, tuple[CodeType, dict[int, int]]] = {}


def statement_starts(code: CodeType) -> dict[int, int]:
    """Map each line of a function that continues a statement to the line where the statement begins.

    A line that is not in the mapping begins a statement itself. Only the header of a compound statement counts.
    """
    known = _statement_starts.get(id(code))
    if known is None:
        known = _statement_starts[id(code)] = (code, _find_starts(code))
    return known[1]


def _find_starts(code: CodeType) -> dict[int, int]:
    first = code.co_firstlineno
    last = max((line for _, _, line in code.co_lines() if line), default=first)
    # Up to the end of the block in the file: the last statement may continue below the last line that has code.
    lines = read_source(code.co_filename).splitlines()[first - 1 : last + 50]
    tree = _parse(lines, last - first + 1)
    if tree is None:
        return {}
    starts: dict[int, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            for line in range(node.lineno + 1, _header_end(node) + 1):
                starts[line + first - 1] = node.lineno + first - 1
    return starts


def _parse(lines: list[str], least: int) -> ast.Module | None:
    """Parse the function's own lines; the indentation shows where it ends."""
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    end = least
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
        end += 1
    while end < len(lines) and lines[end].strip().startswith((")", "]", "}")):
        end += 1
    try:
        return parse(textwrap.dedent("\n".join(lines[:end])))
    except SyntaxError:
        return None


def _header_end(node: ast.stmt | ast.ExceptHandler) -> int:
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if body:
        first = body[0]
        below = first.lineno if isinstance(first, ast.stmt) else first.pattern.lineno
        return max(below - 1, node.lineno)
    return node.end_lineno or node.lineno


_OF_THE_CALLER: Final = frozenset({"locals", "eval", "exec"})
_WITHOUT_ARGUMENTS: Final = frozenset({"vars", "dir"})  # with an argument they are about that
_FRAMES: Final = frozenset({"_getframe", "currentframe", "_current_frames", "f_locals"})
_CALLS: Final = frozenset({"CALL", "CALL_FUNCTION", "PRECALL"})


_reads_locals: dict[int, tuple[CodeType, bool]] = {}  # by id: hashing a code object costs as much as the check itself


def reads_its_locals(code: CodeType) -> bool:
    """Return whether a function may use the dictionary of its local variables, which must not be touched then."""
    known = _reads_locals.get(id(code))
    if known is None:
        known = _reads_locals[id(code)] = (code, _reads_its_locals(code))
    return known[1]


def _reads_its_locals(code: CodeType) -> bool:
    if sys.version_info >= (3, 13):
        return False
    if any(not _FRAMES.isdisjoint(nested.co_names) for nested in _with_nested(code)):
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


@functools.lru_cache(maxsize=1024)
def reads_others_locals(filename: str) -> bool:
    """Return whether code of a file may read the local variables of other functions, which then keep a dictionary.

    A caller's, say, or those of a function in a traceback. Which functions they are cannot be known beforehand.
    """
    return sys.version_info < (3, 13) and "f_locals" in read_source(filename)


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)


def arguments_of(frame: FrameType) -> dict[str, Any]:
    """Return the local variables of a frame that has just begun, without a side effect on the frame where possible.

    The frame's dictionary is filled in the order in which variables are first seen set. If it were made now, variables
    of an enclosing scope would come before the function's own. With a trace function, the interpreter has done that.
    """
    found = frame.f_locals
    copy = dict(found)
    if (3, 12) <= sys.version_info < (3, 13) and sys.gettrace() is None:
        found.clear()
    return copy
