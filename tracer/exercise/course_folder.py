"""The course folder: a folder for each exercise beside the learner's progress, and which exercise is meant.

A learner's files are never overwritten: a new folder is put together aside and moved into its place, an old one
is moved out of the way.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tracer.exercise.collection import TASK, ExerciseFiles, all_exercises, find_exercise, fits_release, read_exercise
from tracer.exercise.errors import ExerciseError
from tracer.exercise.progress import (
    FILE,
    MARK,
    CourseProgress,
    ExerciseProgress,
    is_ours,
    now,
    read_progress,
    write_progress,
)
from tracer.exercise.runs import TRACES
from tracer.exercise.trust import course_seal
from tracer.exercise.working_folder import build_folder
from tracer.i18n import N_, reason_of

DEFAULT_NAME: Final = MARK
"""The folder that a course is kept in, unless another is named."""


class CourseFolder:
    """A course folder that exists or is yet to be made.

    Raises:
        ExerciseError: by methods that read or write: the folder can't be used, or its progress can't be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))

    @property
    def progress(self) -> CourseProgress:
        """The learner's progress as it is now."""
        return read_progress(self.folder / FILE)

    @property
    def is_own(self) -> bool:
        """Whether this user made the folder, or agreed to the code in it; one that is not there yet will be."""
        return self._is_new or self.progress.made == course_seal(self.folder)

    def adopt(self) -> None:
        """Remember that the folder's code may run."""
        with self.updating() as progress:
            progress.made = course_seal(self.folder)

    @property
    def _is_new(self) -> bool:
        """Whether the folder holds nothing that a check could run: no progress, and no folder of an exercise."""
        if not self.folder.is_dir():
            return True
        inside = list(self.folder.iterdir())
        return not any(path.name == FILE or (path.is_dir() and not path.name.startswith(".")) for path in inside)

    @contextmanager
    def updating(self) -> Iterator[CourseProgress]:
        """Yield the progress for changes, and write it at the end."""
        progress = self.progress
        yield progress
        write_progress(self.folder / FILE, progress)

    @contextmanager
    def updating_entry(self, files: ExerciseFiles) -> Iterator[ExerciseProgress]:
        """Yield the progress of one exercise for changes, and write it at the end."""
        with self.updating() as progress:
            yield progress.exercises.setdefault(files.exercise.id, ExerciseProgress(started=now()))

    def folder_of(self, files: ExerciseFiles) -> Path:
        """Return where a learner's files of an exercise are."""
        return self.folder / files.exercise.id

    def traces_of(self, files: ExerciseFiles) -> Path:
        """Return where the traces of its last check are."""
        return self.folder_of(files) / TRACES

    def is_started(self, files: ExerciseFiles) -> bool:
        return self.folder_of(files).is_dir()

    def require_started(self, files: ExerciseFiles, command: str) -> None:
        """Refuse an exercise that was not started; ``command`` starts it."""
        if not self.is_started(files):
            raise ExerciseError(
                N_("{id} has not been started in {folder}. Start it with: {command}"),
                id=files.exercise.id,
                folder=self.folder,
                command=command,
            )

    def record_consent(self, files: ExerciseFiles, consent: str) -> None:
        """Remember which code of a teacher's exercise was agreed to."""
        self._make()
        with self.updating_entry(files) as entry:
            entry.source, entry.consent = str(files.folder.absolute()), consent

    def start(self, files: ExerciseFiles, sheets: Mapping[str, str]) -> bool:
        """Put an exercise's files into their folder; return False where they are there already.

        Args:
            kept: the exercise.
            sheets: files to write beside them, as text by name: the task.
        """
        self._make()
        with self.updating() as progress:  # first: nothing is started whose progress can't be saved
            progress.last = files.exercise.id
            entry = progress.exercises.setdefault(files.exercise.id, ExerciseProgress(started=now()))
            entry.source = "" if files.bundled else str(files.folder.absolute())
        if os.path.lexists(self.folder_of(files)):
            if not self.is_started(files):
                raise ExerciseError(
                    N_(
                        "{folder} exists and was not made by glm-trace, so nothing is written there. Move it, or "
                        "name another folder."
                    ),
                    folder=self.folder_of(files),
                )
            return False
        self._put(files, self.folder_of(files), sheets=sheets)
        return True

    def backup_path(self, files: ExerciseFiles) -> Path:
        """Return where a reset would move the learner's files."""
        number = 1
        while os.path.lexists(path := self.folder / f"{files.exercise.id}.before-{number}"):
            number += 1
        return path

    def reset(self, files: ExerciseFiles, sheets: Mapping[str, str]) -> Path:
        """Start an exercise anew, with ``sheets`` as in :meth:`start`; return where the old files are now."""
        aside, place = self.backup_path(files), self.folder_of(files)

        def swap(made: Path) -> None:
            os.rename(place, aside)
            try:
                os.rename(made, place)
            except OSError:
                os.rename(aside, place)
                raise

        self._put(files, place, sheets=sheets, move=swap)
        with self.updating() as progress:
            entry = progress.exercises.setdefault(files.exercise.id, ExerciseProgress())
            entry.started, entry.answers, entry.right = now(), {}, []
            progress.last = files.exercise.id
        return aside

    def write_solution(self, files: ExerciseFiles) -> tuple[Path, bool]:
        """Return the solution's folder, beside the learner's; and whether it was written now."""
        place = self.folder / f"{files.exercise.id}.solution"
        written = not os.path.lexists(place)
        if written:
            self._put(files, place, "solution")
        with self.updating_entry(files) as entry:
            entry.solution_seen = entry.solution_seen or now()
        return place, written

    def _put(
        self,
        files: ExerciseFiles,
        place: Path,
        *layers: str,
        sheets: Mapping[str, str] | None = None,
        move: Callable[[Path], None] | None = None,
    ) -> None:
        """Put a folder together aside, then move it into its place: it is there as a whole or not at all."""
        try:
            with tempfile.TemporaryDirectory(
                dir=self.folder, prefix=".glm-trace-", ignore_cleanup_errors=True
            ) as aside:
                made = Path(aside) / files.exercise.id
                build_folder(files, made, *layers)
                for name, text in (sheets or {}).items():
                    (made / name).write_text(text, encoding="utf-8")
                if move is None:
                    os.rename(made, place)
                else:
                    move(made)
        except (OSError, shutil.Error) as error:
            raise ExerciseError(
                N_("{path} can't be read or written: {message}."),
                path=place,
                message=reason_of(error),
            ) from None

    def _make(self) -> None:
        """Make the folder itself; refuse one that holds files that are not ours."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ExerciseError(
                N_("{folder} is a file; a course folder is needed there. Name another."), folder=self.folder
            )
        try:
            new = self._is_new
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExerciseError(
                N_("{path} can't be read or written: {message}."), path=self.folder, message=reason_of(error)
            ) from None
        if new:
            self.adopt()


def find_course_folder(start: Path) -> CourseFolder | None:
    """Return the course folder that contains ``start``, or the default one in it."""
    start = Path(os.path.abspath(start))
    for folder in (start, *start.parents):
        if is_ours(folder / FILE) or (folder.name == DEFAULT_NAME and (folder / FILE).exists()):
            return CourseFolder(folder)
    return CourseFolder(start / DEFAULT_NAME) if (start / DEFAULT_NAME).is_dir() else None


def exercise_containing(course: CourseFolder, start: Path) -> str:
    """Return the id of the exercise whose folder contains ``start``; empty if none does."""
    try:
        inside = Path(os.path.abspath(start)).relative_to(course.folder).parts
    except ValueError:
        return ""
    return inside[0].partition(".")[0] if inside else ""


def known_exercises(folders: Iterable[Path], progress: CourseProgress | None = None) -> dict[str, ExerciseFiles]:
    """Return the bundled exercises, those in some folders, and those that were started from where a teacher keeps them.

    Raises:
        InvalidFile: a task has a mistake, or a folder can't be read.
    """
    known = all_exercises(folders)
    for name, entry in progress.exercises.items() if progress is not None else ():
        folder = Path(entry.source)
        if entry.source and folder.name == name and (folder / TASK).is_file():
            known[name] = ExerciseFiles(read_exercise(folder), folder, False)
    return known


def current_exercise(
    name: str | None, course: CourseFolder, known: dict[str, ExerciseFiles], here: Path
) -> ExerciseFiles:
    """Return the exercise of a name; without a name, that of the current folder, else the one last started.

    Raises:
        ExerciseError: there is none.
    """
    progress = course.progress
    inside = exercise_containing(course, here)
    wanted = name or (inside if inside in known or inside in progress.exercises else "") or progress.last
    if not wanted:
        raise ExerciseError(
            N_("No exercise has been started in {folder}. Start with: glm-trace exercise start"), folder=course.folder
        )
    entry = progress.exercises.get(wanted)
    if wanted not in known and entry is not None and entry.source:
        raise ExerciseError(
            N_(
                "The exercise {id} was started from {folder}, and it is not there any more. Name the "
                "folder that holds it with --exercises."
            ),
            id=wanted,
            folder=entry.source,
        )
    return find_exercise(wanted, known)


def next_unsolved(
    known: Mapping[str, ExerciseFiles], progress: CourseProgress, after: str = ""
) -> ExerciseFiles | None:
    """Return the first exercise that is not solved and can be done here, looking after ``after`` first."""
    ids = list(known)
    at = ids.index(after) + 1 if after in known else 0
    for name in ids[at:] + ids[:at]:
        entry = progress.exercises.get(name)
        if name != after and (entry is None or not entry.solved) and fits_release(known[name]):
            return known[name]
    return None
