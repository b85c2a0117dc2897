"""Search finds every sort of thing by any part of its name, at the step that shows it first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import MAIN_CALL, Loads
from tests.trace.made import encode, frame_record_of, sealed, source_record, step, step_record, value_record
from tracer.analysis.search import SORTS, Hit, search
from tracer.trace.queries import steps_that_change
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound, Items
from tracer.trace.values import Class, Config, Exception_, Mapping, Plain, Sequence, Text, Value

VALUES: list[Value] = [
    Text('under a %_! "quote" \\ and\nüber'),
    Text("deep inside"),
    Sequence("list", 1, [1]),
    Mapping("dict", 1, [("torch_dtype", 2)]),
    Class("torch.nn", "Linear"),
    Exception_("KeyError", "builtins", "the key's message"),
    Text("only in an item"),
    Plain(4711),
    Config("ChatGLMConfig", 0, []),
    Text("pointed at by nothing"),
]
POINT = {"event": None, "frame": None, "source": None, "line": None}
LAYER = {"class": "torch.nn.Linear", "name": "Layer_A", "path": "not shown"}
TENSOR = {"parameter": "layers.0.weight", "sources": [{"name": "old.name"}, 3], "dtype": "bfloat16"}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Trace]:
    steps = [
        step(0, **POINT, kind="log", data={"message": "Loading Weights", "level": "weights"}),
        step(1, event="call", kind="call", changes=[Bound("use_cache", 0), Bound("kwargs", 3)]),
        step(2, frame=1, event="call", kind="call", changes=[Bound("use_cache", 4)]),
        step(3, frame=1, changes=[Items("kwargs", {"a": 6}, {"b": 7}, [])]),
        step(4, frame=1, event="unwind", kind="unwind", value=5),
        step(5, **POINT, kind="module-built", data=LAYER),
        step(6, **POINT, kind="tensor-loaded", data=TENSOR),
        step(7, **POINT, kind="tensor-loaded", data={**TENSOR, "parameter": "layers.1.weight", "sources": 7}),
        step(8, **POINT, kind="module-entered", data={"path": "layers.0", "class": "Linear"}),
        step(9, **POINT, kind="warning", data={"message": 7}),
        step(10, changes=[Bound("other", 8), Bound("again", 3)]),
    ]
    records = [
        source_record(0, "<transformers>/modeling_utils.py"),
        source_record(1, "<model>/never_ran.py"),
        frame_record_of(0, module="transformers.hub", function="AutoConfig.from_pretrained"),
        frame_record_of(1, parent=0, function="load"),
        frame_record_of(2, function="load_without_steps"),
        *(value_record(number, value) for number, value in enumerate(VALUES)),
        *map(step_record, steps),
    ]
    with open_trace(sealed(tmp_path, records)) as trace:
        yield trace


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from_pre", [("function", 1, "AutoConfig.from_pretrained")]),
        ("AUTOCONFIG", [("function", 1, "AutoConfig.from_pretrained")]),
        ("transformers.hub", [("function", 1, "AutoConfig.from_pretrained")]),
        ("library.loading.load", [("function", 2, "load")]),
        ("modeling_utils", [("file", 1, "<transformers>/modeling_utils.py")]),
        ("never_ran", []),
        ("use_cache", [("variable", 1, "use_cache")]),
        ("torch_dtype", [("value", 1, "{torch_dtype=['deep inside']}")]),
        ("deep inside", [("value", 1, "'deep inside'")]),
        ("only in an item", [("value", 3, "'only in an item'")]),
        ("4711", [("value", 3, "4711")]),
        ("key's MESSAGE", [("value", 4, 'KeyError("the key\'s message")')]),
        ("ChatGLM", [("value", 10, "ChatGLMConfig()")]),
        ("pointed at", []),
        ("Layer_A", [("module", 5, "Layer_A")]),
        ("nn.Linear", [("value", 2, "Linear"), ("module", 5, "torch.nn.Linear")]),
        ("not shown", []),
        ("layers.0.w", [("tensor", 6, "layers.0.weight")]),
        ("old.name", [("tensor", 6, "old.name")]),
        ("layers.0", [("module", 8, "layers.0"), ("tensor", 6, "layers.0.weight")]),
        ("bfloat16", []),
        ("weights", [("message", 0, "Loading Weights")]),
        ("", []),
        ('"is"', []),
        ("sequence", []),
        ("\ud800", []),
        ("x" * 200_000, []),
    ],
)
def test_hits_of_a_search(text: str, expected: list[tuple[str, int, str]], made: Trace) -> None:
    assert search(made, text) == [Hit(*hit) for hit in expected]


@pytest.mark.parametrize("text", ["%_!", '"quote"', "\\ and", "and\nü", "über"])
def test_characters_that_are_special_in_sql(text: str, made: Trace) -> None:
    assert [hit.step for hit in search(made, text)] == [1]


@pytest.mark.parametrize("text", ["a%u", "u_der", "!!", "';--", "un*r"])
def test_wildcards_are_searched_literally(text: str, made: Trace) -> None:
    assert search(made, text) == []


def test_the_limit_applies_to_each_sort_and_keeps_the_first(made: Trace) -> None:
    assert [hit.what for hit in search(made, "e", limit=1)] == [
        "function", "file", "variable", "value", "module", "tensor", "message",
    ]  # fmt: skip
    assert [hit.label for hit in search(made, "layers", limit=1)] == ["layers.0", "layers.0.weight"]
    assert [hit.label for hit in search(made, "layers")] == ["layers.0", "layers.0.weight", "layers.1.weight"]
    assert search(made, "e", limit=0) == []


def test_in_the_demo(loads: Loads, fixtures: Path) -> None:
    """Find what a reader of the article would look for."""
    with loads.trace(fixtures / "glm-4v-tiny", kwargs=MAIN_CALL, forward=True) as trace:

        def found(text: str) -> dict[str, list[Any]]:
            hits = search(trace, text)
            assert [hit.what for hit in hits] == sorted((hit.what for hit in hits), key=SORTS.index)
            return {what: [hit.label for hit in hits if hit.what == what] for what in SORTS}

        assert "AutoConfig.from_pretrained" in found("autoconfig")["function"]
        assert any(path.endswith("configuration_chatglm.py") for path in found("configuration_chatglm")["file"])
        assert "resolved_config_file" in found("resolved_config")["variable"] + found("resolved_c")["variable"]
        assert "'configuration_chatglm.ChatGLMConfig'" in found("configuration_chatglm.Chat")["value"]
        assert "transformer.vision.transformer.layers.0" in found("vision.transformer.layers")["module"]
        assert "transformer.embedding.word_embeddings.weight" in found("word_embeddings")["tensor"]
        for text in ("use_cache", "word_embeddings"):
            named = [hit for hit in search(trace, text) if hit.what in ("variable", "module", "tensor", "message")]
            assert named
            for hit in named:
                assert hit.label in encode(trace.step(hit.step)).decode()


def test_frames_of_functions_and_outermost_ones(made: Trace) -> None:
    assert [frame.number for frame in made.frames()] == [0, 1, 2]
    assert [frame.number for frame in made.frames("load", "AutoConfig.from_pretrained", "none")] == [0, 1]
    assert [frame.number for frame in made.frames(outermost=True)] == [0, 2]
    assert [frame.number for frame in made.frames("load", outermost=True)] == []


def test_steps_that_change_a_variable_or_a_key(made: Trace) -> None:
    assert list(steps_that_change(made, "use_cache")) == [1, 2]
    assert list(steps_that_change(made, "a")) == [3]
    assert list(steps_that_change(made, "use_cach")) == []
