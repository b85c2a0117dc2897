"""Small changes to a large file of a layer: ``X.merge`` changes a JSON file, ``X.edit`` replaces pieces of any text.

An exercise's wrong attempt is then the one line that is wrong, and not a copy of a whole model file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.walkthrough.yaml_file import read_yaml


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of text that stands in the file once, and what stands there instead."""

    old: str
    new: str


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an ``X.edit`` file holds, as YAML."""

    replace: list[Replacement]


def merge_json(patch: Path, target: Path) -> None:
    """Change a JSON file as RFC 7386 says: objects are merged, null removes a key, anything else replaces it.

    Raises:
        TracerError: one of the two is no JSON.
    """
    held, changes = _json(target), _json(patch)
    target.write_text(json.dumps(_merged(held, changes), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def edit_text(changes: Path, target: Path) -> None:
    """Replace pieces of a text file.

    Raises:
        TracerError: a piece is not there, or more than once.
    """
    text = target.read_text(encoding="utf-8")
    for one in read_yaml(changes, Edit, "edit").replace:
        if text.count(one.old) != 1:
            raise TracerError(
                visible(
                    f"{changes}: expected {one.old[:60]!r} once in {target.name}, found {text.count(one.old)} times."
                )
            )
        text = text.replace(one.old, one.new)
    target.write_text(text, encoding="utf-8")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TracerError(visible(f"{path} is no JSON file: {error}.")) from error


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
