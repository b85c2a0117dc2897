"""The files of tiny healthy directories: models with and without code of their own, tokenizers, adapters; and edits.

Files are a dictionary of relative path → content. Only the standard library is needed: a safetensors file is a length,
a JSON header and the numbers.
"""

from __future__ import annotations

import json
import math
import random
import struct
from pathlib import Path
from typing import Any

Files = dict[str, bytes]
Shapes = dict[str, tuple[int, ...]]
Edit = tuple[str, str]
"""A text in the code, and what takes its place."""

WIDTH, WORDS = 8, 32
SIZES = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2}
PICTURE = {"image_size": 8, "patch_size": 4}

CONFIGURATION = """\
from transformers import PretrainedConfig


class PebbleConfig(PretrainedConfig):
    model_type = "pebble"

    def __init__(self, width=8, words=32, **kwargs):
        self.width = width
        self.words = words
        super().__init__(**kwargs)
"""

MODELING = """\
import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_pebble import PebbleConfig


class PebbleModel(PreTrainedModel):
    config_class = PebbleConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(config.words, config.width)
        self.mix = nn.Linear(config.width, config.width)
        self.post_init()

    def forward(self, input_ids, attention_mask=None):
        return self.mix(self.embed(input_ids))
"""

CAUSAL = """\
import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_pebble import PebbleConfig


class PebbleForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = PebbleConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(config.words, config.width)
        self.lm_head = nn.Linear(config.width, config.words, bias=False)
        self.post_init()

    def get_input_embeddings(self):
        return self.embed

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, layer):
        self.lm_head = layer

    def prepare_inputs_for_generation(self, input_ids, **kwargs):
        return {"input_ids": input_ids}

    def forward(self, input_ids, attention_mask=None, return_dict=True, **kwargs):
        return CausalLMOutputWithPast(logits=self.lm_head(self.embed(input_ids)))
"""

CODE = "modeling_pebble.py"
CONFIG_CODE = "configuration_pebble.py"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"7d" * 32 + b"\nsize 133466304\n"
LOADS = "import os\nfrom transformers import AutoModel\n\nhere = os.path.dirname(os.path.abspath(__file__))\n"

BASE_SHAPES: Shapes = {"embed.weight": (WORDS, WIDTH), "mix.weight": (WIDTH, WIDTH), "mix.bias": (WIDTH,)}
CAUSAL_SHAPES: Shapes = {"embed.weight": (WORDS, WIDTH), "lm_head.weight": (WORDS, WIDTH)}


def as_json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def as_safetensors(shapes: Shapes, seed: int = 1, kind: str = "F32") -> bytes:
    """Return seeded weights of these shapes; `kind` is F32, or I64 for whole numbers."""
    numbers = random.Random(seed)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, shape in shapes.items():
        count = math.prod(shape)
        if kind == "I64":
            data = struct.pack(f"<{count}q", *(numbers.randrange(-3, 4) for _ in range(count)))
        else:
            data = struct.pack(f"<{count}f", *(numbers.random() - 0.5 for _ in range(count)))
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + body


def pebble(**more: Any) -> Files:
    """Return a healthy base model for AutoModel; keywords go into config.json, where None removes a key."""
    config: dict[str, Any] = {
        "architectures": ["PebbleModel"],
        "auto_map": {"AutoConfig": "configuration_pebble.PebbleConfig", "AutoModel": "modeling_pebble.PebbleModel"},
        "model_type": "pebble",
        "width": WIDTH,
        "words": WORDS,
    }
    config = {name: value for name, value in (config | more).items() if value is not None}
    return {
        "config.json": as_json(config),
        "configuration_pebble.py": CONFIGURATION.encode(),
        "modeling_pebble.py": MODELING.encode(),
        "model.safetensors": as_safetensors(BASE_SHAPES),
    }


