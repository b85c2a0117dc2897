"""Small models, tokenizers and adapters that are healthy, for tests that spoil one thing in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support import model_files
from tests.support.model_files import LETTERS, as_json, as_safetensors, letters, words, write
from tests.support.small_models import HIDDEN, LAYERS, tiny_llama

OWN_CONFIGURATION = """\
from transformers import PretrainedConfig


class OwnConfig(PretrainedConfig):
    model_type = "own"

    def __init__(self, width=8, words=32, places=64, depth=1, **kwargs):
        self.width, self.words, self.places, self.depth = width, words, places, depth
        self.num_hidden_layers, self.num_attention_heads, self.hidden_size = depth, 1, width
        super().__init__(**kwargs)
"""
OWN_MODEL = """\
import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_own import OwnConfig


class OwnForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.words, config.width)
        self.places = nn.Embedding(config.places, config.width)
        self.lm_head = nn.Linear(config.width, config.words, bias=False)
        self.post_init()

    def prepare_inputs_for_generation(self, input_ids, **kwargs):
        return {"input_ids": input_ids}

    def forward(self, input_ids, attention_mask=None, return_dict=True, **kwargs):
        places = torch.arange(input_ids.shape[-1], device=input_ids.device)
        return CausalLMOutputWithPast(logits=self.lm_head(self.words(input_ids) + self.places(places)))
"""


def own_causal(folder: Path, model: str = OWN_MODEL, configuration: str = OWN_CONFIGURATION, **settings: Any) -> Path:
    """A causal model with code of its own and a tokenizer of whole words; keywords go into config.json."""
    auto_map = {"AutoConfig": "configuration_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}
    config = {"architectures": ["OwnForCausalLM"], "model_type": "own", "auto_map": auto_map, "eos_token_id": 2}
    shapes = {"words.weight": (32, 8), "places.weight": (settings.get("places", 64), 8), "lm_head.weight": (32, 8)}
    files = {
        "config.json": as_json(config | {"tie_word_embeddings": False} | settings),
        "configuration_own.py": configuration.encode(),
        "modeling_own.py": model.encode(),
        "model.safetensors": as_safetensors(shapes),
    }
    write(files, folder)
    add_words(folder)
    return folder


def write_json(path: Path, value: Any) -> None:
    write({path.name: as_json(value)}, path.parent)


def llama_with_words(folder: Path, **settings: Any) -> Path:
    """A Llama with a tokenizer of whole words in tokenizer.json; keywords go into tokenizer_config.json."""
    tiny_llama(folder)
    add_words(folder, **settings)
    return folder


def add_words(folder: Path, **settings: Any) -> None:
    write(words(**{"model_max_length": 64, **settings}), folder)


def llama_with_letters(folder: Path, code: str = LETTERS) -> Path:
    """A Llama with a slow tokenizer of its own code."""
    tiny_llama(folder)
    write(letters(code), folder)
    return folder


def adapter(folder: Path, base: Path, **settings: Any) -> Path:
    """A LoRA adapter on ``q_proj`` of this Llama; keywords go into adapter_config.json, but for ``rank``."""
    write(model_files.adapter(str(base), width=HIDDEN, layers=LAYERS, **settings), folder)
    return folder
