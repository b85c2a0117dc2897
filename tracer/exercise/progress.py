"""What is remembered about a course folder: which exercises were started, answered and solved."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

import msgspec

from tracer.exercise.errors import ExerciseError
from tracer.i18n import N_, reason_of
from tracer.text.visible import one_line

FILE: Final = "progress.json"
MARK: Final = "glm-trace-exercises"
"""The file's first key, and the usual name of a course folder."""
VERSION: Final = 1
_MOST: Final = 4 << 20  # bytes


class ExerciseProgress(msgspec.Struct, omit_defaults=True):
    """One exercise of a learner.

    Attributes:
        started: when it was started, as a time of ISO 8601; so are the others.
        source: the folder of a teacher's exercise; empty for a bundled one.
        consent: the digest of what in that folder was agreed to; see :mod:`tracer.exercise.trust`.
        answers: what was answered to its predictions, by their ids.
        right: ids of the predictions that were right when it was last checked.
        attempts: how often it was checked.
        hints: how many hints were shown.
        solution_seen: when the solution was first looked at.
        solved: when it was first solved.
    """

    started: str = ""
    source: str = ""
    consent: str = ""
    answers: dict[str, str] = {}
    right: list[str] = []
    attempts: int = 0
    hints: int = 0
    solution_seen: str = ""
    solved: str = ""


class CourseProgress(msgspec.Struct):
    """What the file holds.

    Attributes:
        version: of its format; a newer one is left alone.
        made: the mark of a folder that was made here or agreed to; see :mod:`tracer.exercise.trust`.
        last: the exercise that was last started.
        exercises: what is remembered about each, by id.
    """

    version: int = msgspec.field(name=MARK, default=VERSION)
    made: str = ""
    last: str = ""
    exercises: dict[str, ExerciseProgress] = {}


class _Version(msgspec.Struct):
    version: int = msgspec.field(name=MARK)


def now() -> str:
    """Return this moment in the form that is stored."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def local_day(moment: str) -> str:
    """Return the day of a moment that was remembered, in this machine's time zone."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return one_line(moment, 10)


def is_ours(path: Path) -> bool:
    """Return whether a file of that name was written by this command, sound or not."""
    try:
        with path.open("rb") as file:
            return f'"{MARK}"'.encode() in file.read(200)
    except OSError:
        return False


def read_progress(path: Path) -> CourseProgress:
    """Return what a file holds; nothing yet, where there is none.

    Raises:
        ExerciseError: it is damaged, another program's, or a newer glm-trace wrote it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return CourseProgress()
    except OSError as error:
        raise ExerciseError(
            N_("{path} can't be read or written: {message}."), path=path, message=reason_of(error)
        ) from None
    try:
        if msgspec.json.decode(data, type=_Version).version > VERSION:
            raise ExerciseError(
                N_(
                    "{path} was written by a newer glm-trace and was left as it is. Use that one, or another "
                    "course folder."
                ),
                path=path,
            )
        return msgspec.json.decode(data, type=CourseProgress)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if path.parent.name != MARK and not is_ours(path):
            raise ExerciseError(
                N_(
                    "{folder} exists and was not made by glm-trace, so nothing is written there. Move it, or "
                    "name another folder."
                ),
                folder=path,
            ) from None
        raise ExerciseError(
            N_(
                "{path} is damaged ({message}) and was left as it is. Repair it, or move it away: your exercises "
                "stay, only the record of your progress starts over."
            ),
            path=path,
            message=one_line(str(error), 100),
        ) from None


def write_progress(path: Path, progress: CourseProgress) -> None:
    """Write the file as a whole or not at all.

    Raises:
        ExerciseError: it can't be written.
    """
    data = msgspec.json.format(msgspec.json.encode(progress), indent=2) + b"\n"
    written = ""
    try:
        descriptor, written = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, path)
    except OSError as error:
        raise ExerciseError(
            N_("{path} can't be read or written: {message}."), path=path, message=reason_of(error)
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(written)  # where it was not moved into its place
