"""Tiny configurations for every type of the library: each size is replaced with a small one that fits the others."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any, Final

from transformers import CONFIG_MAPPING, PretrainedConfig

HIDDEN: Final = 128
HEADS: Final = 4
KEY_HEADS: Final = 2
HEAD: Final = 32
INNER: Final = 96
LAYERS: Final = 2
VOCABULARY: Final = 256
EXPERTS: Final = 4
_SPECIAL: Final = 40  # ids at the end of the vocabulary, for special tokens
_MOST_LAYERS: Final = 6

Change = Callable[[dict[str, Any], Any], None]
"""Changes the arguments of a configuration; the second argument is the library's default configuration."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _sized(size: int | float, names: str) -> dict[str, int | float]:
    return dict.fromkeys(names.split(), size)


SIZES: Final[dict[str, Any]] = {
    **_sized(
        HIDDEN,
        "hidden_size n_embd d_model dim emb_dim embed_dim model_dim embedding_dim word_embed_proj_dim embedding_size"
        " input_embedding_size output_embedding_size hidden_size_global attention_hidden_size lru_width attention_dim"
        " encoder_hidden_size cross_hidden_size text_hidden_size out_hidden_size vision_hidden_size output_dim"
        " image_text_hidden_size decoder_hidden_size moe_hidden_size projector_hidden_size projection_dim"
        " projection_hidden_dim projection_hidden_size vision_output_dim conv_output_size adapter_in_dim"
        " adapter_out_dim image_token_embed_dim",
    ),
    "d_inner": 4 * HIDDEN,
    **_sized(
        INNER,
        "intermediate_size ffn_dim encoder_ffn_dim decoder_ffn_dim ffn_hidden_size d_ff n_inner mlp_dim dff dim_ff"
        " feed_forward_size intermediate_size_mlp dense_intermediate_size projection_intermediate_size"
        " alignment_intermediate_size",
    ),
    **_sized(
        64,
        "moe_intermediate_size shared_expert_intermediate_size expert_ffn_hidden_size shared_intermediate_size"
        " moe_shared_expert_intermediate_size shared_experts_intermediate_size share_expert_dim num_embeddings"
        " codebook_size mamba_d_head mamba_head_dim mamba_headdim max_source_positions ngram_vocab_size_base",
    ),
    **_sized(
        HEADS,
        "num_attention_heads n_head n_heads num_heads attention_heads encoder_attention_heads decoder_attention_heads"
        " num_encoder_attention_heads num_decoder_attention_heads swa_num_attention_heads num_sliding_attention_heads"
        " linear_num_value_heads linear_num_heads mamba_num_heads mamba_n_heads",
    ),
    **_sized(
        KEY_HEADS,
        "num_key_value_heads num_query_groups multi_query_group_num swa_num_key_value_heads kv_n_heads"
        " num_global_key_value_heads linear_num_key_heads resampler_n_heads n_mamba_heads index_n_heads",
    ),
    **_sized(
        HEAD,
        "head_dim attention_head_dim d_kv d_head kv_channels swa_head_dim global_head_dim attention_head_size dim_head"
        " v_head_dim qk_head_dim index_head_dim query_pre_attn_scalar dim_model_base base_channels image_size"
        " max_image_size crop_size",
    ),
    **_sized(
        16,
        "qk_nope_head_dim qk_rope_head_dim kv_lora_rank o_lora_rank linear_key_head_dim linear_value_head_dim"
        " linear_head_dim attention_chunk_size num_position_embeddings resampler_head_dim num_mel_bins n_mel_bins"
        " router_hidden_size ple_embed_dim rotary_dim rel_extent latent_channels max_num_patches min_image_size"
        " pronunciation_embed_dim shape_embed_dim",
    ),
    **_sized(
        LAYERS,
        "num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers layers num_encoder_layers"
        " num_decoder_layers depth num_blocks num_global_layers",
    ),
    **_sized(EXPERTS, "n_routed_experts num_experts num_local_experts moe_num_experts expert_num"),
    **_sized(
        8,
        "sliding_window local_attention attention_window_size sliding_window_size window_attn_size state_size"
        " mamba_d_state ssm_state_size chunk_size mamba_chunk_size mamba_dt_rank time_step_rank patch_size adapter_rank"
        " hidden_size_per_layer_input laurel_rank hc_lowrank d_rel canvas_length",
    ),
    **_sized(
        4,
        "index_topk index_block_size posemb_grid_size pos_emb_height pos_emb_width resampler_n_latents"
        " num_query_tokens num_image_tokens image_seq_length gated_norm_rank prompt_length latent_query_num"
        " vision_soft_tokens_per_image mm_tokens_per_image",
    ),
    **_sized(3, "num_channels in_channels"),
    **_sized(
        2,
        "num_experts_per_tok num_experts_per_token moe_topk moe_k zero_expert_num num_experts_per_topk"
        " index_topk_blocks split_ngram_parts heads_per_ngram attn_layer_period layer_group_size"
        " global_attn_every_n_layers full_attention_interval",
    ),
    **_sized(
        1,
        "num_mem_blocks moe_top_k n_group topk_group n_shared_experts moe_num_shared_experts num_expert_group"
        " first_k_dense_replace moe_layer_end_index n_groups mamba_n_groups mamba_ngroups resampler_depth"
        " max_window_layers attn_layer_offset n_layers_per_attn_res_block hidden_stride",
    ),
    **_sized(0, "moe_layer_start_index num_kv_shared_layers num_nextn_predict_layers"),
    **_sized(
        256,
        "max_position_embeddings n_positions n_ctx max_seq_len max_target_positions seq_length model_max_length"
        " context_length mamba_d_ssm",
    ),
    "q_lora_rank": 24,
    "encoder_hash_byte_group_vocab": 50,
    **_sized(40, "pronunciation_vocab_size shape_vocab_size"),
}  # fmt: skip
"""The size of each field that has one, by its exact name."""

