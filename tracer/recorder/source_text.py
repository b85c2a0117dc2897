"""Source files as they are on disk while their code runs."""

from __future__ import annotations

import linecache
import os
import sysconfig
import tokenize
from itertools import islice
from typing import Final

_LIBRARY: Final = tuple({sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib")})
_INSTALLED: Final = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_MOST_ENTRIES: Final = 5_000


def read_source(filename: str) -> str:
    """Return the text of a source file; empty if there is none (code made by ``exec``)."""
    return source_bytes(filename).decode()


def source_bytes(filename: str) -> bytes:
    """Return the same as UTF-8, whatever the file's encoding."""
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
    """Return whether the file was installed, not written by the user or downloaded with a model."""
    # Not all installed packages are in this environment's own folders: environments can be layered.
    return filename.startswith(_LIBRARY) or any(folder in filename for folder in _INSTALLED)


def python_names(folder: str) -> list[str]:
    """Return the names by which the Python files and packages of a folder would be imported."""
    names: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, _MOST_ENTRIES):
                stem, ending = os.path.splitext(entry.name)
                name = stem if ending == ".py" else entry.name if _is_folder(entry) else ""
                if name.isidentifier() and name != "__pycache__":
                    names.add(name)
    except OSError:
        pass  # the load will report what is wrong with it
    return sorted(names)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, say
        return False
