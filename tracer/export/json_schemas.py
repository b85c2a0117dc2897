"""The JSON schemas of walkthroughs and exercises, for editors: ``python -m tracer.export.json_schemas`` writes them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final

import msgspec

from tracer.bundled import bundled
from tracer.exercise import task
from tracer.exercise.task import Exercise
from tracer.walkthrough import format as walkthrough_format
from tracer.walkthrough.format import Walkthrough

NAME: Final = "schema.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ROLE: Final = re.compile(r":\w+:`~?([^`]+)`")
_ATTRIBUTE: Final = re.compile(r"(?m)^    (\w+): ")


def walkthrough_schema() -> dict[str, Any]:
    """Return the schema of a walkthrough."""
    return _schema_of(Walkthrough, "A walkthrough of glm-trace", [walkthrough_format])


def exercise_schema() -> dict[str, Any]:
    """Return the schema of a ``task.yaml``."""
    return _schema_of(Exercise, "An exercise of glm-trace", [task, walkthrough_format])


def as_file(found: dict[str, Any]) -> str:
    """Return a schema as a file holds it."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _schema_of(kind: type, title: str, modules: Sequence[ModuleType]) -> dict[str, Any]:
    """Return the schema of a struct, with keys described by the docstrings of the structs in these modules."""
    found: dict[str, Any] = msgspec.json.schema(kind)
    for name, definition in found["$defs"].items():
        struct = next(getattr(module, name) for module in modules if hasattr(module, name))
        description, keys = _docstring(struct)
        definition["description"] = description
        for key, description in keys.items():
            definition["properties"][key]["description"] = description
    return {"$schema": _DIALECT, "title": title, **found}


def _docstring(struct: type) -> tuple[str, dict[str, str]]:
    """Return the description of a struct, and that of each of its attributes, inherited ones included."""
    description, keys = "", dict[str, str]()
    for base in reversed([one for one in struct.__mro__ if issubclass(one, msgspec.Struct) and one.__doc__]):
        description, _, attributes = inspect.cleandoc(base.__doc__ or "").partition("\nAttributes:\n")
        parts = _ATTRIBUTE.split(attributes)
        keys |= {key: _plain(text) for key, text in zip(parts[1::2], parts[2::2], strict=True)}
    return _plain(description), keys


def _plain(words: str) -> str:
    """Return a text on one line, without the marks of reStructuredText."""
    return " ".join(_ROLE.sub(r"\1", words).replace("``", "`").split())


if __name__ == "__main__":
    folder = bundled("walkthroughs")
    (folder / NAME).write_text(as_file(walkthrough_schema()), encoding="utf-8")
    (folder / "exercises" / NAME).write_text(as_file(exercise_schema()), encoding="utf-8")
