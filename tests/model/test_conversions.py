"""Conversions: tensors that are merged or split on their way into the model, and what comes of it when they don't fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.model.accounts import RELEASE, Account, checkpoint
from tracer.analysis.diagnosis import diagnose

if RELEASE < (5, 0):
    pytest.skip("no tensor is converted before 5.0", allow_module_level=True)

LAYER = "model.layers.0"
SMALL = {
    "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "num_key_value_heads": 2, "vocab_size": 32, "tie_word_embeddings": False,
}  # fmt: skip
MIXTRAL = {
    **SMALL, "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_local_experts": 4,
    "num_experts_per_tok": 2,
}  # fmt: skip
GATE_UP, DOWN = (f"{LAYER}.mlp.experts.{name}_proj" for name in ("gate_up", "down"))


def expert(number: int, name: str) -> str:
    return f"{LAYER}.block_sparse_moe.experts.{number}.{name}.weight"


def mixtral(experts: int = 4) -> dict[str, Any]:
    """The tensors of a Mixtral as the hub has them: each expert apart."""
    import torch

    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (32, 8), "lm_head.weight": (32, 8)}
    shapes |= {"model.norm.weight": (8,), f"{LAYER}.block_sparse_moe.gate.weight": (4, 8)}
    shapes |= {f"{LAYER}.{norm}_layernorm.weight": (8,) for norm in ("input", "post_attention")}
    shapes |= {f"{LAYER}.self_attn.{part}_proj.weight": (8, 8) for part in "qkvo"}
    for number in range(experts):
        shapes |= {expert(number, "w1"): (16, 8), expert(number, "w2"): (8, 16), expert(number, "w3"): (16, 8)}
    torch.manual_seed(0)
    return {name: torch.randn(shape) for name, shape in shapes.items()}


def made_from(account: Account) -> dict[str, list[str]]:
    return {one["parameter"]: sorted(source["name"] for source in one["sources"]) for one in account.tensors}


# ── Which tensors went where ────────────────────────────────────────────────────────────────────────


def test_merged(account: Any, tmp_path: Path) -> None:
    weights = account(checkpoint(tmp_path / "m", MIXTRAL, {"model.safetensors": mixtral()}))
    assert made_from(weights)[GATE_UP] == sorted(expert(number, name) for number in range(4) for name in ("w1", "w3"))
    assert made_from(weights)[DOWN] == [expert(number, "w2") for number in range(4)]
    assert not any("shared_with" in one for one in weights.tensors)


def test_many_tensors_that_become_many_are_distinguished(account: Any, tmp_path: Path) -> None:
    """ERNIE's experts for text and for pictures lie in one list in the file; each half goes its own way."""
    from transformers import Ernie4_5_VLMoeConfig, Ernie4_5_VLMoeForConditionalGeneration

    text = {
        "hidden_size": 16, "intermediate_size": 8, "moe_intermediate_size": [8, 4], "moe_k": 2, "moe_num_experts": 4,
        "moe_num_shared_experts": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "num_hidden_layers": 2,
        "mlp_layer_types": ["dense", "sparse"], "vocab_size": 64, "max_position_embeddings": 64,
        "rope_parameters": {"mrope_section": [2, 1, 1], "rope_theta": 10000.0, "rope_type": "default"},
    }  # fmt: skip
    vision = {
        "depth": 1, "hidden_size": 16, "intermediate_size": 8, "num_heads": 2, "patch_size": 4,
        "spatial_merge_size": 2, "temporal_merge_size": 2,
    }  # fmt: skip
    config = Ernie4_5_VLMoeConfig(text_config=text, vision_config=vision)
    Ernie4_5_VLMoeForConditionalGeneration(config).save_pretrained(tmp_path / "m")
    weights = account(tmp_path / "m", auto_class="AutoModelForImageTextToText")
    made = made_from(weights)
    found = {
        (kind, name): {int(number) for source in made[parameter] for number in re.findall(r"experts\.(\d+)\.", source)}
        for kind in ("text", "vision")
        for name, parameter in (
            (name, next(one for one in made if one.endswith(f"{kind}_moe.experts.{name}_proj")))
            for name in ("gate_up", "down")
        )
    }
    first, second = {0, 1, 2, 3}, {4, 5, 6, 7}
    for name in ("gate_up", "down"):
        assert (found["text", name], found["vision", name]) == (first, second)
    assert {len(made[one]) for one in made if "moe.experts.gate_up" in one} == {8}
    assert {len(made[one]) for one in made if "moe.experts.down" in one} == {4}
    assert weights.report["new"] == weights.report["unexpected"] == []


