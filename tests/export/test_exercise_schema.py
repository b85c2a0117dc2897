"""The schema that editors check a ``task.yaml`` with."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tests.conftest import ROOT
from tracer.exercise.task import Exercise
from tracer.export.json_schemas import NAME, as_file, exercise_schema

FOLDER = ROOT / "walkthroughs" / "exercises"


def test_the_stored_schema_is_current() -> None:
    assert (FOLDER / NAME).read_text(encoding="utf-8") == as_file(exercise_schema()), (
        "write it anew: python -m tracer.export.json_schemas"
    )


def test_every_key_of_an_exercise_is_described() -> None:
    definitions = exercise_schema()["$defs"]
    fields = {field.encode_name for field in msgspec.structs.fields(Exercise)}
    assert definitions["Exercise"]["properties"].keys() == fields
    for name in ("Exercise", "Run", "Check", "FailureCase", "Prediction", "Start", "Wrong"):
        for key, told in definitions[name]["properties"].items():
            assert told.get("description"), f"{name}.{key}"
            assert "``" not in told["description"]


def test_unknown_keys_are_refused_and_keys_are_spelled_as_in_a_file() -> None:
    definitions: dict[str, Any] = exercise_schema()["$defs"]
    assert {one["additionalProperties"] for one in definitions.values()} == {False}
    assert "is" in definitions["AnswerChoice"]["properties"]


def test_every_task_names_it() -> None:
    tasks = sorted(FOLDER.glob("*/task.yaml"))
    assert tasks
    for path in tasks:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../schema.json", path


def test_it_is_json_that_reads_back() -> None:
    assert json.loads(as_file(exercise_schema())) == exercise_schema()
