"""What probes record, read as types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.trace.made import sealed, step, step_record
from tracer.trace.events import (
    EVENT_TYPES,
    ClassResolved,
    ConfigBuilt,
    Event,
    ModelBuilt,
    ModuleBuilt,
    ShardOpened,
    ShardRead,
    StoredTensor,
    TensorLoaded,
    TensorRow,
    event_of,
    events,
    read_event,
)
from tracer.trace.reading import open_trace
from tracer.trace.vocabulary import EVENTS, KINDS


def test_every_kind_of_a_probe_has_one_type() -> None:
    kinds = [type_.kind for type_ in EVENT_TYPES]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == set(KINDS) - set(EVENTS)


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_a_type_has_a_default_for_each_field(type_: type[Event]) -> None:
    assert read_event({}, type_) == type_()
    assert type_.__doc__


def test_an_event_is_read_by_its_kind() -> None:
    built = step(3, kind="config-built", data={"class": "a.Config", "unused": ["x"]})
    assert event_of(built, ConfigBuilt) == ConfigBuilt(class_="a.Config", unused=["x"])
    assert event_of(built, ClassResolved) is None


def test_nested_data_is_typed_too() -> None:
    loaded = read_event({"sources": [{"name": "w", "shape": [2, 3]}], "parameter": "a.w"}, TensorLoaded)
    assert loaded.sources == [StoredTensor("w", shape=[2, 3])]
    module = read_event({"module": 1, "parameters": [["w", [2], "float32", "cpu"]]}, ModuleBuilt)
    assert module.parameters == [TensorRow("w", [2], "float32", "cpu")]


@pytest.mark.parametrize(
    "data",
    [
        {"class": 3, "taken": "x", "unused": [1], "kept": {"a": 1}},
        {"class": ["a"], "taken": None, "unused": [None], "kept": 0.5, "of a newer release": {}},
    ],
)
def test_a_field_of_another_type_is_ignored(data: dict[str, Any]) -> None:
    assert read_event(data, ConfigBuilt) == ConfigBuilt()
    assert read_event({**data, "class": "a.Config"}, ConfigBuilt) == ConfigBuilt(class_="a.Config")


def test_a_list_with_a_wrong_item_is_ignored() -> None:
    data = {"module": 0, "class": "a.B", "tree": [[0, ""], [1, 2, 3]], "parameters": [["w", "wide", "f", "cpu"]]}
    assert read_event(data, ModelBuilt) == ModelBuilt(module=0, class_="a.B")


def test_the_events_of_a_trace_come_in_order(tmp_path: Path) -> None:
    records = [
        step_record(step(0, kind="shard-read", data={"path": "a", "device": "meta"})),
        step_record(step(1, kind="line")),
        step_record(step(2, kind="shard-opened", data={"path": "b"})),
        step_record(step(3, kind="shard-read", data={"path": 4})),
        step_record(step(4, kind="shard-opened", data={"path": "late"})),
    ]
    with open_trace(sealed(tmp_path, records)) as trace:
        found = [(one.step.number, one.event) for one in events(trace, ShardOpened, ShardRead, stop=4)]
    assert found == [(0, ShardRead("a", device="meta")), (2, ShardOpened("b")), (3, ShardRead())]


def test_an_event_is_stored_under_the_names_that_it_is_read_by() -> None:
    assert msgspec.to_builtins(ConfigBuilt("a.Config")) == {"class": "a.Config", "taken": [], "unused": [], "kept": []}
