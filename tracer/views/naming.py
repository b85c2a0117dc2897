"""Return this program's commands as a person would type them here."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

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


def command(*words: str) -> str:
    """Return a command of this program as a person would type it here."""
    return f"{program()} {shlex.join(words)}"