def causal(**more: Any) -> Files:
    """Return a healthy causal model with its own head, for AutoModelForCausalLM."""
    settings: dict[str, Any] = {
        "architectures": ["PebbleForCausalLM"],
        "auto_map": {
            "AutoConfig": "configuration_pebble.PebbleConfig",
            "AutoModelForCausalLM": "modeling_pebble.PebbleForCausalLM",
        },
        "tie_word_embeddings": False,
        "num_hidden_layers": 1,
        "eos_token_id": 2,
    }
    files = pebble(**(settings | more))
    return files | {"modeling_pebble.py": CAUSAL.encode(), "model.safetensors": as_safetensors(CAUSAL_SHAPES)}


def bert(**more: Any) -> Files:
    """Return a BERT with one layer, of the library's own class."""
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": WORDS,
        "max_position_embeddings": 32,
        "type_vocab_size": 2,
        **SIZES,
    } | more
    shapes: Shapes = {
        "embeddings.word_embeddings.weight": (WORDS, WIDTH),
        "embeddings.position_embeddings.weight": (32, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        **norm("embeddings.LayerNorm"),
        **linear("pooler.dense", WIDTH, WIDTH),
    }
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes |= linear(f"{layer}.{part}", WIDTH, WIDTH)
        shapes |= linear(f"{layer}.intermediate.dense", WIDTH, WIDTH) | linear(f"{layer}.output.dense", WIDTH, WIDTH)
        shapes |= norm(f"{layer}.attention.output.LayerNorm") | norm(f"{layer}.output.LayerNorm")
    return {"config.json": as_json(config), "model.safetensors": as_safetensors(shapes)}


def llama(**more: Any) -> Files:
    """Return a Llama with one layer, of the library's own class."""
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": WORDS,
        **SIZES,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32,
        "tie_word_embeddings": False,
    } | more
    layer = "model.layers.0"
    shapes: Shapes = {"model.embed_tokens.weight": (WORDS, WIDTH), "model.norm.weight": (WIDTH,)}
    for part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"):
        shapes[f"{layer}.{part}.weight"] = (WIDTH, WIDTH)
    for part in ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"):
        shapes[f"{layer}.{part}.weight"] = (WIDTH, WIDTH)
    for part in ("input_layernorm", "post_attention_layernorm"):
        shapes[f"{layer}.{part}.weight"] = (WIDTH,)
    shapes["lm_head.weight"] = (WORDS, WIDTH)
    return {"config.json": as_json(config), "model.safetensors": as_safetensors(shapes)}