_AT_MOST: Final = _names(
    "n_shared_experts moe_num_shared_experts num_kv_shared_layers num_nextn_predict_layers"
    " shared_intermediate_size qk_rope_head_dim hidden_size_per_layer_input first_k_dense_replace chunk_size"
    " adapter_rank"
)
"""Fields that stay as they are if the library's value is smaller still, as 0 turns a part off."""

_FILLED: Final = {"head_dim": HEAD, "n_routed_experts": EXPERTS, "num_experts_per_tok": 2, "n_shared_experts": 1}
"""Fields that are None by default, and that the model's code wants a number in."""

_VOCABULARIES: Final = _names(
    "vocab_size encoder_vocab_size decoder_vocab_size vocab_size_per_layer_input vision_vocab_size"
    " tgt_vocab_size src_vocab_size unpadded_vocab_size audio_vocab_size mel_vocab_size additional_vocab_size"
)
_KINDS_OF_LAYERS: Final = _names("layer_types mlp_layer_types layers_block_type indexer_types attention_layers")
_LISTS_OF_LAYERS: Final = _KINDS_OF_LAYERS | _names(
    "block_types no_rope_layers layer_rope_theta kv_source_layers num_attention_heads_per_layer attn_layers"
    " activation_sparsity_pattern rope_scaling_layers full_attn_idxs moe_layers"
)
_NUMBERS_OF_LAYERS: Final = _names("num_hidden_layers n_layer n_layers num_layers decoder_layers")
_INDEXES_OF_LAYERS: Final = _names(
    "deepstack_visual_indexes fullatt_block_indexes global_attn_indexes intermediate_layers_indices"
    " cross_attention_layers spatial_target_layers hybrid_layer_ids"
)
_OTHER_IDS: Final = _names("image_patch_id mask_index im_end_id im_start_id im_newline_id vocab_offset")
_LEFT: Final = _names("transformers_version architectures dtype id2label label2id num_labels model_type")


def tiny_config(name: str) -> Any:
    """Return a tiny configuration of a type."""
    from nightly.tiny_exceptions import BASES, VALUES

    base = BASES[name]() if name in BASES else CONFIG_MAPPING[name]()
    if not isinstance(base, PretrainedConfig):
        return base
    return _shrunk(base, _SmallIds(), [], VALUES.get(name, {}))


class _SmallIds:
    """Special tokens get ids at the end of the tiny vocabulary, the same one for the same token."""

    def __init__(self) -> None:
        self._next = VOCABULARY - 1
        self._known: dict[int, int] = {}

    def small(self, number: Any) -> Any:
        if not isinstance(number, int) or 0 <= number < VOCABULARY - _SPECIAL:
            return number
        if number not in self._known:
            self._known[number] = self._next
            self._next -= 1
        return self._known[number]


