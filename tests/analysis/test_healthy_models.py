"""Nothing is wrong with the library's own architectures: a diagnosis of their loads has no cause and names no fault.

A tiny model of each type is made, saved and loaded again. What a diagnosis may still repeat are the library's own
messages.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest
import transformers

from tests.support.forked import in_fork
from tests.support.loads import Loads
from tracer.analysis.diagnosis import diagnose
from tracer.trace.events import TensorLoaded, events

SIZES: Final = {
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "dim", "embed_dim", "word_embed_proj_dim", "emb_dim"), 16),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff", "n_inner"), 16),
    **dict.fromkeys(("embedding_size", "hidden_dim", "image_size"), 16),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "num_key_value_heads"), 2),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads", "num_local_experts", "num_experts"), 2),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers"), 1),
    **dict.fromkeys(("head_dim", "d_kv", "patch_size"), 8),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), 32),
    "vocab_size": 40,
    "num_experts_per_tok": 1,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
"""Sizes by the names that configurations have for them; a configuration takes those that it has as numbers."""

EVERYDAY: Final = ("bert", "llama", "vit")
CHOSEN: Final = (
    "albert", "audio-spectrogram-transformer", "bart", "big_bird", "bloom", "clip_vision_model", "codegen",
    "convbert", "ctrl", "deberta-v2", "dinov2", "dpt", "fnet", "gemma2", "gpt2", "gpt_neox", "jamba", "layoutlm",
    "longt5", "mamba", "mixtral", "mobilebert", "mpnet", "mpt", "opt", "phi3", "qwen2_moe", "recurrent_gemma",
    "roberta", "squeezebert", "switch_transformers", "t5", "wav2vec2", "xlm",
    "gemma3_text", "glm4", "lfm2", "modernbert", "qwen3_moe",
)  # fmt: skip
"""A third of the types: of each way to be built (encoders, decoders, both, vision, sound, experts, recurrent states) some."""
REST: Final = (
    "bert-generation", "bigbird_pegasus", "biogpt", "blenderbot", "blenderbot-small", "bros", "camembert",
    "chinese_clip_vision_model", "code_llama", "cohere", "data2vec-text", "deberta", "decision_transformer", "deit",
    "distilbert", "dpr", "electra", "ernie", "flaubert", "gemma", "gpt-sw3", "gpt_bigcode", "gpt_neox_japanese",
    "gptj", "ibert", "imagegpt", "lilt", "longformer", "m2m_100", "marian", "mbart", "megatron-bert", "mistral",
    "mra", "mt5", "mvp", "nystromformer", "olmo", "openai-gpt", "pegasus", "persimmon", "phi", "plbart", "qwen2",
    "rembert", "roberta-prelayernorm", "roc_bert", "roformer", "siglip_vision_model", "splinter", "stablelm",
    "starcoder2", "trocr", "umt5", "vit_mae", "vit_msn", "xglm", "xlm-roberta", "xlm-roberta-xl", "xmod", "yoso",
    "cohere2", "ernie4_5", "exaone4", "glm", "granite", "granitemoe", "helium", "olmo2", "olmo3", "olmoe", "qwen3",
    "seed_oss", "smollm3",
)  # fmt: skip
ALL_TYPES: Final = "GLM_TRACE_ALL_TYPES" in os.environ
"""Whether to try the rest too, as ``nox -s types`` does."""
_TAKEN_FOR_GRANTED: Final = {"said", "not-fed", "not-generated", "not-recorded"}


def save_tiny(model_type: str, folder: str, dtype: str = "float32") -> str | None:
    """Save a tiny model of a type; return the auto class that loads it, or None if the release has no such type."""
    import torch

    if model_type not in transformers.CONFIG_MAPPING:
        return None
    kind = transformers.CONFIG_MAPPING[model_type]
    usual = kind()
    sizes = {name: size for name, size in SIZES.items() if type(getattr(usual, name, None)) is int}
    config = kind(**sizes)
    name = "AutoModelForCausalLM" if kind in transformers.AutoModelForCausalLM._model_mapping else "AutoModel"
    torch.manual_seed(0)
    getattr(transformers, name).from_config(config).to(getattr(torch, dtype)).save_pretrained(folder)
    return name


@pytest.mark.parametrize(
    "model_type",
    [*EVERYDAY, *(pytest.param(name, marks=pytest.mark.slow) for name in (*CHOSEN, *(REST if ALL_TYPES else ())))],
)
def test_nothing_is_said_of_a_healthy_model(loads: Loads, tmp_path: Path, model_type: str) -> None:
    auto_class: Any = in_fork(save_tiny, model_type, str(tmp_path / "m"))
    if auto_class is None:
        pytest.skip(f"transformers {transformers.__version__} has no {model_type}")
    trace = loads.trace(tmp_path / "m", auto_class=auto_class, tokenizer=False, forward=False)
    found = diagnose(trace)
    assert (found.status, found.causes) == ("loaded", [])
    assert [one for one in found.surprises if one.kind not in _TAKEN_FOR_GRANTED] == []


@pytest.mark.parametrize("stored", [pytest.param("float32", marks=pytest.mark.slow), "float16"])
def test_a_module_that_the_library_keeps_in_float32_is_meant(loads: Loads, tmp_path: Path, stored: str) -> None:
    """T5 keeps one layer of each block in float32 where the rest is float16."""
    auto_class: Any = in_fork(save_tiny, "t5", str(tmp_path / "m"), stored)
    trace = loads.trace(tmp_path / "m", auto_class=auto_class, tokenizer=False, forward=False, dtype="float16")
    assert {loaded.event.dtype for loaded in events(trace, TensorLoaded)} == {"float16", "float32"}
    found = diagnose(trace)
    assert [one for one in found.surprises if one.kind not in _TAKEN_FOR_GRANTED] == []
