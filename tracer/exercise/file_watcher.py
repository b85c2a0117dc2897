"""Wait for saved files by looking a few times a second, which works with every editor and file system."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from tracer.exercise.runs import TRACES

_POLL: Final = 0.2  # seconds
_QUIET: Final = 2  # looks without a change, after which an editor that writes several files is done
_NOT_WORK: Final = {TRACES, "__pycache__", ".git", ".venv", ".idea", ".vscode", ".ipynb_checkpoints"}
_SCRATCH: Final = ("~", ".swp", ".swo", ".swx", ".tmp", ".pyc")

FolderState = dict[str, tuple[int, int]]
"""Time of change and size, by path."""


def take_state(folder: Path, ignored: Collection[str] = ()) -> FolderState:
    """Return the files of a learner's folder as they are now; what editors keep beside them is left out."""
    return {str(path): (found.st_mtime_ns, found.st_size) for path, found in _files(folder, ignored)}


def wait_for_save(folder: Path, before: FolderState, ignored: Collection[str] = ()) -> FolderState:
    """Wait until the files differ from what they were, and no longer change."""
    seen, quiet = before, 0
    while seen == before or quiet < _QUIET:
        time.sleep(_POLL)
        latest = take_state(folder, ignored)
        quiet = quiet + 1 if latest == seen else 0
        seen = latest
    return seen


def _files(folder: Path, ignored: Collection[str]) -> Iterator[tuple[Path, os.stat_result]]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_WORK]
        for name in names:
            path = Path(place) / name
            if name in ignored or name.endswith(_SCRATCH) or name.startswith((".#", "#")):
                continue
            try:
                yield path, path.stat()
            except OSError:  # gone again, or unreadable: the check will say so
                continue
