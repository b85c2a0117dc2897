"""Nothing is wrong with the library's own architectures: a diagnosis of their loads has no cause and names no fault.

A tiny model of each type is made, saved and loaded again. What a diagnosis may still repeat are the library's own
messages.
"""

from __future__ import annotations

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
OTHERS: Final = (
    "albert", "audio-spectrogram-transformer", "bart", "bert-generation", "big_bird", "bigbird_pegasus", "biogpt",
    "blenderbot", "blenderbot-small", "bloom", "bros", "camembert", "chinese_clip_vision_model", "clip_vision_model",
    "code_llama", "codegen", "cohere", "convbert", "ctrl", "data2vec-text", "deberta", "deberta-v2",
    "decision_transformer", "deit", "dinov2", "distilbert", "dpr", "dpt", "electra", "ernie", "flaubert", "fnet",
    "gemma", "gemma2", "gpt-sw3", "gpt2", "gpt_bigcode", "gpt_neox", "gpt_neox_japanese", "gptj", "ibert", "imagegpt",
    "jamba", "layoutlm", "lilt", "longformer", "longt5", "m2m_100", "mamba", "marian", "mbart",
    "megatron-bert", "mistral", "mixtral", "mobilebert", "mpnet", "mpt", "mra", "mt5", "mvp", "nystromformer", "olmo",
    "openai-gpt", "opt", "pegasus", "persimmon", "phi", "phi3", "plbart", "qwen2", "qwen2_moe", "recurrent_gemma",
    "rembert", "roberta", "roberta-prelayernorm", "roc_bert", "roformer", "siglip_vision_model", "splinter",
    "squeezebert", "stablelm", "starcoder2", "switch_transformers", "t5", "trocr", "umt5", "vit_mae", "vit_msn", "wav2vec2",
    "xglm", "xlm", "xlm-roberta", "xlm-roberta-xl", "xmod", "yoso",
)  # fmt: skip
NEWER: Final = (
    "cohere2", "ernie4_5", "exaone4", "gemma3_text", "glm", "glm4", "granite", "granitemoe", "helium", "lfm2",
    "modernbert", "olmo2", "olmo3", "olmoe", "qwen3", "qwen3_moe", "seed_oss", "smollm3",
)  # fmt: skip
"""Types that 5.x has and 4.44 does not."""
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
    "model_type", [*EVERYDAY, *(pytest.param(name, marks=pytest.mark.slow) for name in (*OTHERS, *NEWER))]
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
