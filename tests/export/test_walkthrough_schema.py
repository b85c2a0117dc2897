"""The schema that editors use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.conftest import ROOT
from tracer.export.json_schemas import NAME, as_file, walkthrough_schema
from tracer.walkthrough import format as structs

STORED = ROOT / "walkthroughs" / NAME


def test_the_stored_schema_is_current() -> None:
    assert STORED.read_text(encoding="utf-8") == as_file(walkthrough_schema()), (
        "write it anew: python -m tracer.export.json_schemas"
    )


def test_every_struct_and_every_key_is_described() -> None:
    definitions = walkthrough_schema()["$defs"]
    documented = {name for name in definitions if "Attributes:" in (getattr(structs, name).__doc__ or "")}
    assert {"Walkthrough", "Note", "Expectation"} <= documented
    for name, definition in definitions.items():
        assert definition["description"], name
        for key, described in definition["properties"].items():
            assert described.get("description") or name not in documented, f"{name}.{key}"


def test_descriptions_are_plain_text() -> None:
    descriptions = list(_descriptions(walkthrough_schema()))
    assert len(descriptions) > 30
    for words in descriptions:
        assert "``" not in words
        assert ":mod:" not in words
        assert "\n" not in words


def test_unknown_keys_are_refused_and_keys_are_spelled_as_in_a_file() -> None:
    definitions = walkthrough_schema()["$defs"]
    assert {one["additionalProperties"] for one in definitions.values()} == {False}
    assert "is" in definitions["Expectation"]["properties"]
    fields = {field.encode_name for field in msgspec.structs.fields(structs.Walkthrough)}
    assert definitions["Walkthrough"]["properties"].keys() == fields


def test_it_is_json_that_reads_back() -> None:
    assert json.loads(as_file(walkthrough_schema())) == walkthrough_schema()


def _descriptions(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("description"), str):
            yield part["description"]
        for one in part.values():
            yield from _descriptions(one)
    elif isinstance(part, list):
        for one in part:
            yield from _descriptions(one)
