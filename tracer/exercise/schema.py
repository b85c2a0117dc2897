"""The JSON schema of a ``task.yaml``, for editors: ``python -m tracer.exercise.schema`` writes it anew."""

from __future__ import annotations

from typing import Any

from tracer.bundled import bundled
from tracer.exercise import format as structs
from tracer.exercise.format import Exercise
from tracer.walkthrough import format as shared
from tracer.walkthrough.schema import NAME, as_file, schema_of


def schema() -> dict[str, Any]:
    """Return the schema of an exercise."""
    return schema_of(Exercise, "An exercise of glm-trace", [structs, shared])


def text() -> str:
    """Return the schema as its file holds it."""
    return as_file(schema())


if __name__ == "__main__":
    (bundled("walkthroughs") / "exercises" / NAME).write_text(text(), encoding="utf-8")
