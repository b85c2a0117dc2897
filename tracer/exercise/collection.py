"""The exercises that exist: the bundled course and those in a teacher's folder."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import msgspec

from tracer.bundled import bundled
from tracer.exercise.errors import ExerciseError
from tracer.exercise.task import Exercise
from tracer.i18n import N_, Sentence, reason_of
from tracer.releases import installed_release
from tracer.text.visible import visible
from tracer.walkthrough.format import in_range
from tracer.walkthrough.yaml_file import InvalidFile, read_yaml

TASK = "task.yaml"
_NO_EXERCISE: Final = N_("{path} is not an exercise: expected keys such as id and title.")


class ExerciseFiles(msgspec.Struct, frozen=True):
    """An exercise and the folder that holds its files; ``ours`` is a bundled one."""

    exercise: Exercise
    folder: Path
    bundled: bool


def all_exercises(folders: Iterable[Path] = ()) -> dict[str, ExerciseFiles]:
    """Return the bundled exercises in their order, then those in some folders, by id.

    Raises:
        InvalidFile: a task has a mistake, or a folder can't be read or has no exercise.
    """
    found = _in_folder(bundled("walkthroughs") / "exercises", ours=True)
    for folder in folders:
        found.update(_in_folder(folder, ours=False))
    return found


def find_exercise(name: str, known: dict[str, ExerciseFiles]) -> ExerciseFiles:
    """Return an exercise by its id or its number in the course.

    Raises:
        ExerciseError: there is none; the sentence suggests a similar id.
    """
    if name in known:
        return known[name]
    for one in known.values():
        if name.isdigit() and one.exercise.order == int(name):
            return one
    near = get_close_matches(name, known, n=1)
    raise ExerciseError(
        N_("There is no exercise {name}. {hint}"),
        name=name,
        hint=Sentence(N_("Did you mean {near}?"), near=visible(near[0]))
        if near
        else Sentence(N_("See them with: glm-trace exercise list")),
    )


def read_exercise(folder: Path) -> Exercise:
    """Return the task in a folder.

    Raises:
        InvalidFile: it has a mistake.
    """
    path = folder / TASK
    found = read_yaml(path, Exercise, _NO_EXERCISE)
    if found.id != folder.name:
        raise InvalidFile(
            N_("{path}, id: {id} is not the name of its folder, {name}."),
            path=visible(str(path)),
            id=visible(repr(found.id)),
            name=visible(repr(folder.name)),
        )
    for name in found.wrong:
        if not (folder / "wrong" / name).is_dir() and not found.wrong[name].answers:
            raise InvalidFile(
                N_("{path}, wrong: there is no folder {folder}."),
                path=visible(str(path)),
                folder=visible(str(folder / "wrong" / name)),
            )
    return found


def _in_folder(folder: Path, *, ours: bool) -> dict[str, ExerciseFiles]:
    try:
        inside = sorted(path for path in folder.iterdir() if (path / TASK).is_file())
    except OSError as error:
        raise InvalidFile(
            N_("The folder {folder} can't be read: {reason}."),
            folder=visible(str(folder)),
            reason=reason_of(error),
        ) from None
    if not inside:
        raise InvalidFile(
            N_("{folder} is an exercise itself; name the folder that it is in.")
            if (folder / TASK).is_file()
            else N_("There is no exercise in {folder}: no folder in it has a task.yaml."),
            folder=visible(str(folder)),
        )
    files = [ExerciseFiles(read_exercise(path), path, ours) for path in inside]
    files.sort(key=lambda one: (one.exercise.order is None, one.exercise.order or 0, one.exercise.id))
    return {one.exercise.id: one for one in files}


def fits_release(files: ExerciseFiles) -> bool:
    """Return whether an exercise can be done on the transformers that is installed."""
    return in_range(installed_release() or "-", files.exercise.releases)


def require_release(files: ExerciseFiles) -> None:
    """Refuse an exercise of another release.

    Raises:
        ExerciseError: it needs another release than the installed one.
    """
    if not fits_release(files):
        raise ExerciseError(
            N_("{id} needs transformers {releases}, and {release} is installed."),
            id=files.exercise.id,
            releases=files.exercise.releases,
            release=installed_release() or "-",
        )
