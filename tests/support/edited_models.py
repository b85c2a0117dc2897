"""A small healthy model with code of its own, as the files of a directory, and edits that break it in one way each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.model_files import CONFIGURATION as PEBBLE
from tests.support.model_files import WIDTH, WORDS, Edit, Shapes, as_json, as_safetensors, edited, write

CONFIGURATION = PEBBLE.replace("Pebble", "Reed").replace("pebble", "reed")

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
SHAPES: Shapes = {
    "embed.weight": (WORDS, WIDTH),
    "mix.weight": (WIDTH, WIDTH),
    "mix.bias": (WIDTH,),
    "lm_head.weight": (WORDS, WIDTH),
}
TIED = {name: shape for name, shape in SHAPES.items() if name != "lm_head.weight"}
"""What a checkpoint holds whose head is the embedding."""


def write_reed(
    folder: Path,
    *edits: Edit,
    config: dict[str, Any] | None = None,
    shapes: Shapes = SHAPES,
    configuration: tuple[Edit, ...] = (),
) -> Path:
    """Write the model with edits of its code; a key of ``config`` that is None is left out of config.json.

    Every edit has to meet its text once.
    """
    settings = {name: value for name, value in {**CONFIG, **(config or {})}.items() if value is not None}
    files = {
        "config.json": as_json(settings),
        "configuration_reed.py": edited(CONFIGURATION, *configuration).encode(),
        "modeling_reed.py": edited(MODELING, *edits).encode(),
        "model.safetensors": as_safetensors(shapes),
    }
    write(files, folder)
    return folder
