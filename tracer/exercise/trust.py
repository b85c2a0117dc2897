"""Consent to code of others: a teacher's exercises, and course folders that were not made here.

Consent is for exactly this code in this place. It is remembered in the course folder, which may itself come from
someone else; so it is sealed with a key that never leaves this user's own folder. Only this user can write it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

import platformdirs

from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.errors import ExerciseError
from tracer.exercise.progress import ExerciseProgress
from tracer.i18n import N_, reason_of

_KEY: Final = 32  # bytes


def digest(folder: Path) -> str:
    """Return a digest of a folder's path and contents; it differs for another path, file or byte."""
    whole = hmac.new(_key(), os.path.abspath(folder).encode("utf-8", "surrogateescape"), "sha256")
    for path in _files(folder):
        whole.update(b"\0" + os.fsencode(path.relative_to(folder)) + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def course_seal(folder: Path) -> str:
    """Return what a course folder is marked with when it is made here, or agreed to."""
    return hmac.new(_key(), b"course\0" + os.fsencode(os.path.realpath(folder)), "sha256").hexdigest()


def code_of(files: ExerciseFiles) -> list[str]:
    """Return the Python files of an exercise, as paths in its folder."""
    return [
        str(path.relative_to(files.folder)) for path in _files(files.folder) if path.suffix in (".py", ".pyc", ".so")
    ]


NOT_AGREED: Final = N_(
    "{id} comes from {folder} and runs code from there that you have not agreed to. Look at it, then agree with: "
    "{command}"
)
CHANGED: Final = N_(
    "{folder} has changed since you agreed to run its code. Look at {id} again, then say yes with: {command}"
)


def needs_consent(files: ExerciseFiles, entry: ExerciseProgress | None) -> bool:
    """Return whether the code that an exercise runs still needs consent."""
    return not files.bundled and (entry is None or entry.consent != digest(files.folder))


def require_consent(files: ExerciseFiles, entry: ExerciseProgress | None, command: str) -> None:
    """Refuse to run code without consent.

    Raises:
        ExerciseError: with exit code 3; ``command`` is how to agree.
    """
    if needs_consent(files, entry):
        changed = entry is not None and entry.consent
        message = CHANGED if changed else NOT_AGREED
        raise ExerciseError(message, 3, id=files.exercise.id, folder=files.folder, command=command)


def _key() -> bytes:
    """Return this user's key; make it when it is first needed.

    Raises:
        ExerciseError: it can't be read or written.
    """
    path = platformdirs.user_state_path("glm-trace") / "consent.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY))
        key = path.read_bytes()
    except OSError as error:
        raise ExerciseError(
            N_("{path} can't be read or written: {message}."), path=path, message=reason_of(error)
        ) from None
    if len(key) != _KEY:
        raise ExerciseError(
            N_("{path} can't be read or written: {message}."),
            path=path,
            message=f"{_KEY} bytes expected, delete it to have a new one",
        )
    return key


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
