"""Construction: every module once, with its parameters and its parent, in the order of building."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.model.side_by_side import load_glm
from tests.support.loads import Loads
from tests.support.reading import OLD_LINE, Reading

LINE_STEPPED = ("ChatGLMForConditionalGeneration.__init__", "ChatGLMModel.__init__", "EVA2CLIPModel.__init__")
WAYS = ("checkpoint", "random", "fake")


@pytest.fixture(scope="module")
def untraced(glm: Path) -> Any:
    return load_glm(glm)


def recorded(loads: Loads, glm: Path, weights: str, **options: Any) -> Reading:
    options = {"kwargs": {"empty_init": False}, "dtype": "float32", "forward": False, **options}
    return Reading(loads.trace(glm, weights=weights, **options))


@pytest.mark.parametrize("weights", WAYS)
def test_every_module_of_the_model_is_there_once(loads: Loads, glm: Path, untraced: Any, weights: str) -> None:
    reading = recorded(loads, glm, weights)
    tree = dict(reading.only("model-built")["tree"])
    assert [*tree.values()] == [path for path, _ in untraced.named_modules()]
    assert len(tree) == len(set(tree.values())) == reading.only("model-built")["modules"]
    root = next(number for number, path in tree.items() if path == "")
    built = [step.data for step in reading.kinds("module-built") if step.data["module"] in tree]
    assert sorted([data["module"] for data in built] + [root]) == sorted(tree)
    modules = dict(untraced.named_modules())
    for data in built:
        path = tree[data["module"]]
        assert tree[data["parent"]] == path.rpartition(".")[0]
        assert data["name"] == path.rpartition(".")[2]
        assert data["class"].rpartition(".")[2] == type(modules[path]).__name__


@pytest.mark.parametrize("weights", WAYS)
def test_modules_bear_their_own_parameters(loads: Loads, glm: Path, untraced: Any, weights: str) -> None:
    reading = recorded(loads, glm, weights)
    whole = reading.only("model-built")
    tree = dict(whole["tree"])
    # 5.x builds on meta to load a checkpoint; the parameters get their device with their numbers.
    device = "meta" if weights == "checkpoint" and not OLD_LINE else "cpu"
    modules = dict(untraced.named_modules())
    for data in [step.data for step in reading.kinds("module-built")] + [whole]:
        if data["module"] not in tree:
            continue
        own = modules[tree[data["module"]]].named_parameters(recurse=False)
        assert data["parameters"] == [[name, [*value.shape], "float32", device] for name, value in own]
    parameters = [*untraced.parameters()]
    assert whole["tensors"] == len(parameters)
    assert whole["numbers"] == sum(parameter.numel() for parameter in parameters)


def test_modules_say_where_they_are_written(loads: Loads, glm: Path) -> None:
    reading = recorded(loads, glm, "checkpoint")
    lines = (glm / "modeling_chatglm.py").read_text(encoding="utf-8").splitlines()
    data = next(step.data for step in reading.kinds("module-built") if step.data["class"].endswith(".GLMBlock"))
    file, _, line = data["place"].rpartition(":")
    assert file.endswith("/modeling_chatglm.py")
    assert "transformers_modules" in file
    assert lines[int(line) - 1].strip().startswith("def __init__(self, config: ChatGLMConfig, device")
    linear = next(step.data for step in reading.kinds("module-built") if step.data["class"].endswith(".Linear"))
    assert linear["place"].startswith("<torch>/nn/modules/linear.py:")


def test_a_module_is_built_before_its_parent(loads: Loads, glm: Path) -> None:
    reading = recorded(loads, glm, "checkpoint")
    at = {step.data["module"]: step.number for step in reading.kinds("module-built")}
    for step in reading.kinds("module-built"):
        if step.data["parent"] in at:
            assert step.number < at[step.data["parent"]]
    assert max(at.values()) < reading.kinds("model-built")[0].number


@pytest.mark.parametrize("step_forward", ["first", pytest.param("none", marks=pytest.mark.slow)])
@pytest.mark.parametrize("weights", WAYS)
def test_building_is_line_stepped(loads: Loads, glm: Path, weights: str, step_forward: str) -> None:
    reading = recorded(loads, glm, weights, step_forward=step_forward)
    for function in LINE_STEPPED:
        [call] = reading.calls(function, stage="construct")
        assert call.steps[-1].event == "return"
        assert len([step for step in call.steps if step.event == "line"]) >= 4
    model = reading.call("ChatGLMModel.__init__")
    assert model.ran("self.rotary_pos_emb = RotaryEmbedding(")
    assert model.arguments["empty_init"] is False
    assert model.caller.frame.function == "ChatGLMForConditionalGeneration.__init__"


def test_without_a_checkpoint_the_way_to_the_class_is_recorded_too(loads: Loads, glm: Path) -> None:
    reading = recorded(loads, glm, "random")
    assert reading.call("_BaseAutoModelClass.from_config").ran("return model_class._from_config(")
    assert {"arguments", "config", "trust", "dynamic-class", "construct"} <= {*reading.trace.stage_counts()}


def test_shared_modules_and_tied_weights_count_once(loads: Loads, tmp_path: Path) -> None:
    config = transformers.GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=40, n_positions=32)
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(config)
    model.save_pretrained(tmp_path)
    reading = Reading(loads.trace(tmp_path, tokenizer=False, forward=False))
    whole = reading.only("model-built")
    assert [path for _, path in whole["tree"]] == [path for path, _ in model.named_modules()]
    assert whole["modules"] == len([*model.modules()])


def test_hooks_are_gone_afterwards(loads: Loads, glm: Path, tmp_path: Path) -> None:
    from tests.model.side_by_side import do_traced, job_for

    registrations = torch.nn.modules.module._global_module_registration_hooks
    assert not registrations
    before = {kind: vars(kind).get("__init__") for kind in (torch.nn.Module, torch.nn.Linear)}
    done = do_traced(job_for(glm, tmp_path, forward=False), tmp_path / "a.glmtrace")
    assert not registrations
    assert {kind: vars(kind).get("__init__") for kind in before} == before
    assert "tracer" not in type(done.model).__init__.__code__.co_filename
