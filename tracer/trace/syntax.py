"""Python source as a syntax tree, asked for from any thread."""

from __future__ import annotations

import ast
import threading
from typing import Final

_TRIES: Final = 5
# What a tree costs goes by the names and signs of its source, some 2 kB each. The largest file that comes with torch
# has 130,000 of them.
_MOST: Final = 200_000
_SIGNS: Final = "\n;,([{=+-*/.:|&<>"
_lock: Final = threading.Lock()


def parse(text: str) -> ast.Module:
    """As :func:`ast.parse`.

    CPython 3.11 keeps the depth of the tree it is building where all threads share it, and raises a SystemError when
    another one is building a tree too (``Python-ast.c``). So one at a time; and again where a thread that is not ours
    came in between.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no Python, or too much of it.
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
    """Return about how many names and signs a source has, in a fraction of the time that parsing it takes."""
    return sum(map(text.count, _SIGNS))
