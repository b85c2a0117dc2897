"""The arguments that ``from_pretrained`` takes, in any release since 4.30, of models, configurations and tokenizers."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from tracer.analysis.diagnosis.recorded_load import RecordedLoad
from tracer.releases import library

_NEAR: Final = 0.8  # of difflib, for a misspelt name
_LOADING: Final = (
    "PreTrainedModel.from_pretrained",
    "PreTrainedModel._from_config",
    "PreTrainedConfig.from_pretrained",
    "PreTrainedConfig.__init__",
    "PreTrainedTokenizerBase.from_pretrained",
    "ProcessorMixin.from_pretrained",
    "ImageProcessingMixin.from_pretrained",
    "BaseVideoProcessor.from_pretrained",
)
_WITHOUT_PARAMETER: Final = frozenset(
    {
        # where the files come from
        "resume_download", "proxies", "use_auth_token", "code_revision", "subfolder", "mirror", "commit_hash",
        "output_loading_info", "return_unused_kwargs", "user_agent", "gguf_file", "variant", "from_tf", "from_flax",
        "state_dict", "key_mapping", "adapter_kwargs", "adapter_name", "download_kwargs",
        # how the model is made
        "device_map", "max_memory", "offload_folder", "offload_state_dict", "offload_buffers", "low_cpu_mem_usage",
        "attn_implementation", "experts_implementation", "quantization_config", "load_in_4bit", "load_in_8bit",
        "tp_plan", "tp_size", "device_mesh", "distributed_config", "use_flash_attention_2", "use_kernels",
        "kernel_config", "generation_config",
        # tokenizers and processors
        "use_fast", "tokenizer_type", "tokenizer_file", "padding_side", "truncation_side", "model_max_length",
        "add_bos_token", "add_eos_token", "add_prefix_space", "legacy", "chat_template", "pad_token", "eos_token",
        "bos_token", "unk_token", "min_pixels", "max_pixels", "image_processor_type", "backend", "fix_mistral_regex",
    }
)  # fmt: skip
"""Arguments that no signature has: ``from_pretrained`` pops them from its ``**kwargs``, or hands them on in these to a
tokenizer or processor. The table of releases knows signatures only."""


@lru_cache(maxsize=1)
def loading_arguments() -> frozenset[str]:
    """Return the arguments that loading functions take, in any release since 4.30.

    A name that is nearly one of these, and is none, is taken for a misspelling where nothing used it.
    """
    return _WITHOUT_PARAMETER.union(*(library().parameters_ever(function) for function in _LOADING))


def meant_argument(load: RecordedLoad, name: str) -> str | None:
    """Return the argument or configuration attribute that a name no one knows is nearly like."""
    known = {*loading_arguments(), *load.config}
    if name in known:
        return None
    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    return near[0] if near else None
