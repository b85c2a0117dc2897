"""Which exercise is meant: by its name, by the folder one stands in, as the last one, or as the next."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from tracer.exercise.errors import ExerciseError
from tracer.exercise.library import TASK, ExerciseFiles, all_exercises, find_exercise, read_exercise
from tracer.exercise.progress import CourseProgress
from tracer.exercise.workshop import CourseFolder, exercise_containing
from tracer.i18n import N_
from tracer.walkthrough.releases import in_range


def known_exercises(folders: Iterable[Path], progress: CourseProgress | None = None) -> dict[str, ExerciseFiles]:
    """The bundled exercises, those in some folders, and those that were started from where a teacher keeps them.

    Raises:
        BadWalkthrough: a task has a mistake, or a folder can't be read.
    """
    known = all_exercises(folders)
    for name, entry in progress.exercises.items() if progress is not None else ():
        folder = Path(entry.source)
        if entry.source and folder.name == name and (folder / TASK).is_file():
            known[name] = ExerciseFiles(read_exercise(folder), folder, False)
    return known


def current_exercise(
    name: str | None, workshop: CourseFolder, known: dict[str, ExerciseFiles], here: Path
) -> ExerciseFiles:
    """The exercise of a name; without one, that of the folder one stands in, else the one last started.

    Raises:
        ExerciseError: there is none.
    """
    progress = workshop.progress
    inside = exercise_containing(workshop, here)
    wanted = name or (inside if inside in known or inside in progress.exercises else "") or progress.last
    if not wanted:
        raise ExerciseError(
            N_("No exercise has been started in {folder}. Begin with: glm-trace exercise start"), folder=workshop.folder
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
    """The first exercise that is not solved and can be done here; those behind ``after`` come first."""
    ids = list(known)
    at = ids.index(after) + 1 if after in known else 0
    for name in ids[at:] + ids[:at]:
        entry = progress.exercises.get(name)
        if name != after and (entry is None or not entry.solved) and fits_release(known[name]):
            return known[name]
    return None


def fits_release(kept: ExerciseFiles) -> bool:
    """Whether an exercise can be done on the transformers that is installed."""
    return in_range(installed_release(), kept.exercise.releases)


def require_release(kept: ExerciseFiles) -> None:
    """Stop here for an exercise of another release.

    Raises:
        ExerciseError: with both releases.
    """
    if not fits_release(kept):
        raise ExerciseError(
            N_("{id} needs transformers {releases}, and {release} is installed."),
            id=kept.exercise.id,
            releases=kept.exercise.releases,
            release=installed_release(),
        )


@lru_cache(maxsize=1)
def installed_release() -> str:
    """The release of transformers, without importing it."""
    try:
        return importlib.metadata.version("transformers")
    except importlib.metadata.PackageNotFoundError:
        return "-"
