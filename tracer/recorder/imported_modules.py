"""Which remote code is imported in this process, and whether it is what the model directory has."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from tracer.recorder import safe_inspect
from tracer.trace.metadata import OwnModule

_REMOTE: Final = "transformers_modules"
_MOST: Final = 500


def own_modules(folder: str | None) -> list[OwnModule]:
    """Return the modules of remote code, compared with the files of the model directory ``folder``."""
    found: list[OwnModule] = []
    for name, module in sorted(sys.modules.items()):
        if not name.startswith(f"{_REMOTE}.") or not safe_inspect.is_a(module, ModuleType):
            continue
        file = safe_inspect.text(safe_inspect.module_dict(module).get("__file__"))
        if file is None or file.endswith("__init__.py") or len(found) == _MOST:
            continue
        content = _content(Path(file))
        own = OwnModule(name, file, None if content is None else hashlib.sha256(content).hexdigest())
        if folder is not None and _is_named_after(Path(file), Path(folder)):
            beside = _in_directory(Path(file), Path(folder))
            own.in_directory = beside is not None
            own.same = None if beside is None or content is None else _content(beside) == content
        found.append(own)
    return found


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _inside_cache(file: Path) -> tuple[str, ...]:
    """Return the part of a path below the modules cache; empty if it is not in one."""
    parts = file.parts
    return parts[len(parts) - parts[::-1].index(_REMOTE) :] if _REMOTE in parts else ()


def _is_named_after(file: Path, folder: Path) -> bool:
    """Return whether a file is in the folder of the modules cache that is named after a directory.

    A process can load several models, whose files often have the same names.
    """
    plain = folder.name
    made = plain.replace(".", "_dot_").replace("-", "_hyphen_")  # as 5.x makes an identifier of it
    if made[:1].isdigit():
        made = f"_{made}"
    return _inside_cache(file)[:1] in ((plain,), (made,))


def _in_directory(file: Path, folder: Path) -> Path | None:
    """Return the file of the directory that a file in the modules cache is a copy of.

    Above it, the cache has a folder named after the directory, and in 5.x one named after the content.
    """
    inside = _inside_cache(file)
    for start in range(1, min(len(inside), 3)):
        candidate = folder.joinpath(*inside[start:])
        if candidate.is_file():
            return candidate
    return None
