"""Model directories that the course does not cover, made without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

HIDDEN, INNER, HEADS, VOCABULARY, LAYERS = 16, 24, 2, 32, 2

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 64,
    "torch_dtype": "float32",
    "use_cache": True,
}


def tiny_llama(folder: Path) -> Path:
    """Write a Llama of the library's own class, with one weights file and without a tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    random = np.random.default_rng(0)
    shapes = {
        "model.embed_tokens.weight": (VOCABULARY, HIDDEN),
        "model.norm.weight": (HIDDEN,),
        "lm_head.weight": (VOCABULARY, HIDDEN),
    }
    for layer in range(LAYERS):
        of_layer = f"model.layers.{layer}"
        shapes |= {f"{of_layer}.self_attn.{one}_proj.weight": (HIDDEN, HIDDEN) for one in "qkvo"}
        shapes |= {f"{of_layer}.mlp.{one}_proj.weight": (INNER, HIDDEN) for one in ("gate", "up")}
        shapes |= {f"{of_layer}.mlp.down_proj.weight": (HIDDEN, INNER)}
        shapes |= {f"{of_layer}.{one}_layernorm.weight": (HIDDEN,) for one in ("input", "post_attention")}
    tensors = {name: random.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