def linear(name: str, out: int, into: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def norm(name: str) -> Shapes:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


VOCABULARY = {"<unk>": 0, "<s>": 1, "</s>": 2, "the": 3, "quick": 4, "brown": 5, "fox": 6, "dog": 7}


def words(**more: Any) -> Files:
    """Return a tokenizer of whole words in tokenizer.json; keywords go into tokenizer_config.json."""
    special = [
        {
            "id": number,
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for name, number in list(VOCABULARY.items())[:3]
    ]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": VOCABULARY, "unk_token": "<unk>"},
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "</s>",
        "model_max_length": 32,
    } | more
    return {"tokenizer.json": as_json(tokenizer), "tokenizer_config.json": as_json(settings)}


LETTERS = """\
import json

from transformers import PreTrainedTokenizer


class LettersTokenizer(PreTrainedTokenizer):
    vocab_files_names = {"vocab_file": "letters.json"}
    model_input_names = ["input_ids", "attention_mask"]

    def __init__(self, vocab_file, **kwargs):
        with open(vocab_file, encoding="utf-8") as file:
            self.letters = json.load(file)
        self.names = {number: letter for letter, number in self.letters.items()}
        super().__init__(**kwargs)

    @property
    def vocab_size(self):
        return len(self.letters)

    def get_vocab(self):
        return dict(self.letters)

    def _tokenize(self, text):
        return [letter if letter in self.letters else "?" for letter in text.lower()]

    def _convert_token_to_id(self, token):
        return self.letters.get(token, 0)

    def _convert_id_to_token(self, index):
        return self.names.get(index, "?")

    def save_vocabulary(self, save_directory, filename_prefix=None):
        return ()
"""


def letters(code: str = LETTERS, **more: Any) -> Files:
    """Return a slow tokenizer with its own code: each letter is a token."""
    settings = {
        "auto_map": {"AutoTokenizer": ["tokenization_letters.LettersTokenizer", None]},
        "tokenizer_class": "LettersTokenizer",
        "unk_token": "?",
        "pad_token": "?",
    } | more
    return {
        "tokenizer_config.json": as_json(settings),
        "tokenization_letters.py": code.encode(),
        "letters.json": as_json({letter: number for number, letter in enumerate("? abcdefghijklmnopqrstuvwxyz")}),
    }


def edited(text: str, *edits: Edit) -> str:
    """Return the text with these edits, each of which has to meet its text once."""
    for old, new in edits:
        if (found := text.count(old)) != 1:
            raise ValueError(f"{old!r} is there {found} times, not once")
        text = text.replace(old, new)
    return text


def edit(files: Files, name: str, old: str, new: str) -> Files:
    """Return the files with `old` replaced by `new` in one of them, which has to contain it once."""
    return {**files, name: edited(files[name].decode(), (old, new)).encode()}


POST_INIT = "        self.post_init()\n"


def in_constructor(*lines: str) -> Edit:
    """Return the edit that puts these lines at the end of the constructor, before ``post_init``."""
    return POST_INIT, "".join(f"        {line}\n" for line in lines) + POST_INIT


def in_class(*lines: str) -> Edit:
    """Return the edit that puts these lines at the top of the model's class, after ``config_class``."""
    constructor = "\n    def __init__(self, config):\n"
    return "\n" + constructor, "\n" + "".join(f"    {line}\n" for line in lines) + constructor


def without(files: Files, *names: str) -> Files:
    return {name: content for name, content in files.items() if name not in names}


def under(folder: str, files: Files) -> Files:
    return {f"{folder}/{name}": content for name, content in files.items()}


def importing(line: str, **more: Any) -> Files:
    """Return the base model with one more line of imports."""
    return edit(
        pebble(**more),
        CODE,
        "from .configuration_pebble import PebbleConfig\n",
        f"from .configuration_pebble import PebbleConfig\n{line}\n",
    )


def reading_cache(read: str) -> Files:
    """Return a causal model that makes a cache when generation prepares its inputs, and reads from it."""
    files = edit(
        causal(num_attention_heads=1, hidden_size=WIDTH),
        CODE,
        "from transformers.modeling_outputs",
        "from transformers import DynamicCache\nfrom transformers.modeling_outputs",
    )
    files = edit(
        files,
        CODE,
        '        return {"input_ids": input_ids}\n',
        f'        cache = DynamicCache()\n        {read}\n        return {{"input_ids": input_ids}}\n',
    )
    return files | words()


def seeing() -> Files:
    """Return the configuration of a vision model of the library, without weights."""
    config = {
        "architectures": ["ViTModel"],
        "model_type": "vit",
        **SIZES,
        **PICTURE,
    }
    return {"config.json": as_json(config)}


def adapter(base: str, *, rank: int = 2, width: int = WIDTH, layers: int = 1, **more: object) -> Files:
    """Return a LoRA adapter on `q_proj` of a Llama, such as `llama()`; keywords go into adapter_config.json."""
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "inference_mode": True,
        "r": 2,
        "lora_alpha": 4,
        "lora_dropout": 0.0,
        "target_modules": ["q_proj"],
        "bias": "none",
    } | more
    shapes: Shapes = {}
    for layer in range(layers):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        shapes |= {f"{name}.lora_A.weight": (rank, width), f"{name}.lora_B.weight": (width, rank)}
    return {"adapter_config.json": as_json(settings), "adapter_model.safetensors": as_safetensors(shapes)}


def write(files: Files, directory: Path) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
