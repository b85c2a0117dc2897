"""JSON documents of ``walkthrough check`` and ``exercise validate``, apart from those that need only a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tracer.exercise.library import installed_release
from tracer.exercise.validator import ValidationResult
from tracer.walkthrough.checker import CheckResult, GivenTrace
from tracer.walkthrough.explained_code import FunctionCoverage


def validation_document(validated: Sequence[ValidationResult]) -> dict[str, Any]:
    """Return ``{"transformers", "exercises": [{"id", "fits", "problems": [{"what", "values"}], "seconds"}]}``."""
    return {"transformers": installed_release(), "exercises": [msgspec.to_builtins(result) for result in validated]}


def check_document(
    checked: Sequence[CheckResult], tables: Sequence[tuple[GivenTrace, list[FunctionCoverage]]] | None
) -> dict[str, Any]:
    """Return ``{"walkthroughs": [{"id", "notes", "checked", "problems": […]}], "coverage": [{…}]}``."""
    document: dict[str, Any] = {
        "walkthroughs": [
            {
                "id": result.walkthrough.id,
                "notes": len(result.walkthrough.notes),
                "checked": result.notes,
                "problems": [
                    {**msgspec.to_builtins(problem), "release": release} for problem, release in result.problems
                ],
            }
            for result in checked
        ]
    }
    if tables is not None:
        document["coverage"] = [
            {
                "model": given.name,
                "release": given.release,
                "explained": sum(function.explained for function in table),
                "executed": sum(function.executed for function in table),
                "functions": msgspec.to_builtins(table),
            }
            for given, table in tables
        ]
    return document
