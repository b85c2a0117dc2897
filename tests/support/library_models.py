"""Tiny models of the library's own classes, saved by the library itself; call these in a fork, as they import torch."""

from __future__ import annotations

import inspect
import string
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


def word_tokenizer(words: tuple[str, ...] = WORDS, **more: Any) -> Any:
    """Return a tokenizer that knows a few whole words."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
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
    known = inspect.signature(transformers.LlavaConfig).parameters
    length = {"image_seq_length": 16} if "image_seq_length" in known else {}  # fewer, and 4.46 expands them itself
    config = transformers.LlavaConfig(
        **length,
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


def whisper(folder: str) -> None:
    """Save a tiny Whisper with its processor: a feature extractor and a tokenizer."""
    import torch

    extractor = transformers.WhisperFeatureExtractor(feature_size=8, chunk_length=1, sampling_rate=16_000)
    extractor.save_pretrained(folder)
    write_letter_tokenizer(folder)
    layers = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = transformers.WhisperConfig(
        **layers, **heads, vocab_size=64, num_mel_bins=8, max_source_positions=50, max_target_positions=32,
        decoder_start_token_id=3, suppress_tokens=None, begin_suppress_tokens=None,
        bos_token_id=1, eos_token_id=2, pad_token_id=3,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.WhisperForConditionalGeneration(config).save_pretrained(folder)


def t5(folder: str) -> None:
    """Save a tiny T5, of whose blocks the first alone has the table of relative positions."""
    import torch

    layers = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 3, "num_decoder_layers": 3, "num_heads": 2}
    config = transformers.T5Config(**layers, vocab_size=64, decoder_start_token_id=0)
    torch.manual_seed(0)
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)


def mixtral(folder: str) -> None:
    """Save a tiny Mixtral with four experts in each layer."""
    import torch

    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
    experts = {"num_local_experts": 4, "num_experts_per_tok": 2}
    config = transformers.MixtralConfig(**layers, **experts, num_key_value_heads=2, vocab_size=64)
    torch.manual_seed(0)
    transformers.MixtralForCausalLM(config).save_pretrained(folder)


AUDIO_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | upper }} : {% for part in message['content'] %}"
    "{% if part['type'] == 'audio' %}<|AUDIO|> {% else %}{{ part['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT :{% endif %}"
)


def qwen2_audio(folder: str) -> None:
    """Save a tiny Qwen2-Audio with its processor: a text with sound in it."""
    import torch

    words = (*WORDS, "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
    processor = transformers.Qwen2AudioProcessor(
        feature_extractor=transformers.WhisperFeatureExtractor(feature_size=8, chunk_length=1),
        tokenizer=word_tokenizer(words=words, additional_special_tokens=list(words[-3:])),
        chat_template=AUDIO_TEMPLATE,
    )
    processor.save_pretrained(folder)
    layers = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.Qwen2AudioConfig(
        audio_config={
            "model_type": "qwen2_audio_encoder", "num_mel_bins": 8, "encoder_layers": 1, "encoder_attention_heads": 2,
            "encoder_ffn_dim": 16, "d_model": 16, "max_source_positions": 50,
        },
        text_config={**layers, "model_type": "qwen2", "num_key_value_heads": 2, "vocab_size": 64},
        audio_token_index=words.index("<|AUDIO|>"),
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.Qwen2AudioForConditionalGeneration(config).save_pretrained(folder)


def mosaic(folder: str) -> None:
    """Write a tiny vision-language model whose code is its own, from the configuration to the processor."""
    import json
    import shutil

    import torch
    from safetensors.torch import save_file

    from tests.data import mosaic as code

    for path in Path(str(code.__file__)).parent.glob("*_mosaic.py"):
        shutil.copy(path, folder)
    names = ["input_ids", "attention_mask"]
    word_tokenizer(additional_special_tokens=["<image>"], model_input_names=names).save_pretrained(folder)
    maps = {
        "AutoConfig": "configuration_mosaic.MosaicConfig",
        "AutoModelForCausalLM": "modeling_mosaic.MosaicForConditionalGeneration",
        "AutoImageProcessor": "image_processing_mosaic.MosaicImageProcessor",
        "AutoProcessor": "processing_mosaic.MosaicProcessor",
    }

    def write(name: str, facts: dict[str, Any], *auto_classes: str) -> None:
        named = {one: maps[one] for one in auto_classes}
        Path(folder, name).write_text(json.dumps({**facts, "auto_map": named}, indent=2), encoding="utf-8")

    marks = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "torch_dtype": "float32"}
    config = {"model_type": "mosaic", "architectures": ["MosaicForConditionalGeneration"], **marks}
    write("config.json", config, "AutoConfig", "AutoModelForCausalLM", "AutoProcessor")
    eyes = {"image_processor_type": "MosaicImageProcessor", "patch_size": 8, "merge_size": 2, "max_patches": 16}
    write("preprocessor_config.json", eyes, "AutoImageProcessor", "AutoProcessor")
    whole = {"processor_class": "MosaicProcessor"}
    write("processor_config.json", whole, "AutoProcessor")
    Path(folder, "chat_template.json").write_text(json.dumps({"chat_template": LLAVA_TEMPLATE}), encoding="utf-8")
    torch.manual_seed(0)
    settings = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=True)
    model = transformers.AutoModelForCausalLM.from_config(settings, trust_remote_code=True)
    save_file(model.state_dict(), Path(folder, "model.safetensors"), metadata={"format": "pt"})


def write_letter_tokenizer(folder: str) -> None:
    """Write the files of a Whisper tokenizer that knows single letters, as 4.44 takes no other for Whisper."""
    import json

    pieces = ["<unk>", "<s>", "<|endoftext|>", "<pad>", "\u0120", ".", "?", *string.ascii_letters]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    Path(folder, "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    Path(folder, "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    settings = {"tokenizer_class": "WhisperTokenizer", "processor_class": "WhisperProcessor"}
    Path(folder, "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    path = Path(folder, "preprocessor_config.json")
    named = {**json.loads(path.read_text("utf-8")), "processor_class": "WhisperProcessor"}
    path.write_text(json.dumps(named), encoding="utf-8")


def qwen2_vl_with_parts(folder: str) -> None:
    """Save a tiny Qwen2-VL with a tokenizer and settings for pictures, as its directories on the hub have them."""
    import json

    qwen2_vl(folder)
    marks = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    words = (*WORDS, *(f"word{number}" for number in range(len(WORDS), 60)), *marks)
    template = LLAVA_TEMPLATE.replace("<image>", "<|vision_start|> <|image_pad|> <|vision_end|>")
    word_tokenizer(words=words, additional_special_tokens=list(marks), chat_template=template).save_pretrained(folder)
    sizes = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2, "min_pixels": 256, "max_pixels": 1024}
    settings = {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor", **sizes}
    Path(folder, "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")


def saved(name: str, folder: Path) -> Path:
    """Save one of these models in a fork; return its folder."""
    from tests.support.forked import in_fork

    folder.mkdir(parents=True, exist_ok=True)
    in_fork(globals()[name], str(folder))
    return folder
