"""Tiny models of the library's own classes, saved by the library itself; call these in a fork, as they import torch."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import transformers

WORDS = (
    "<unk>", "<s>", "</s>", "<pad>", "<image>", "What", "is", "in", "this", "picture", "?", "USER", "ASSISTANT", ":",
    "The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", ".",
)  # fmt: skip
LLAVA_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | upper }}: {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def word_tokenizer(**more: Any) -> Any:
    """Return a tokenizer that knows a few whole words."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    marks = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, **marks, **more)


def llava(folder: str) -> None:
    """Save a tiny Llava with its processor."""
    import torch

    named = inspect.signature(transformers.LlavaProcessor).parameters
    more = {"num_additional_image_tokens": 1} if "num_additional_image_tokens" in named else {}  # the class token
    size: dict[str, Any] = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    processor = transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessor(**size),
        tokenizer=word_tokenizer(additional_special_tokens=["<image>"]),
        patch_size=8,
        vision_feature_select_strategy="default",
        chat_template=LLAVA_TEMPLATE,
        **more,
    )
    processor.save_pretrained(folder)
    layers = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**layers, image_size=32, patch_size=8, projection_dim=16),
        text_config=transformers.LlamaConfig(**layers, num_key_value_heads=2, vocab_size=64),
        image_token_index=WORDS.index("<image>"),
        vision_feature_layer=-1,
    )
    torch.manual_seed(0)
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)


def vit(folder: str) -> None:
    """Save a tiny ViT with its image processor and without a tokenizer."""
    import torch

    transformers.ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    layers = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = transformers.ViTConfig(**layers, image_size=16, patch_size=8, num_labels=3)
    transformers.ViTForImageClassification(config).save_pretrained(folder)


OUTER_CONFIG = """
from transformers import PretrainedConfig
class OuterConfig(PretrainedConfig):
    model_type = "own-outer"
    def __init__(self, inner=None, **kwargs):
        self.inner = inner
        super().__init__(**kwargs)
"""
OUTER_MODEL = """
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from .conf import OuterConfig
class OuterForCausalLM(PreTrainedModel):
    config_class = OuterConfig
    def __init__(self, config):
        super().__init__(config)
        self.inner = AutoModelForCausalLM.from_pretrained(config.inner)
        self.extra = torch.nn.Linear(2, 2)
        self.post_init()
    def _init_weights(self, module):
        pass
    def forward(self, input_ids=None, **kwargs):
        return self.inner(input_ids=input_ids)
"""


def outer(folder: Path, inner: Path) -> Path:
    """Write a model of its own class, which loads another one in its constructor."""
    import json

    from safetensors.numpy import load_file, save_file

    folder.mkdir(parents=True)
    (folder / "conf.py").write_text(OUTER_CONFIG, encoding="utf-8")
    (folder / "model.py").write_text(OUTER_MODEL, encoding="utf-8")
    auto_map = {"AutoConfig": "conf.OuterConfig", "AutoModelForCausalLM": "model.OuterForCausalLM"}
    config = {"model_type": "own-outer", "inner": str(inner), "architectures": ["OuterForCausalLM"]}
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": auto_map}), encoding="utf-8")
    tensors = {f"inner.{name}": value for name, value in load_file(inner / "model.safetensors").items()}
    tensors["extra.weight"], tensors["extra.bias"] = np.ones((2, 2), np.float32), np.ones(2, np.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def referring(folder: Path) -> Path:
    """Write a model whose ``auto_map`` names the code of another folder, ``code``, beside it."""
    import json

    from safetensors.numpy import save_file

    from tests.support.own_code_model import CONFIG, MODEL, PART

    code = folder.parent / "code"
    folder.mkdir(parents=True)
    code.mkdir()
    for name, text in {"conf.py": CONFIG, "model.py": MODEL, "part.py": PART}.items():
        (code / name).write_text(text, encoding="utf-8")
    auto_map = {"AutoConfig": f"{code}--conf.OwnConfig", "AutoModel": f"{code}--model.OwnModel"}
    config = {"model_type": "own", "architectures": ["OwnModel"], "auto_map": auto_map}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tensors = {"linear.weight": np.ones((2, 2), np.float32), "linear.bias": np.ones(2, np.float32)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def idefics2(folder: str) -> None:
    """Save a tiny Idefics2 without anything that makes its inputs: each text has a list of pictures, with a mask."""
    import torch

    layers = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    resampler = {"resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2, "resampler_head_dim": 16}
    config = transformers.Idefics2Config(
        vision_config={**layers, "image_size": 32, "patch_size": 8},
        perceiver_config={**resampler, "num_key_value_heads": 1, "hidden_size": 32},
        text_config=transformers.MistralConfig(**layers, num_key_value_heads=2, vocab_size=64, pad_token_id=0),
        image_token_id=60,
    )
    torch.manual_seed(0)
    transformers.Idefics2ForConditionalGeneration(config).save_pretrained(folder)


def qwen2_vl(folder: str) -> None:
    """Save a tiny Qwen2-VL without anything that makes its inputs: patches in a row, and how they lie in a grid."""
    import torch

    layers = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.Qwen2VLConfig(
        **layers,
        num_key_value_heads=2,
        vocab_size=64,
        vision_config={"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 8, "mlp_ratio": 1},
        rope_scaling={"type": "mrope", "rope_type": "default", "mrope_section": [4, 2, 2]},
        image_token_id=60,
        video_token_id=61,
        vision_start_token_id=62,
        vision_end_token_id=63,
        bos_token_id=1,
        eos_token_id=2,
    )
    torch.manual_seed(0)
    transformers.Qwen2VLForConditionalGeneration(config).save_pretrained(folder)


def saved(name: str, folder: Path) -> Path:
    """Save one of these models in a fork; return its folder."""
    from tests.support.forked import in_fork

    in_fork(globals()[name], str(folder))
    return folder
