"""What became of an argument by the end of a load: overwritten by config.json, or taken by a class's own loader."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.conftest import FIXTURES
from tests.support import damaged
from tests.support.loads import Loads
from tests.support.reading import by_line, keyword_path
from tracer.analysis.decisions.explanation import explanation
from tracer.analysis.stage_summary import Fact, summarize_stages
from tracer.trace.reading import Trace
from tracer.views.kwargs import end_text

OPTIONS: dict[str, Any] = {"tokenizer": False, "forward": False}

OWN_LOADER = """
import torch
from transformers import PretrainedConfig, PreTrainedModel


class MineConfig(PretrainedConfig):
    model_type = "mine"

    def __init__(self, width=4, answer=1, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.answer = answer


class MineModel(PreTrainedModel):
    config_class = MineConfig

    def __init__(self, config):
        super().__init__(config)
        config.answer = 42
        self.layer = torch.nn.Linear(config.width, config.width)

    @classmethod
    def from_pretrained(cls, name, *args, config=None, **kwargs):
        option = kwargs.pop("my_option", None)
        return cls(config)
"""


@pytest.fixture(scope="module")
def own_loader(loads: Loads, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "modeling_mine.py").write_text(OWN_LOADER)
    names = {"AutoConfig": "modeling_mine.MineConfig", "AutoModel": "modeling_mine.MineModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "mine", "auto_map": names}))
    kwargs = {"my_option": 7, "another": 8, "answer": 2}
    return loads.trace(folder, auto_class="AutoModel", kwargs=kwargs, **OPTIONS)


@pytest.fixture(scope="module")
def overwritten(loads: Loads, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = damaged.copied("glm-4v-tiny", tmp_path_factory.mktemp("m") / "dir")
    damaged.edit_json(folder / "config.json", lambda config: config.update(_attn_implementation="sdpa"))
    return loads.trace(folder, kwargs={"attn_implementation": "eager"}, **OPTIONS)


def facts(trace: Trace) -> dict[str, Fact]:
    return {fact.what: fact for stage in summarize_stages(trace) for fact in stage.facts}


def test_an_argument_that_config_json_overwrites(overwritten: Trace) -> None:
    one = keyword_path(overwritten, "attn_implementation")
    assert (one.end.what, one.end.by) == ("overwritten", "_attn_implementation")
    assert one.end.step is not None
    assert "overwritten by config.json's _attn_implementation" in end_text(one, "en")
    assert "被 config.json 的 _attn_implementation 覆盖" in end_text(one, "zh")
    (stop,) = [stop for stop in one.hops if stop.what == "overwritten"]
    assert (stop.step, stop.statement) == (one.end.step, "setattr(self, key, value)")
    assert facts(overwritten)["argument-overwritten-by"].values["by"] == "_attn_implementation"


def test_an_argument_that_is_not_overwritten(loads: Loads) -> None:
    trace = loads.trace(FIXTURES / "glm-4v-tiny", kwargs={"attn_implementation": "eager"}, **OPTIONS)
    one = keyword_path(trace, "attn_implementation")
    assert (one.end.what, one.end.where) == ("config", "ChatGLMConfig")
    assert "argument-overwritten" not in facts(trace)


def test_an_argument_that_the_models_code_overwrites(own_loader: Trace) -> None:
    one = keyword_path(own_loader, "answer")
    assert (one.end.what, one.end.where, one.end.name, one.end.by) == ("overwritten", "MineConfig", "answer", "")
    told = {told.means: told for told in explanation(own_loader)}
    later = told["attribute-overwritten"].values["later"]
    assert getattr(later, "value", None) == one.end.step
    assert facts(own_loader)["argument-overwritten"].step == one.end.step


def test_a_class_with_a_loader_of_its_own(own_loader: Trace) -> None:
    """Its from_pretrained is stepped, and the load's summary explains why the library's steps are missing."""
    assert own_loader.outcome.status == "loaded"
    one = keyword_path(own_loader, "my_option")
    assert (one.end.what, one.end.where, one.end.name) == ("used", "MineModel.from_pretrained", "option")
    assert keyword_path(own_loader, "another").end.what == "left"  # it stays in the kwargs of the class's own loader
    fact = facts(own_loader)["own-loader-alone"]
    assert fact.values == {"function": "MineModel.from_pretrained"}


DTYPE = by_line("torch_dtype", "dtype")


def test_a_dtype_is_followed_as_far_as_it_goes(loads: Loads) -> None:
    trace = loads.trace(FIXTURES / "glm-4v-tiny", kwargs={DTYPE: "torch.float32"}, **OPTIONS)
    one = keyword_path(trace, DTYPE)
    assert one.end.what == "used"
    assert by_line("ChatGLMForConditionalGeneration._set_default_torch_dtype", "_get_dtype") in one.end.on
    assert "not followed further" in end_text(one, "en")
    assert DTYPE in facts(trace)[by_line("set-and-left", "became-config")].values["names"]


def test_what_became_of_a_device_map(loads: Loads) -> None:
    trace = loads.trace(FIXTURES / "glm-4v-tiny", kwargs={"device_map": "auto"}, **OPTIONS)
    one = keyword_path(trace, "device_map")
    became = [stop for stop in one.hops if stop.what == "changed-value" and stop.where == "device_map"]
    assert became
    assert "used" not in end_text(one, "en")


# ── from the configuration into modules ─────────────────────────────────────────────────────────────

CONSTRUCTORS = """
import torch
from transformers import PretrainedConfig, PreTrainedModel


class MineConfig(PretrainedConfig):
    model_type = "mine"
    attribute_map = {"depth": "num_parts"}

    def __init__(self, width=4, rate=0.1, half=8, lazy=1, unread=1, num_parts=2, kept=3, lost=4, **kwargs):
        super().__init__(**kwargs)
        self.width, self.rate, self.half, self.lazy = width, rate, half, lazy
        self.unread, self.num_parts, self.kept, self.lost = unread, num_parts, kept, lost


class Part(torch.nn.Module):
    def __init__(self, width, rate, half):
        super().__init__()
        size = width
        self.size = size
        self.drop = torch.nn.Dropout(rate)


class MineModel(PreTrainedModel):
    config_class = MineConfig

    def __init__(self, config, option=None):
        super().__init__(config)
        self.layer = torch.nn.Linear(4, 4)
        self.parts = torch.nn.ModuleList([Part(config.width, rate=self.config.rate, half=config.half // 2)])
        self.lazy = 1 if self.layer is not None else config.lazy
        for _ in range(config.depth):
            pass
        self.kept = config.kept
        self.part = Part(4, 0.2, self.kept)
        config.lost = 40
        self.lost = config.lost
        self.option = option
        self.post_init()
"""
GIVEN = {"width": 6, "rate": 0.3, "half": 6, "lazy": 2, "unread": 2, "depth": 3, "kept": 5, "lost": 6, "option": 9}


@pytest.fixture(scope="module")
def constructors(loads: Loads, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = tmp_path_factory.mktemp("constructors")
    (folder / "modeling_mine.py").write_text(CONSTRUCTORS)
    names = {"AutoConfig": "modeling_mine.MineConfig", "AutoModel": "modeling_mine.MineModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "mine", "auto_map": names}))
    tensors = {"layer.weight": torch.zeros(4, 4), "layer.bias": torch.zeros(4)}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return loads.trace(folder, auto_class="AutoModel", kwargs=GIVEN, **OPTIONS)


def after_the_config(trace: Trace, name: str) -> list[tuple[str, str, str]]:
    hops = keyword_path(trace, name).hops
    first = next(place for place, hop in enumerate(hops) if hop.what in ("became-config", "reached-constructor"))
    return [
        (hop.what, hop.where, hop.function) for hop in hops[first:] if hop.what not in ("became-config", "overwritten")
    ]


MODEL = "MineModel.__init__"
PART = "Part.__init__"
AFTER: dict[str, list[tuple[str, str, str]]] = {
    "width": [
        ("reached-constructor", "Part.__init__(width)", MODEL),
        ("renamed", "size", PART),
        ("stored", "Part.size", PART),
    ],
    "rate": [
        ("reached-constructor", "Part.__init__(rate)", MODEL),
        ("handed-on", "torch.nn.Dropout(rate)", PART),
    ],
    "half": [("read-config", "config.half", MODEL)],  # a calculation with it went on
    "lazy": [],  # the statement ran, and did not read it
    "unread": [],
    "depth": [("read-config", "config.depth", MODEL)],
    "kept": [("stored", "MineModel.kept", MODEL), ("handed-on", "Part(kept)", MODEL)],  # the first Part is stepped
    "lost": [],  # what is read there is another value
}


@pytest.mark.parametrize("name", AFTER)
def test_an_attribute_of_the_configuration_is_followed_into_constructors(constructors: Trace, name: str) -> None:
    assert constructors.outcome.status == "loaded"
    assert after_the_config(constructors, name) == AFTER[name]
    one = keyword_path(constructors, name)
    assert one.end.what == ("overwritten" if name == "lost" else "config")
    if not AFTER[name]:
        assert one.end.seen is None
        return
    what, where, function = AFTER[name][-1]
    assert one.end.seen is not None
    assert (one.end.seen.what, one.end.seen.where, one.end.seen.function) == (what, where, function)
    assert str(one.end.seen.step) in end_text(one, "en")
    assert "last seen" in end_text(one, "en")
    assert "最后" in end_text(one, "zh")


def test_an_argument_of_a_constructor_is_followed_into_the_module(constructors: Trace) -> None:
    one = keyword_path(constructors, "option")
    assert (one.end.what, one.end.where) == ("constructor", "MineModel.__init__")
    assert after_the_config(constructors, "option")[-1] == ("stored", "MineModel.option", MODEL)
    assert one.end.seen is not None
    assert one.end.seen.where == "MineModel.option"
