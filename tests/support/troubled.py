"""Small models, tokenizers and adapters that are healthy, for tests that spoil one thing in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.support.small_models import HIDDEN, tiny_llama

WORDS = {"<unk>": 0, "<s>": 1, "</s>": 2, "the": 3, "quick": 4, "brown": 5, "fox": 6, "dog": 7}

LETTERS = """\
import json

from transformers import PreTrainedTokenizer


class LettersTokenizer(PreTrainedTokenizer):
    vocab_files_names = {"vocab_file": "letters.json"}
    model_input_names = ["input_ids", "attention_mask"]

    def __init__(self, vocab_file, **kwargs):
        with open(vocab_file, encoding="utf-8") as file:
            self.letters = json.load(file)
        self.names = {number: letter for letter, number in self.letters.items()}
        super().__init__(**kwargs)

    @property
    def vocab_size(self):
        return len(self.letters)

    def get_vocab(self):
        return dict(self.letters)

    def _tokenize(self, text):
        return [letter if letter in self.letters else "?" for letter in text.lower()]

    def _convert_token_to_id(self, token):
        return self.letters.get(token, 0)

    def _convert_id_to_token(self, index):
        return self.names.get(index, "?")

    def save_vocabulary(self, save_directory, filename_prefix=None):
        return ()
"""


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
    write_json(folder / "config.json", config | {"tie_word_embeddings": False} | settings)
    (folder / "configuration_own.py").write_text(configuration, encoding="utf-8")
    (folder / "modeling_own.py").write_text(model, encoding="utf-8")
    shapes = {"words.weight": (32, 8), "places.weight": (settings.get("places", 64), 8), "lm_head.weight": (32, 8)}
    random = np.random.default_rng(0)
    tensors = {name: random.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    add_words(folder)
    return folder


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def llama_with_words(folder: Path, **settings: Any) -> Path:
    """A Llama with a tokenizer of whole words in tokenizer.json; keywords go into tokenizer_config.json."""
    tiny_llama(folder)
    add_words(folder, **settings)
    return folder


def add_words(folder: Path, **settings: Any) -> None:
    special = [
        {"id": number, "content": name, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
        for name, number in list(WORDS.items())[:3]
    ]
    tokenizer: dict[str, Any] = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": special}
    tokenizer |= {"normalizer": None, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None}
    tokenizer["model"] = {"type": "WordLevel", "vocab": WORDS, "unk_token": "<unk>"}
    write_json(folder / "tokenizer.json", tokenizer)
    plain = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "</s>",
    }
    write_json(folder / "tokenizer_config.json", plain | {"pad_token": "</s>", "model_max_length": 64} | settings)


def llama_with_letters(folder: Path, code: str = LETTERS) -> Path:
    """A Llama with a slow tokenizer of its own code."""
    tiny_llama(folder)
    auto_map = {"AutoTokenizer": ["tokenization_letters.LettersTokenizer", None]}
    settings = {"auto_map": auto_map, "tokenizer_class": "LettersTokenizer", "unk_token": "?", "pad_token": "?"}
    write_json(folder / "tokenizer_config.json", settings)
    (folder / "tokenization_letters.py").write_text(code, encoding="utf-8")
    letters = "? abcdefghijklmnopqrstuvwxyz"
    write_json(folder / "letters.json", {letter: number for number, letter in enumerate(letters)})
    return folder


def adapter(folder: Path, base: Path, *, rank: int = 2, **settings: Any) -> Path:
    """A LoRA adapter on ``q_proj`` of a Llama; keywords go into adapter_config.json."""
    written = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base), "r": 2}
    written |= {"lora_alpha": 4, "lora_dropout": 0.0, "target_modules": ["q_proj"], "bias": "none"}
    write_json(folder / "adapter_config.json", written | {"inference_mode": True} | settings)
    name = "base_model.model.model.layers.{}.self_attn.q_proj.lora_{}.weight"
    tensors = {}
    for layer in range(2):
        tensors[name.format(layer, "A")] = np.zeros((rank, HIDDEN), np.float32)
        tensors[name.format(layer, "B")] = np.zeros((HIDDEN, rank), np.float32)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder
