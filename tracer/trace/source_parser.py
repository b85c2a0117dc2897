"""Parse Python source, from any thread and within limits."""

from __future__ import annotations

import ast
import threading
from typing import Final

_TRIES: Final = 5
# The memory for a tree is proportional to the names and signs in the source, some 2 kB each. The largest file of torch
# has 130,000 of them.
_MOST: Final = 200_000
_SIGNS: Final = "\n;,([{=+-*/.:|&<>"
_lock: Final = threading.Lock()


def parse(text: str) -> ast.Module:
    """Parse like :func:`ast.parse`.

    CPython 3.11 keeps the depth of the tree that it is building in state shared by all threads, and raises a
    SystemError when another thread is building a tree too (``Python-ast.c``). So a lock allows one parse at a time, and
    a parse that a thread outside glm-trace disturbed is repeated.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: the text is not Python, or is too large.
    """
    if extent(text) > _MOST:
        raise ValueError("the source is too large to be parsed")
    with _lock:
        for _ in range(_TRIES):
            try:
                return ast.parse(text)
            except SystemError:
                continue
        return ast.parse(text)


def extent(text: str) -> int:
    """Return roughly how many names and signs a source has, in a fraction of the time that parsing takes."""
    return sum(map(text.count, _SIGNS))
