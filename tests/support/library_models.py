"""Tiny models of the library's own classes, saved by the library itself; call these in a fork, as they import torch."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

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


def saved(name: str, folder: Path) -> Path:
    """Save one of these models in a fork; return its folder."""
    from tests.support.forked import in_fork

    in_fork(globals()[name], str(folder))
    return folder
