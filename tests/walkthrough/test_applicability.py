"""The walkthrough that opens by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.data.demo.store import unpack
from tests.trace.made import end_record, meta_record, ordinary_records, sealed
from tests.walkthrough.writing import note, walkthrough
from tracer.trace.reading import open_trace
from tracer.walkthrough.applicability import best_traces, walkthrough_for

ANY = walkthrough(note({"function": "f"}), id="any")
BROKEN = walkthrough(note({"function": "f"}), id="broken", suits="failed", loads={"x": {"fixture": "broken/not-json"}})
LORA = walkthrough(note({"function": "f"}), id="lora", loads={"demo": {}, "x": {"fixture": "glm-4v-tiny-lora"}})
ALL = [BROKEN, ANY, LORA]


@pytest.mark.parametrize(
    ("meta", "outcome", "opens"),
    [
        ({"command": ["glm-trace", "demo"], "work": "load"}, "loaded", "any"),
        ({"asked": "<model>", "roots": {"model": "/x/glm-4v-tiny"}, "work": "load"}, "loaded", "any"),
        ({"asked": "<model>", "roots": {"model": "C:\\x\\glm-4v-tiny-lora\\"}, "work": "load"}, "loaded", "lora"),
        ({"asked": "<model>", "roots": {"model": "/x/not-json"}, "work": "load"}, "failed", "broken"),
        ({"asked": "<model>", "roots": {"model": "/x/not-json"}, "work": "load"}, "loaded", None),
        ({"asked": "<model>", "roots": {"model": "/x/glm-4v-tiny"}, "work": "load"}, "killed", None),
        ({"asked": "<model>", "roots": {"model": "/x/mine"}, "work": "load"}, "loaded", None),
        ({"asked": "glm-4v-tiny", "work": "script"}, "loaded", None),
        ({"command": ["demo"], "roots": {}}, "loaded", None),
        ({}, "loaded", None),
    ],
)
def test_what_opens(tmp_path: Path, meta: dict[str, Any], outcome: str, opens: str | None) -> None:
    records = [meta_record(**meta), *ordinary_records()[1:-1], end_record(status=outcome)]
    with open_trace(sealed(tmp_path, records)) as trace:
        assert walkthrough_for(trace, ALL) == opens


def test_a_walkthrough_is_read_along_the_trace_that_it_says_most_of(tmp_path: Path) -> None:
    demo = unpack("5.23.0", tmp_path)
    other = sealed(tmp_path, ordinary_records())
    for traces in ([other, demo], [demo, other]):
        assert best_traces(["dynamic-class", "weights"], traces) == {"dynamic-class": demo, "weights": demo}
    assert best_traces(["weights"], [other]) == {}
