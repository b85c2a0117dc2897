"""What single types want besides small sizes: dimensions that must fit one another, tables, lists by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from transformers import CONFIG_MAPPING

from nightly.tiny_configs import EXPERTS, HEAD, HEADS, HIDDEN, INNER, KEY_HEADS, Change


def _set(**given: Any) -> Change:
    return lambda arguments, _: arguments.update(given)


def _instead(drop: str, **given: Any) -> Change:
    def change(arguments: dict[str, Any], _: Any) -> None:
        for name in drop.split():
            arguments.pop(name, None)
        arguments.update(given)

    return change


def _where(name: str, **given: Any) -> Change:
    """Return a change for the configurations that have this field."""
    return lambda arguments, _: arguments.update(given) if name in arguments else None


def _gemma3n(arguments: dict[str, Any], _: Any) -> None:
    sparse = [0.95] + [0.0] * (arguments["num_hidden_layers"] - 1)
    arguments.update(
        intermediate_size=INNER,
        activation_sparsity_pattern=sparse,
        num_kv_shared_layers=0,
        hidden_size_per_layer_input=8,
    )


_LATENT: Final = {
    "num_attention_heads": HEADS, "num_key_value_heads": HEADS, "head_dim": HEAD, "q_lora_rank": 24, "kv_lora_rank": 16,
    "qk_nope_head_dim": 16, "qk_rope_head_dim": 16, "v_head_dim": HEAD,
}  # fmt: skip
_ROUTED: Final = {"n_routed_experts": EXPERTS, "num_experts_per_tok": 2, "n_shared_experts": 1}
_WIDE_HEADS: Final = {"global_head_dim": 2 * HEAD, "num_global_key_value_heads": KEY_HEADS}
_MUSE: Final = {"patch_sizes": [8, 2], "hidden_sizes": [32, 64], "depths": [1, 1], "num_hidden_layers": 2}

CHANGES: Final[dict[str, Change]] = {
    "gemma3n_text": _gemma3n,
    "gemma4_text": _set(**_WIDE_HEADS),
    "gemma4_unified_text": _set(**_WIDE_HEADS),
    "diffusion_gemma_text": _set(**_WIDE_HEADS, num_experts=EXPERTS, top_k_experts=2, moe_intermediate_size=64),
    "gpt_neo": _set(attention_types=[[["global", "local"], 1]], num_layers=2),
    "mamba2": _set(num_heads=8, head_dim=32),
    "dots1": _set(**_ROUTED),
    "deepseek_v2": _set(**_ROUTED, topk_method="greedy"),
    "lfm2_moe": _set(num_hidden_layers=4, layer_types=["conv", "full_attention", "conv", "full_attention"]),
    "dots3_note_text": _instead(
        "rope_parameters", num_key_value_heads=HEADS, head_dim=HEAD, 
        **{f"swa_{key}": size for key, size in _LATENT.items()},
    ),
    "cohere_compass_text": _set(rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 10000.0}}),
    "hrm_text": _instead("layer_types num_layers_per_stack", num_hidden_layers=2),
    "recurrent_gemma": _set(num_hidden_layers=3),
    "bamba": _instead("layers_block_type layer_types", num_hidden_layers=2, attn_layer_indices=[1]),
    "granitemoehybrid": _instead(
        "layers_block_type", layer_types=["linear_attention", "full_attention"], num_hidden_layers=2
    ),
    "qwen4_exp_text": _set(
        indexer_budget=4, indexer_compress_ratio=2, indexer_n_heads=2, indexer_kv_heads=1, indexer_head_dim=HEAD
    ),
    "longcat_flash": _set(head_dim=16, qk_nope_head_dim=16, qk_rope_head_dim=16, qk_head_dim=HEAD),
    "nemotron": _set(num_key_value_heads=KEY_HEADS),
    "zaya": _set(num_experts_per_tok=1),
    "zamba": _set(
        num_hidden_layers=5, attention_hidden_size=2 * HIDDEN, attention_head_dim=2 * HEAD,
        layers_block_type=["linear_attention", "hybrid", "linear_attention", "hybrid", "linear_attention"],
    ),
    "dots3_note_audio_encoder": _set(adapter_input_size=HIDDEN),
    "dots3_note_vision_encoder": _set(adapter_in_dim=HIDDEN),
    **dict.fromkeys(("muse_spark_vision", "muse_spark_audio"), _where("patch_sizes", **_MUSE)),
}  # fmt: skip
"""Changes by the type of a configuration, wherever it is used."""


def _rope(section: list[int], **more: Any) -> dict[str, Any]:
    return {"text_config.rope_parameters": {
        "rope_type": "default", "rope_theta": 10000.0, "mrope_section": section, **more,
    }}  # fmt: skip


_TILED: Final = {"image_grid_pinpoints": [[32, 64], [64, 32]]}

VALUES: Final[dict[str, dict[str, Any]]] = {
    "dbrx": {"attn_config.rope_theta": 10000.0, "attn_config.clip_qkv": 8.0},
    "gemma4_assistant": {
        "text_config.hidden_size_per_layer_input": 0, "text_config.vocab_size_per_layer_input": 0,
        "text_config.num_kv_shared_layers": 2,
    },
    "gemma4_unified_assistant": {"text_config.num_kv_shared_layers": 2},
    **dict.fromkeys(("glm4v", "glm46v", "glm_ocr", "glmga"), _rope([8, 4, 4], partial_rotary_factor=1.0)),
    **dict.fromkeys(("paddleocr_vl", "qwen2_5_vl", "qwen2_vl"), _rope([8, 4, 4])),
    "qwen2_5_omni_thinker": {**_rope([8, 4, 4]), "vision_start_token_id": 240},
    "glm4v_moe": _rope([4, 2, 2], partial_rotary_factor=0.5),
    "ernie4_5_vl_moe": _rope([6, 6, 4]),
    "chameleon": {"vocabulary_map": {
        "<image>": 250, **{f"IMGIMG{letter}BZ": 100 + index for index, letter in enumerate("ABCDEFGHIJ")},
    }},
    "emu3": {"vocabulary_map": {
        "<|extra_200|>": 251, "<image>": 250, **{f"<|visual token {number:06}|>": 100 + number for number in range(64)},
    }},
    "deepseek_ocr2": {
        "text_config.mlp_layer_types": ["dense", "sparse"],
        "vision_config.sam_config.downsample_channels": [64, HIDDEN],
    },
    "llama4": {
        "vision_config.intermediate_size": 4 * HIDDEN, "vision_config.projector_input_dim": HIDDEN,
        "vision_config.projector_output_dim": HIDDEN,
    },
    "unlimited_ocr": {
        "text_config.mlp_layer_types": ["dense", "sparse"],
        "vision_config.sam_config.downsample_channels": [64, HIDDEN],
    },
    **{name: {"out_hidden_size": 4 * HIDDEN} for name in ("muse_glimmer", "muse_spark")},
    "hunyuan_vl": _rope([4, 4, 4, 4]),
    "nemotron_h_omni": {"image_token_id": 250},
    "qwen3_omni_moe_thinker": {"vision_start_token_id": 240},
    "granite4_vision": {
        **_TILED, "deepstack_layer_map": [[-1, 0]], "spatial_target_layers": [1], "vision_feature_layer": -1,
        "downsample_rate": "1/2",
    },
    **dict.fromkeys(("llava_next", "llava_next_video", "llava_onevision"), _TILED),
    "florence2": {
        "vision_config.embed_dim": [16, 32, 32, 64], "vision_config.num_heads": [1, 2, 2, 4],
        "vision_config.num_groups": [1, 2, 2, 4], "vision_config.depths": [1, 1, 1, 1],
        "vision_config.projection_dim": HIDDEN,
    },
    "glm5_next": {"text_config.index_kpool": 2, "text_config.index_topk": 4},
    "step3p7": {"text_config.sliding_window": 8},
    "xmod": {"default_language": "en_XX"},
    "reformer": {"is_decoder": True, "axial_pos_embds_dim": [64, 64], "axial_pos_shape": [16, 16]},
    "aria": {"projector_patch_to_query_dict": {16: 4}},
    **{name: {"image_token_index": 250} for name in ("blip-2", "instructblip")},
    "instructblipvideo": {"image_token_index": 250, "video_token_index": 250},
    **{name: {"image_token_id": 250} for name in ("minicpm_ocr", "minicpmv4_6", "minicpmv4_7")},
    "mllama": {"vision_config.vision_output_dim": 2 * HIDDEN},
}  # fmt: skip
"""Values by dotted name, for the type that is asked for."""


def _gemma4_assistant() -> Any:
    text = CONFIG_MAPPING["gemma4_text"](
        hidden_size_per_layer_input=0, vocab_size_per_layer_input=0, num_kv_shared_layers=30
    )
    return CONFIG_MAPPING["gemma4_assistant"](text_config=text.to_dict())


def _with_vision(name: str, vision: str) -> Callable[[], Any]:
    return lambda: CONFIG_MAPPING[name](vision_config=CONFIG_MAPPING[vision]())


BASES: Final[dict[str, Callable[[], Any]]] = {
    "gemma4_assistant": _gemma4_assistant,
    "gemma4": _with_vision("gemma4", "gemma4_vision"),
    "gemma4_unified": _with_vision("gemma4_unified", "gemma4_unified_vision"),
}
"""Configurations to begin with, where the class's own defaults are not valid or leave a part out."""
