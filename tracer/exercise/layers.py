"""Putting a working folder together: fixtures, then the files of the start, then those of a solution or an attempt."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tracer.bundled import bundled, write_fixture
from tracer.exercise.edits import edit_text, merge_json
from tracer.exercise.library import ExerciseFiles
from tracer.text.visible import visible
from tracer.trace.errors import TracerError


def build_folder(kept: ExerciseFiles, folder: Path, *layers: str) -> None:
    """Make a working folder: the start, and over it further layers, such as ``solution`` or ``wrong/NAME``.

    Raises:
        TracerError: the folder exists and is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TracerError(f"{visible(str(folder))} exists and is not an empty folder, so nothing is written there.")
    start = kept.exercise.start
    for place, fixture in start.fixtures.items():
        write_fixture(bundled("fixtures"), fixture, folder / place)
    for pattern in start.without:
        for path in list(folder.glob(pattern)):
            _remove(path)
    folder.mkdir(parents=True, exist_ok=True)
    for layer in ("start", *layers):
        lay_over(kept.folder / layer, folder)


def lay_over(layer: Path, folder: Path) -> None:
    """Copy a layer's files over a folder; ``X.removed``, ``X.merge`` and ``X.edit`` change ``X``."""
    for source in _files(layer):
        target = folder / source.relative_to(layer)
        change = _CHANGES.get(source.suffix)
        if change is not None:
            change(source, target.with_suffix(""))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def changed_by(kept: ExerciseFiles, layer: str) -> list[str]:
    """The files that a layer writes, changes or removes, as paths in the learner's folder."""
    root = kept.folder / layer
    paths = (path.relative_to(root) for path in _files(root))
    return sorted({(path.with_suffix("") if path.suffix in _CHANGES else path).as_posix() for path in paths})


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


_CHANGES: Final[dict[str, Callable[[Path, Path], None]]] = {
    ".removed": lambda _, target: _remove(target),
    ".merge": merge_json,
    ".edit": edit_text,
}


def _files(layer: Path) -> Iterator[Path]:
    if layer.is_dir():
        for path in sorted(layer.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
