"""Consent to a teacher's exercises: their code is of others, and what was agreed to is that very code in that place."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tracer.exercise.error_words import ExerciseError
from tracer.exercise.library import Kept
from tracer.exercise.progress import Entry


def digest(folder: Path) -> str:
    """What a folder is and holds, in one number: another place, another file, another byte make it another."""
    whole = hashlib.sha256(os.path.abspath(folder).encode("utf-8", "surrogateescape"))
    for path in _files(folder):
        whole.update(b"\0" + os.fsencode(path.relative_to(folder)) + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def code_of(kept: Kept) -> list[str]:
    """The Python files of an exercise, as paths in its folder."""
    return [str(path.relative_to(kept.folder)) for path in _files(kept.folder) if path.suffix in (".py", ".pyc", ".so")]


def needs_consent(kept: Kept, entry: Entry | None) -> bool:
    """Whether nobody has agreed yet to what an exercise runs."""
    return not kept.ours and (entry is None or entry.consent != digest(kept.folder))


def require(kept: Kept, entry: Entry | None, command: str) -> None:
    """Stop here where code would run that nobody has agreed to.

    Raises:
        ExerciseError: with exit code 3; ``command`` is how to agree.
    """
    if needs_consent(kept, entry):
        key = "changed" if entry is not None and entry.consent else "not-agreed"
        raise ExerciseError(key, 3, id=kept.exercise.id, folder=kept.folder, command=command)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
