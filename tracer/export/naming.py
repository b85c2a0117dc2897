"""How things are called: a recorded load, and this program where its commands are to be pasted."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Final

_PROGRAM: Final = "glm-trace"


def program() -> str:
    """Return what to type for this program here: its name, or its path where the shell does not find it by its name."""
    called = Path(sys.argv[0])
    if called.stem != _PROGRAM or not called.is_file():  # python -m, a test, a notebook
        return _PROGRAM
    found = shutil.which(_PROGRAM)
    if found is not None and os.path.samefile(found, called):
        return _PROGRAM
    relative = os.path.relpath(called)
    return shlex.quote(str(called) if relative.startswith("..") else relative)


def model_name(meta: dict[str, Any]) -> str:
    """What was loaded, in the fewest words: the directory's name, or what was asked for."""
    asked = meta.get("asked")
    roots = meta.get("roots")
    if asked == "<model>" and isinstance(roots, dict) and isinstance(roots.get("model"), str):
        return os.path.basename(roots["model"].rstrip("/\\")) or "<model>"
    if isinstance(asked, list):
        return " ".join(map(str, asked))
    return str(asked or meta.get("work") or "trace")


def command(*words: str) -> str:
    """Return a command of this program as a person would type it here."""
    return f"{program()} {shlex.join(words)}"
