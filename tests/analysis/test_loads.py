"""Which steps, classes and tensors belong to which load of a trace that has several."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.support.loads import Loads
from tests.support.small_models import tiny_llama
from tests.trace.made import end_record, frame_record_of, meta_record, sealed, source_record, step, step_record
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.loading_calls import AUTO_MODEL, AUTO_PROCESSOR
from tracer.analysis.loads import are_apart, load_of, model_loads
from tracer.analysis.stage_summary import Slowest, StageSummary
from tracer.trace.reading import Trace, open_trace
from tracer.views.overview import overview
from tracer.views.show import load_report


def made(folder: Path, frames: dict[int, dict[str, Any]], steps: list[dict[str, Any]]) -> Trace:
    ended = end_record(status="loaded", step=len(steps) - 1)
    records = [meta_record(command=["glm-trace", "run", "x"]), source_record()]
    records += [frame_record_of(number, **fields) for number, fields in frames.items()]
    records += [step_record(step(number, **fields)) for number, fields in enumerate(steps)]
    return open_trace(sealed(folder, [*records, ended]))


def call(frame: int, thread: int = 0) -> dict[str, Any]:
    return {"kind": "call", "event": "call", "line": 1, "frame": frame, "thread": thread}


def returned(frame: int, thread: int = 0) -> dict[str, Any]:
    return {"kind": "return", "event": "return", "line": 3, "frame": frame, "thread": thread}


def happened(kind: str, frame: int, thread: int = 0, **data: Any) -> dict[str, Any]:
    return {"kind": kind, "event": None, "line": None, "frame": frame, "thread": thread, "data": data}


def tensor(frame: int, thread: int, dtype: str) -> dict[str, Any]:
    return happened("tensor-loaded", frame, thread, parameter="a", dtype=dtype)


@pytest.fixture
def in_threads(tmp_path: Path) -> Iterator[Trace]:
    """Two loads at once: the first to begin is the last to end."""
    frames = {
        0: {"function": AUTO_MODEL, "thread": 0},
        1: {"function": AUTO_MODEL, "thread": 1},
        2: {"function": "PreTrainedModel.from_pretrained", "thread": 0, "parent": 0, "depth": 1},
    }
    steps = [
        call(0),
        call(1, 1),
        call(2),
        tensor(2, 0, "float32"),
        tensor(1, 1, "float16"),
        happened("model-loaded", 1, 1, **{"class": "a.Second"}),
        returned(1, 1),
        happened("model-loaded", 2, 0, **{"class": "a.First"}),
        returned(2),
        returned(0),
    ]
    with made(tmp_path, frames, steps) as trace:
        yield trace


def test_each_of_two_loads_at_once_has_its_own_class(in_threads: Trace) -> None:
    loads = model_loads(in_threads)
    assert [(load.call.step, load.class_, load.loaded) for load in loads] == [(0, "a.First", 7), (1, "a.Second", 5)]
    owners = [load_of(in_threads, loads, in_threads.step(number)) for number in range(len(in_threads))]
    assert [loads.index(load) for load in owners if load is not None] == [0, 1, 0, 0, 1, 1, 1, 0, 0, 0]


def test_each_of_two_loads_at_once_has_its_own_tensors(in_threads: Trace) -> None:
    told = [(line.load, line.text.plain) for line in overview(in_threads, [], "en") if line.topic == "weights"]
    assert told == [(1, "float32: 1 tensor"), (2, "float16: 1 tensor")]


def test_the_stages_of_loads_at_once_are_told_together(in_threads: Trace) -> None:
    assert not are_apart(model_loads(in_threads))
    console = Console(width=100, file=StringIO())
    console.print(load_report(in_threads, "en"))
    assert "Load 1 of 2" not in console.file.getvalue()


def test_a_model_that_a_processor_loads_is_not_what_the_user_loaded(tmp_path: Path) -> None:
    frames = {0: {"function": AUTO_MODEL}, 1: {"function": AUTO_PROCESSOR}}
    own, other = ({"class": name} for name in ("a.Own", "a.OfProcessor"))
    steps = [call(0), happened("model-loaded", 0, **own), returned(0)]
    steps += [call(1), tensor(1, 0, "float32"), happened("model-loaded", 1, **other), returned(1)]
    with made(tmp_path, frames, steps) as trace:
        assert [(load.class_, load.loaded) for load in model_loads(trace)] == [("a.Own", 1)]
        assert not [line for line in overview(trace, [], "en") if line.topic == "weights"]


@pytest.mark.parametrize("lines", [True, False])
def test_without_lines_it_is_not_known_what_became_of_an_argument(loads: Loads, tmp_path: Path, lines: bool) -> None:
    with loads.trace(tiny_llama(tmp_path / "m"), lines=lines, forward=False) as trace:
        told = [line.text.plain for line in overview(trace, [], "en") if line.topic == "argument"]
        ends = [path.end.what for path in keyword_paths(trace)]
    assert [text.partition("=")[0] for text in told] == ["trust_remote_code"]
    assert told[0].endswith("not known: the load was recorded without lines (--no-lines)") == (not lines)
    assert ("unseen" in ends) == (not lines)
    assert not lines or "left" not in ends


def test_a_frame_that_is_not_there_is_in_no_load(tmp_path: Path) -> None:
    steps = [call(0), tensor(9, 0, "float32"), happened("model-loaded", 9, **{"class": "a.Own"}), returned(0)]
    with made(tmp_path, {0: {"function": AUTO_MODEL}}, steps) as trace:
        assert [load.class_ for load in model_loads(trace)] == [None]
        assert not [line for line in overview(trace, [], "en") if line.topic == "weights"]


@pytest.mark.parametrize("frame", [0, 1])
def test_the_module_of_the_whole_is_not_said_to_be_imported_for_a_part(tmp_path: Path, frame: int) -> None:
    frames = {0: {"function": AUTO_MODEL}, 1: {"function": "_BaseAutoModelClass.from_config", "parent": 0, "depth": 1}}
    whole = happened("model-loaded", 0, **{"class": "transformers.models.own.modeling_own.OwnModel"})
    steps = [call(0), call(1), {"frame": frame}, returned(1), whole, returned(0)]
    slowest = Slowest(2, 2.0, "model_class = _get_model_class(config, cls._model_mapping)")
    stages = [StageSummary("construct", 6, 3.0, [], slowest)]
    with made(tmp_path, frames, steps) as trace:
        (told,) = [line.text.plain for line in overview(trace, stages, "en") if line.topic == "time"]
    assert ("which imports modeling_own" in told) == (frame == 0)
