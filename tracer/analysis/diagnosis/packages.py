"""Which package brings a module, where that is common knowledge.

An import name is no package's name: the package that has it may be somebody else's, put there for those who guess. So
only what is known is named; for all else the model's page has to say it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_OTHER_NAMES: Final = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "causal_conv1d": "causal-conv1d",
    "cpm_kernels": "cpm-kernels",
    "cv2": "opencv-python",
    "fla": "flash-linear-attention",
    "flash_attn": "flash-attn",
    "google.protobuf": "protobuf",
    "huggingface_hub": "huggingface-hub",
    "mamba_ssm": "mamba-ssm",
    "open_clip": "open_clip_torch",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_SAME_NAME: Final = frozenset(
    {"accelerate", "av", "bitsandbytes", "datasets", "decord", "deepspeed", "diffusers", "einops", "ftfy", "gguf"}
    | {"h5py", "imageio", "jieba", "librosa", "matplotlib", "networkx", "nltk", "numba", "numpy", "onnx"}
    | {"onnxruntime", "optimum", "pandas", "peft", "pydantic", "regex", "requests", "sacremoses", "safetensors"}
    | {"scipy", "sentencepiece", "soundfile", "tiktoken", "timm", "tokenizers", "torchaudio", "torchvision", "tqdm"}
    | {"transformers_stream_generator", "triton", "xformers"}
)


def packages_of(modules: Iterable[str]) -> list[str] | None:
    """Return the packages that bring these modules; None where one of them is not known."""
    found: list[str] = []
    for module in modules:
        top = module.partition(".")[0]
        package = _OTHER_NAMES.get(module) or _OTHER_NAMES.get(top) or (top if top in _SAME_NAME else None)
        if package is None:
            return None
        found.append(package)
    return list(dict.fromkeys(found))
