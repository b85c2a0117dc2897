"""The JSON schema of a walkthrough file, for editors: ``python -m tracer.walkthrough.schema`` writes it anew."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any, Final

import msgspec

from tracer.bundled import bundled
from tracer.walkthrough import format as structs
from tracer.walkthrough.format import Walkthrough

NAME: Final = "schema.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ROLE: Final = re.compile(r":\w+:`~?([^`]+)`")
_ATTRIBUTE: Final = re.compile(r"(?m)^    (\w+): ")


def schema() -> dict[str, Any]:
    """The schema, each key described by the docstring of its struct."""
    found: dict[str, Any] = msgspec.json.schema(Walkthrough)
    for name, definition in found["$defs"].items():
        struct = getattr(structs, name)
        description, keys = _docstring(struct)
        definition["description"] = description
        for key, told in keys.items():
            definition["properties"][key]["description"] = told
    return {"$schema": _DIALECT, "title": "A walkthrough of glm-trace", **found}


def text() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _docstring(struct: type) -> tuple[str, dict[str, str]]:
    """What a struct is, and what each of its attributes is."""
    description, _, attributes = inspect.cleandoc(struct.__doc__ or "").partition("\nAttributes:\n")
    parts = _ATTRIBUTE.split(attributes)
    return _plain(description), {key: _plain(told) for key, told in zip(parts[1::2], parts[2::2], strict=True)}


def _plain(words: str) -> str:
    """Without the marks of reStructuredText, and on one line."""
    return " ".join(_ROLE.sub(r"\1", words).replace("``", "`").split())


if __name__ == "__main__":
    (bundled("walkthroughs") / NAME).write_text(text(), encoding="utf-8")
