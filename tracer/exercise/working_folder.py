"""Put a working folder together: fixtures, then the files of the start, then those of a solution or an attempt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tracer.bundled import bundled, write_fixture
from tracer.exercise.collection import ExerciseFiles
from tracer.i18n import N_, reason_of
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.walkthrough.yaml_file import read_yaml

_NO_EDIT: Final = N_("{path} has no replacements: expected the key replace.")


def build_folder(files: ExerciseFiles, folder: Path, *layers: str) -> None:
    """Make a working folder: the start, and over it further layers, such as ``solution`` or ``wrong/NAME``.

    Raises:
        TracerError: the folder exists and is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TracerError(
            N_("{folder} exists and is not an empty folder, so nothing is written there."), folder=visible(str(folder))
        )
    start = files.exercise.start
    for place, fixture in start.fixtures.items():
        write_fixture(bundled("fixtures"), fixture, folder / place)
    for pattern in start.without:
        for path in list(folder.glob(pattern)):
            _remove(path)
    folder.mkdir(parents=True, exist_ok=True)
    for layer in ("start", *layers):
        lay_over(files.folder / layer, folder)


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


def changed_by(files: ExerciseFiles, layer: str) -> list[str]:
    """Return the files that a layer writes, changes or removes, as paths in the learner's folder."""
    root = files.folder / layer
    paths = (path.relative_to(root) for path in _files(root))
    return sorted({(path.with_suffix("") if path.suffix in _CHANGES else path).as_posix() for path in paths})


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _files(layer: Path) -> Iterator[Path]:
    if layer.is_dir():
        for path in sorted(layer.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of text that is in the file once, and its replacement."""

    old: str
    new: str


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an ``X.edit`` file holds, as YAML."""

    replace: list[Replacement]


def merge_json(patch: Path, target: Path) -> None:
    """Change a JSON file as RFC 7386 says: objects are merged, null removes a key, anything else replaces it.

    Raises:
        TracerError: one of the two isn't JSON.
    """
    held, changes = _json(target), _json(patch)
    target.write_text(json.dumps(_merged(held, changes), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def edit_text(changes: Path, target: Path) -> None:
    """Replace pieces of a text file.

    Raises:
        TracerError: a piece is not there, or more than once.
    """
    text = target.read_text(encoding="utf-8")
    for one in read_yaml(changes, Edit, _NO_EDIT).replace:
        if text.count(one.old) != 1:
            raise TracerError(
                N_("{changes}: expected {old} once in {name}, found {count} times."),
                changes=visible(str(changes)),
                old=visible(repr(one.old[:60])),
                name=visible(str(target.name)),
                count=visible(str(text.count(one.old))),
            )
        text = text.replace(one.old, one.new)
    target.write_text(text, encoding="utf-8")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TracerError(
            N_("{path} is not a JSON file: {error}."), path=visible(str(path)), error=reason_of(error)
        ) from error


def _merged(held: Any, changes: Any) -> Any:
    if not isinstance(changes, dict):
        return changes
    result = dict(held) if isinstance(held, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


_CHANGES: Final[dict[str, Callable[[Path, Path], None]]] = {
    ".removed": lambda _, target: _remove(target),
    ".merge": merge_json,
    ".edit": edit_text,
}
