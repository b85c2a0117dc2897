"""Source files as they are on disk while their code runs."""

from __future__ import annotations

import linecache
import sysconfig
import tokenize
from typing import Final

_LIBRARY: Final = tuple({sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib")})


def read_source(filename: str) -> str:
    """The text of a source file; empty where there is none (code made by ``exec``)."""
    return source_bytes(filename).decode()


def source_bytes(filename: str) -> bytes:
    """The same in UTF-8, whatever the file is in."""
    try:
        with open(filename, "rb") as file:
            data = file.read()
        if b"coding" not in data[:200]:
            data.decode()
            return data
        with tokenize.open(filename) as decoded:
            return decoded.read().encode()
    except (OSError, SyntaxError, UnicodeError):
        text = "".join(linecache.getlines(filename))  # a module in a zip file, a notebook cell
        return text.encode("utf-8", "replace")


def is_library_file(filename: str) -> bool:
    """Whether the file was installed, and not written by the user or downloaded with a model."""
    return filename.startswith(_LIBRARY)