def _shrunk(config: Any, ids: _SmallIds, path: list[str], values: dict[str, Any]) -> Any:
    """Return a configuration and those inside it with small sizes; ``values`` by dotted name have the last word."""
    from nightly.tiny_exceptions import CHANGES

    names = _fields_of(config)
    arguments: dict[str, Any] = {}
    kinds = {
        name: list(value)
        for name in names
        if name in _KINDS_OF_LAYERS and isinstance(value := _value(config, name), (list, tuple)) and value
    }
    kept = _layers_to_keep(list(kinds.values()))
    length = max((len(value) for value in kinds.values()), default=None)
    for name in names:
        value = _value(config, name)
        if name in _LEFT:
            continue
        inside = _config_in(name, value)
        if inside is not None:
            arguments[name] = _shrunk(inside, ids, [*path, name], values)
        elif value is None or isinstance(value, bool):
            if value is None and name in _FILLED:
                arguments[name] = _FILLED[name]
            elif value is not None:
                arguments[name] = value
        elif kept and name in _NUMBERS_OF_LAYERS:
            arguments[name] = len(kept)
        elif kept and isinstance(value, (list, tuple)) and name in _LISTS_OF_LAYERS and len(value) == length:
            arguments[name] = [value[index] for index in kept]
        else:
            arguments |= _small(name, value, config, ids)
    for change in (CHANGES.get(type(config).model_type), values.get("*")):
        if change is not None:
            change(arguments, config)
    for dotted, value in values.items():
        *where, name = dotted.split(".")
        if where == path and name != "*":
            arguments[name] = value
    return type(config)(**arguments)


def _fields_of(config: Any) -> list[str]:
    if dataclasses.is_dataclass(config):
        return [field.name for field in dataclasses.fields(config) if field.init]
    return list(config.to_dict())


def _value(config: Any, name: str) -> Any:
    try:
        return getattr(config, name, None)
    except Exception:  # a property that wants a whole configuration
        fields = {field.name: field.default for field in dataclasses.fields(type(config))}
        found = fields.get(name)
        return None if found is dataclasses.MISSING else found


def _config_in(name: str, value: Any) -> Any:
    """Return a configuration inside another, also where the default is a dictionary."""
    if isinstance(value, PretrainedConfig):
        return value
    if isinstance(value, dict) and name.endswith("config") and "model_type" in value:
        try:
            given = {key: item for key, item in value.items() if key != "model_type"}
            return CONFIG_MAPPING[value["model_type"]](**given)
        except Exception:  # it stays a dictionary
            return None
    return None


def _layers_to_keep(kinds: list[list[Any]]) -> list[int]:
    """Return the indexes of layers, so that each combination of kinds is there: at least two, at most six."""
    if not kinds:
        return []
    count = min(len(one) for one in kinds)
    first: dict[tuple[str, ...], int] = {}
    for index in range(count):
        first.setdefault(tuple(str(one[index]) for one in kinds), index)
    kept = sorted(first.values())[:_MOST_LAYERS]
    kept += [index for index in range(count) if index not in kept][: max(0, 2 - len(kept))]
    return sorted(kept)


def _small(name: str, value: Any, config: Any, ids: _SmallIds) -> dict[str, Any]:
    """Return a field with its small value; nothing for a field that is best left to the class."""
    if name in _VOCABULARIES:
        return {name: min(value, VOCABULARY) if isinstance(value, int) else value}
    if name.endswith(("token_id", "token_index", "token_ids")) or name in _OTHER_IDS:
        return {name: [ids.small(one) for one in value] if isinstance(value, (list, tuple)) else ids.small(value)}
    if name in ("rope_parameters", "rope_scaling") and isinstance(value, dict):
        return {name: _rope(copy.deepcopy(value))}
    if name in SIZES:
        return {name: _size(name, value, config)}
    if name in _INDEXES_OF_LAYERS:
        return {name: [1]}
    if name in ("vision_feature_layer", "feature_layer"):
        return {name: -1 if isinstance(value, int) else [-1] * len(value)}
    fixed = {"insert_layer_id": 0, "mrope_section": [8, 4, 4]}
    return {name: fixed.get(name, copy.deepcopy(value))}


def _size(name: str, value: Any, config: Any) -> Any:
    size = SIZES[name]
    if isinstance(value, (list, tuple)):
        return [size] * len(value) if name in ("patch_size", "image_size") else value
    if not isinstance(value, (int, float)):
        return value
    if name == "num_key_value_heads":
        heads = _value(config, "num_attention_heads") or _value(config, "n_head")
        return HEADS if heads == value else 1 if value == 1 else KEY_HEADS
    return min(size, value) if name in _AT_MOST else size


def _rope(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return rotary parameters that fit the tiny heads."""
    for key, value in list(parameters.items()):
        if isinstance(value, dict):
            parameters[key] = _rope(value)
    if "mrope_section" in parameters:
        half = int(HEAD * (parameters.get("partial_rotary_factor") or 1.0)) // 2
        sections = [half // len(parameters["mrope_section"])] * len(parameters["mrope_section"])
        sections[0] += half - sum(sections)
        parameters["mrope_section"] = sections
    for key in ("short_factor", "long_factor"):
        if isinstance(parameters.get(key), list):
            parameters[key] = [1.0] * (HEAD // 2)
    if isinstance(parameters.get("original_max_position_embeddings"), int):
        parameters["original_max_position_embeddings"] = 64
    return parameters
