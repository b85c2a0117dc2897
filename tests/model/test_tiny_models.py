"""Models of the library with random weights: their construction is recorded as it is when they are loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

from tests.model.accounts import RELEASE
from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.analysis.diagnosis import diagnose
from tracer.analysis.stage_summary import summarize_stages
from tracer.trace.reading import Trace
from tracer.views.show import fact_text

SMALL = {
    "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "num_key_value_heads": 2, "vocab_size": 32,
}  # fmt: skip
BERT = {key: value for key, value in SMALL.items() if key != "num_key_value_heads"} | {"max_position_embeddings": 16}


def facts(trace: Trace) -> list[str]:
    return [fact_text(fact, "en") for stage in summarize_stages(trace) for fact in stage.facts if fact.what != "said"]


@pytest.fixture
def saved(loads: Loads, tmp_path: Path) -> Callable[..., Trace]:
    """Save a model and record how it is loaded again."""

    def saved(model: Any, **options: Any) -> Trace:
        model.save_pretrained(tmp_path / "m")
        return loads.trace(tmp_path / "m", forward=False, tokenizer=False, **options)

    return saved


# ── What is shared ──────────────────────────────────────────────────────────────────────────────────


def llama(**config: Any) -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, **config))


def bert() -> Any:
    return transformers.BertForMaskedLM(transformers.BertConfig(**BERT))


@pytest.mark.parametrize(
    ("make", "options", "tied"),
    [
        (lambda: llama(tie_word_embeddings=True), {}, ["lm_head.weight"]),
        pytest.param(lambda: llama(tie_word_embeddings=False), {}, [], marks=pytest.mark.slow),
        # tied when it is built
        pytest.param(lambda: llama(tie_word_embeddings=True), {"weights": "random"}, [], marks=pytest.mark.slow),
        (bert, {"auto_class": "AutoModelForMaskedLM"}, ["cls.predictions.decoder.weight"]),
    ],
    ids=["tied", "untied", "random", "bert"],
)
def test_what_is_built_is_as_much_as_is_loaded(
    saved: Callable[..., Trace], make: Any, options: dict[str, Any], tied: list[str]
) -> None:
    model = make()
    trace = saved(model, **options)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    reading = Reading(trace)
    built = reading.only("model-built")
    assert built["numbers"] == numbers
    assert [step.data["parameters"] for step in reading.kinds("model-loaded")] == [numbers] * (
        not options.get("weights")
    )
    assert built["tensors"] == len(list(model.parameters()))
    assert [name for name in built["tied"] if name.endswith("weight")] == tied
    shown = next(text for text in facts(trace) if text.startswith("built ") and "modules" in text)
    assert f"{built['tensors']} parameters, {numbers:,} numbers" in shown
    assert all(name in shown for name in tied)


# ── Modules that no hook hears of ───────────────────────────────────────────────────────────────────


INSERTED = """
import torch
from transformers import PretrainedConfig, PreTrainedModel


class InsertedConfig(PretrainedConfig):
    model_type = "inserted"


class Inserted(PreTrainedModel):
    config_class = InsertedConfig
    base_model_prefix = ""

    def __init__(self, config):
        super().__init__(config)
        self.up = torch.nn.ModuleList()
        for width in (2, 3, 4):
            self.up.insert(0, torch.nn.Linear(width, width))
        self.down = torch.nn.Sequential(torch.nn.Linear(2, 2))
        self.down.insert(0, torch.nn.ReLU())
        self.beside = torch.nn.ModuleList()
        self.beside._modules["0"] = torch.nn.Linear(5, 5)
        self.post_init()

    def _init_weights(self, module):
        pass
"""


def test_every_module_is_recorded_however_it_was_added(loads: Loads, tmp_path: Path) -> None:
    (tmp_path / "modeling_inserted.py").write_text(INSERTED)
    code = {"AutoConfig": "modeling_inserted.InsertedConfig", "AutoModel": "modeling_inserted.Inserted"}
    config = {"model_type": "inserted", "architectures": ["Inserted"], "auto_map": code}
    (tmp_path / "config.json").write_text(json.dumps(config))
    reading = Reading(loads.trace(tmp_path, weights="random", forward=False, tokenizer=False))
    tree = dict(reading.only("model-built")["tree"])
    built = [step.data for step in reading.kinds("module-built") if step.data["module"] in tree]
    root = next(number for number, path in tree.items() if path == "")
    assert sorted([data["module"] for data in built] + [root]) == sorted(tree)
    assert [tree[data["module"]] for data in built if tree[data["parent"]] == "up"] == ["up.2", "up.1", "up.0"]
    assert {tree[data["parent"]] for data in built} == {"", "up", "down", "beside"}


# ── Explanations ────────────────────────────────────────────────────────────────────────────────────


def test_a_layer_too_many_is_no_head(loads: Loads, fixtures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    for path in (fixtures / "bert-tiny").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": config["num_hidden_layers"] + 1}))
    trace = loads.trace(folder, forward=False, tokenizer=False)
    (found,) = [one for one in diagnose(trace).surprises if one.kind.endswith("-new")]
    assert (found.kind, found.remedy) == ("layers-new", "number-of-layers")
    layer = f"encoder.layer.{config['num_hidden_layers']}."
    assert found.values["names"]
    assert all(name.startswith(layer) for name in found.values["names"])
    assert found.values["count"] == 16


def test_a_dtype_that_is_set_and_handed_on(loads: Loads, fixtures: Path) -> None:
    """4.x leaves it among the arguments for the model: it is not one that was left over."""
    trace = loads.trace(fixtures / "bert-tiny", kwargs={"torch_dtype": "torch.float32"}, forward=False, tokenizer=False)
    (text,) = {text for text in facts(trace) if "torch_dtype" in text and "config" in text}
    if RELEASE < (4, 56):
        assert text == "set on the config and handed on to the model all the same: torch_dtype"
    assert not [text for text in facts(trace) if text.startswith("left over") and "torch_dtype" in text]


UNSET = """
from transformers import AutoModel, LlamaConfig

made = LlamaConfig.__init__

def without(self, *args, **kwargs):
    made(self, *args, **kwargs)
    del self.rms_norm_eps

LlamaConfig.__init__ = without
if "rms_norm_eps" in vars(LlamaConfig):
    del LlamaConfig.rms_norm_eps
AutoModel.from_pretrained({folder!r})
"""


def test_no_value_is_made_up_for_the_librarys_own_code(loads: Loads, tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path / "m")
    script = tmp_path / "load.py"
    script.write_text(UNSET.format(folder=str(tmp_path / "m")))
    trace = loads.trace("", work="script", script=[str(script)])
    (cause,) = diagnose(trace).causes
    assert (cause.kind, cause.remedy) == ("attribute-missing-library", "library-attribute")
    assert (cause.values["name"], cause.values["class"]) == ("rms_norm_eps", "LlamaConfig")