def test_two_tensors_for_one_parameter(account: Any, bert_checkpoint: Any) -> None:
    """Old and new name of a layer norm in one file: one of them is taken, the other one left aside."""
    folder, held = bert_checkpoint
    weights = account(folder)
    both = {"embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"}
    (source,) = made_from(weights)["embeddings.LayerNorm.weight"]
    assert {source, *(one["name"] for one in weights.report["unexpected"])} == both
    assert weights.names == sorted(held)


@pytest.fixture
def bert_checkpoint(fixtures: Path, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    import json

    from safetensors.torch import load_file

    bert = fixtures / "bert-tiny"
    held = load_file(str(bert / "model.safetensors"))
    held["embeddings.LayerNorm.gamma"] = held["embeddings.LayerNorm.weight"] + 1
    config = json.loads((bert / "config.json").read_text())
    return checkpoint(tmp_path / "m", config, {"model.safetensors": held}), held


# ── What does not fit ───────────────────────────────────────────────────────────────────────────────


def test_a_merged_tensor_of_another_shape(account: Any, tmp_path: Path) -> None:
    """Five experts for a configuration of four: two parameters do not fit, not fifteen."""
    weights = account(checkpoint(tmp_path / "m", MIXTRAL, {"model.safetensors": mixtral(5)}), fails=True)
    found = {one["parameter"]: (one["shape"], one["shape_there"]) for one in weights.report["mismatched"]}
    assert found == {GATE_UP: ([5, 32, 8], [4, 32, 8]), DOWN: ([5, 8, 16], [4, 8, 16])}
    assert sorted(len(one["sources"]) for one in weights.report["mismatched"]) == [5, 10]
    assert weights.report["unexpected"] == weights.report["unread"] == []
    assert weights.names == sorted(mixtral(5))
    shown = f"{GATE_UP} is [5, 32, 8] in the checkpoint (merged from 10 tensors) and [4, 32, 8] in the model"
    assert shown in weights.facts()
    cause = diagnose(weights.trace).causes[0]
    assert (cause.kind, cause.values["count"], cause.values["there"]) == ("shapes-differ", 2, [5, 32, 8])


def test_a_split_tensor_of_another_shape(account: Any, tmp_path: Path) -> None:
    """One tensor of the file becomes four parameters: all four are recorded, and none is newly initialised."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import HrmTextConfig, HrmTextForCausalLM

    config = HrmTextConfig(**{**SMALL, "num_hidden_layers": 2, "head_dim": 4, "num_layers_per_stack": 1})
    HrmTextForCausalLM(config).save_pretrained(tmp_path / "m")
    file = tmp_path / "m" / "model.safetensors"
    held = load_file(str(file))
    name = next(name for name in held if name.endswith("attn.gqkv_proj.weight"))
    rows = held[name].shape[0]
    held[name] = torch.zeros(rows * 2, 8)
    save_file(held, str(file), metadata={"format": "pt"})
    weights = account(tmp_path / "m", fails=True)
    mismatched = weights.report["mismatched"]
    assert {tuple(source["name"] for source in one["sources"]) for one in mismatched} == {(name,)}
    assert len(mismatched) == 4
    assert all(one["shape"] == [2 * one["shape_there"][0], 8] for one in mismatched)
    assert set(weights.report["new"]) <= {one["parameter"] for one in mismatched}
    assert not [text for text in weights.facts() if "newly" in text]


# ── Conversions that fail ───────────────────────────────────────────────────────────────────────────


def without_one() -> dict[str, Any]:
    return {name: value for name, value in mixtral().items() if name != expert(2, "w1")}


def with_an_odd_one() -> dict[str, Any]:
    import torch

    return {**mixtral(), expert(2, "w1"): torch.zeros(20, 8)}


def test_an_expert_is_missing(account: Any, tmp_path: Path) -> None:
    held = without_one()
    weights = account(checkpoint(tmp_path / "m", MIXTRAL, {"model.safetensors": held}), fails=True)
    (failed,) = weights.report["unconverted"]
    assert failed["parameters"] == [GATE_UP]
    names = sorted(expert(number, name) for number in range(4) for name in ("w1", "w3"))
    assert sorted(one["name"] for one in failed["sources"]) == [name for name in names if name != expert(2, "w1")]
    assert failed["operation"] == "Concatenate"
    assert "Sizes of tensors must match" in failed["reason"]
    assert "Traceback" not in failed["reason"]
    assert weights.report["new"] == weights.report["unexpected"] == weights.report["mismatched"] == []
    assert weights.names == sorted(held)
    assert not [text for text in weights.facts() if "newly" in text or "leaves aside" in text]
    assert [text for text in weights.facts() if text.startswith(f"7 tensors could not be made into {GATE_UP}")]
    (step,) = weights.trace.steps(kinds=("conversion-failed",))
    assert (step.stage, step.data) == ("weights", failed)

    found = diagnose(weights.trace)
    (cause, *_) = found.causes
    assert (cause.kind, cause.certainty, cause.remedy) == ("tensors-missing", "certain", "tensors-of-a-group")
    assert cause.values["missing"] == [expert(2, "w1")]
    assert cause.values["parameter"] == [GATE_UP]
    assert step.number in [one.step for one in cause.chain]
    assert [one.kind for one in found.surprises] == []


def test_an_expert_has_another_shape(account: Any, tmp_path: Path) -> None:
    weights = account(checkpoint(tmp_path / "m", MIXTRAL, {"model.safetensors": with_an_odd_one()}), fails=True)
    (failed,) = weights.report["unconverted"]
    assert (failed["parameters"], failed["operation"]) == ([GATE_UP], "MergeModulelist")
    assert weights.report["new"] == weights.report["unexpected"] == weights.report["mismatched"] == []
    cause = diagnose(weights.trace).causes[0]
    assert (cause.kind, cause.certainty) == ("tensors-of-two-shapes", "certain")
    assert (cause.values["name"], cause.values["there"], cause.values["others"]) == (
        expert(2, "w1"),
        "[20, 8]",
        "[16, 8]",
    )


def test_tensors_that_do_not_go_together(account: Any, tmp_path: Path) -> None:
    """Each kind is of one shape and none is missing: what the library says is all there is to say."""
    import torch

    held = {**mixtral(), **{expert(number, "w3"): torch.zeros(16, 9) for number in range(4)}}
    weights = account(checkpoint(tmp_path / "m", MIXTRAL, {"model.safetensors": held}), fails=True)
    cause = diagnose(weights.trace).causes[0]
    assert (cause.kind, cause.remedy, cause.values["count"]) == ("not-converted", "look-at-the-tensors", 8)
    assert "Sizes of tensors must match" in cause.values["reason"]


def test_an_expert_is_missing_of_what_is_only_stacked(account: Any, tmp_path: Path) -> None:
    """Three of four can be stacked, into something of another shape: no size in config.json would mend that."""
    held = {name: value for name, value in mixtral().items() if name != expert(2, "w2")}
    weights = account(checkpoint(tmp_path / "m", MIXTRAL, {"model.safetensors": held}), fails=True)
    (mismatch,) = weights.report["mismatched"]
    assert (mismatch["parameter"], mismatch["shape"], mismatch["shape_there"]) == (DOWN, [3, 8, 16], [4, 8, 16])
    cause = diagnose(weights.trace).causes[0]
    assert (cause.kind, cause.remedy) == ("tensors-missing", "tensors-of-a-group")
    assert (cause.values["parameter"], cause.values["missing"]) == (DOWN, [expert(2, "w2")])
