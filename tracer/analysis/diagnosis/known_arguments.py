"""The arguments that ``from_pretrained`` takes, in any release since 4.30, of models, configurations and tokenizers."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from tracer.analysis.diagnosis.recorded_load import RecordedLoad

_NEAR: Final = 0.8  # of difflib, for a misspelt name
LOADING_ARGUMENTS: Final = frozenset(
    {
        # where the files come from
        "pretrained_model_name_or_path", "config", "cache_dir", "force_download", "resume_download", "proxies",
        "local_files_only", "token", "use_auth_token", "revision", "code_revision", "subfolder", "mirror",
        "commit_hash", "trust_remote_code", "output_loading_info", "return_unused_kwargs",
        "user_agent", "gguf_file", "variant",
        "use_safetensors", "weights_only", "from_tf", "from_flax", "state_dict", "key_mapping", "adapter_kwargs",
        "adapter_name", "download_kwargs",
        # how the model is made
        "torch_dtype", "dtype", "device_map", "max_memory", "offload_folder", "offload_state_dict", "offload_buffers",
        "low_cpu_mem_usage", "ignore_mismatched_sizes", "attn_implementation", "experts_implementation",
        "quantization_config", "load_in_4bit", "load_in_8bit", "tp_plan", "tp_size", "device_mesh",
        "distributed_config", "use_flash_attention_2", "use_kernels", "kernel_config", "generation_config",
        "output_attentions", "output_hidden_states", "num_labels", "id2label", "label2id", "problem_type",
        # tokenizers and processors
        "use_fast", "tokenizer_type", "tokenizer_file", "padding_side", "truncation_side", "model_max_length",
        "add_bos_token", "add_eos_token", "add_prefix_space", "legacy", "chat_template", "pad_token", "eos_token",
        "bos_token", "unk_token", "min_pixels", "max_pixels", "image_processor_type", "backend", "fix_mistral_regex",
    }
)  # fmt: skip
"""A name that is nearly one of these, and is none, is taken for a misspelling where nothing used it."""


def meant_argument(load: RecordedLoad, name: str) -> str | None:
    """Return the argument or configuration attribute that a name no one knows is nearly like."""
    known = {*LOADING_ARGUMENTS, *load.config}
    if name in known:
        return None
    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    return near[0] if near else None
