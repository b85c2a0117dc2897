"""A small healthy model with code of its own, as the files of a directory, and edits that break it in one way each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

WIDTH, WORDS = 8, 32

CONFIGURATION = """\
from transformers import PretrainedConfig


class ReedConfig(PretrainedConfig):
    model_type = "reed"

    def __init__(self, width=8, words=32, **kwargs):
        self.width = width
        self.words = words
        super().__init__(**kwargs)
"""

MODELING = """\
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from .configuration_reed import ReedConfig


class ReedForCausalLM(PreTrainedModel):
    config_class = ReedConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(config.words, config.width)
        self.mix = nn.Linear(config.width, config.width)
        self.lm_head = nn.Linear(config.width, config.words, bias=False)
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data.normal_()
            if module.bias is not None:
                module.bias.data.zero_()

    def get_input_embeddings(self):
        return self.embed

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, layer):
        self.lm_head = layer

    def forward(self, input_ids, attention_mask=None, **kwargs):
        return CausalLMOutput(logits=self.lm_head(self.mix(self.embed(input_ids))))
"""

CONFIG: dict[str, Any] = {
    "architectures": ["ReedForCausalLM"],
    "auto_map": {
        "AutoConfig": "configuration_reed.ReedConfig",
        "AutoModelForCausalLM": "modeling_reed.ReedForCausalLM",
    },
    "model_type": "reed",
    "tie_word_embeddings": False,
    "width": WIDTH,
    "words": WORDS,
}
SHAPES = {
    "embed.weight": (WORDS, WIDTH),
    "mix.weight": (WIDTH, WIDTH),
    "mix.bias": (WIDTH,),
    "lm_head.weight": (WORDS, WIDTH),
}
TIED = {name: shape for name, shape in SHAPES.items() if name != "lm_head.weight"}
"""What a checkpoint holds whose head is the embedding."""

Edit = tuple[str, str]
"""A text in the code, and what takes its place."""


def write_reed(
    folder: Path,
    *edits: Edit,
    config: dict[str, Any] | None = None,
    shapes: dict[str, tuple[int, ...]] = SHAPES,
    configuration: tuple[Edit, ...] = (),
) -> Path:
    """Write the model with edits of its code; a key of ``config`` that is None is left out of config.json.

    Every edit has to meet its text once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = {name: value for name, value in {**CONFIG, **(config or {})}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
    (folder / "configuration_reed.py").write_text(_edited(CONFIGURATION, configuration), encoding="utf-8")
    (folder / "modeling_reed.py").write_text(_edited(MODELING, edits), encoding="utf-8")
    random = np.random.default_rng(0)
    tensors = {name: random.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _edited(text: str, edits: tuple[Edit, ...]) -> str:
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


POST_INIT = "        self.post_init()\n"


def in_constructor(*lines: str) -> Edit:
    """Return the edit that puts these lines at the end of the constructor, before ``post_init``."""
    return POST_INIT, "".join(f"        {line}\n" for line in lines) + POST_INIT


def in_class(*lines: str) -> Edit:
    """Return the edit that puts these lines at the top of the model's class."""
    head = "    config_class = ReedConfig\n"
    return head, head + "".join(f"    {line}\n" for line in lines)
