"""Diagnoses of what goes wrong beside the model: its tokenizer, processor, settings of generation, and adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.support.damaged import edit_json, edit_text
from tests.support.loads import Loads
from tests.support.model_files import LETTERS
from tests.support.reading import by_line
from tests.support.small_models import HIDDEN, tiny_llama
from tests.support.troubled import (
    OWN_CONFIGURATION,
    OWN_MODEL,
    adapter,
    add_words,
    llama_with_letters,
    llama_with_words,
    own_causal,
    write_json,
)
from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.analysis.repair import ModelFiles, repair
from tracer.trace.reading import open_trace

CAUSAL = "AutoModelForCausalLM"
TOKENIZER = {"auto_class": "AutoTokenizer", "tokenizer": False}


@dataclass(frozen=True)
class Trouble:
    """Something spoilt in a healthy directory.

    Attributes:
        make: makes the directory.
        kind: of the cause that is named, or of the surprise in a load that goes on; None if this release has no trouble.
            Two kinds, with ``|`` between them, where the rest of the trace decides which of them is named.
        values: some of what it is filled with.
        mend: does what the remedy says; afterwards the load has no cause and not this surprise.
        options: of the load.
        script: what is run instead of a load; ``{model}`` stands for the directory.
    """

    make: Callable[[Path], Path]
    kind: str | None
    values: dict[str, Any] = field(default_factory=dict)
    mend: Callable[[Path], object] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    script: str | None = None


# What is spoilt


def failing_property(value: str) -> str:
    """The own model with a property of this value, which its pass asks for."""
    asking = OWN_MODEL.replace("places = torch.arange(", "self.depth\n        places = torch.arange(")
    made = f"    @property\n    def depth(self):\n        return {value}\n\n    def forward("
    return asking.replace("    def forward(", made)


def with_vocabulary_model(folder: Path) -> Path:
    tiny_llama(folder)
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", **names})
    (folder / "tokenizer.model").write_bytes(b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02")
    return folder


def without_vocabulary(folder: Path) -> Path:
    tiny_llama(folder)
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer"})
    return folder


def merges_as_pairs(folder: Path) -> Path:
    llama_with_words(folder)
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2, "f": 3, "o": 4, "x": 5, "fo": 6, "fox": 7}
    model = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None}
    model |= {"end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    model |= {"vocab": vocabulary, "merges": [["f", "o"], ["fo", "x"]]}
    edit_json(folder / "tokenizer.json", lambda read: read.update(model=model))
    return folder


def merges_as_texts(folder: Path) -> None:
    edit_json(folder / "tokenizer.json", lambda read: read["model"].update(merges=["f o", "fo x"]))


def cut_off(folder: Path) -> Path:
    llama_with_words(folder)
    path = folder / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8")[:200], encoding="utf-8")
    return folder


def id_too_high(folder: Path) -> Path:
    llama_with_words(folder)
    edit_json(folder / "tokenizer.json", lambda read: read["model"]["vocab"].update(fox=99))
    return folder


def pads_as_of_old(folder: Path) -> Path:
    return llama_with_letters(folder, LETTERS + PAD.format(more=""))


PAD = """
    def _pad(self, encoded_inputs, max_length=None, padding_strategy=None, pad_to_multiple_of=None,
             return_attention_mask=None{more}):
        encoded_inputs["attention_mask"] = [1] * len(encoded_inputs["input_ids"])
        return encoded_inputs
"""

SETS = """\
        with open(vocab_file, encoding="utf-8") as file:
            self.letters = json.load(file)
        self.names = {number: letter for letter, number in self.letters.items()}
"""
CALLS = "        super().__init__(**kwargs)\n"


def base_first(folder: Path) -> Path:
    return llama_with_letters(folder, LETTERS.replace(SETS + CALLS, CALLS + SETS))


def set_first(folder: Path) -> None:
    (folder / "tokenization_letters.py").write_text(LETTERS, encoding="utf-8")


def generation(folder: Path, **settings: Any) -> Path:
    llama_with_words(folder)
    write_json(folder / "generation_config.json", {"eos_token_id": 2, **settings})
    return folder


def processor(folder: Path, **settings: Any) -> Path:
    tiny_llama(folder)
    write_json(folder / "preprocessor_config.json", {"do_resize": True, **settings})
    return folder


def saving(folder: Path, *names: str, tensors: tuple[str, ...] = (), rows: int = 32, **settings: Any) -> Path:
    """An adapter with `modules_to_save`, and tensors for some of them."""
    adapter(folder, llama_with_words(folder.with_name("base")), modules_to_save=[*names], **settings)
    weights = load_file(folder / "adapter_model.safetensors")
    weights |= {f"base_model.model.{name}.weight": np.ones((rows, HIDDEN), np.float32) for name in tensors}
    save_file(weights, folder / "adapter_model.safetensors")
    return folder


def adapter_with(folder: Path, shapes: dict[str, tuple[int, ...]], *, alone: bool = False) -> Path:
    """An adapter that has these tensors as well, or alone."""
    path = folder / "adapter_model.safetensors"
    tensors = {} if alone else load_file(path)
    tensors |= {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    save_file(tensors, path, {"format": "pt"})
    return folder


PLACES = "        places = torch.arange("
NAMED = "return CausalLMOutputWithPast(logits=self.lm_head(self.words(input_ids) + self.places(places)))"
PREPARED = '        return {"input_ids": input_ids}'
SUBSCRIPTED = """\
        past = kwargs.get("past_key_values")
        self.length = past[0][0].shape[2] if past is not None else 0
"""


def given_twice(folder: Path, *, in_file: bool = True) -> Path:
    llama_with_letters(
        folder, LETTERS.replace("super().__init__(**kwargs)", 'super().__init__(errors="strict", **kwargs)')
    )
    if in_file:
        edit_json(folder / "tokenizer_config.json", lambda read: read.update(errors="replace"))
    return folder


def token_of_its_own(folder: Path) -> Path:
    return llama_with_letters(folder, LETTERS + '\n    @property\n    def pad_token(self):\n        return "?"\n')


def without_merges(folder: Path) -> Path:
    tiny_llama(folder)
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer"})
    write_json(folder / "vocab.json", {"a": 0, "b": 1, "<|endoftext|>": 2})
    return folder


def own_processor(folder: Path) -> Path:
    llama_with_words(folder)
    code = """\
from transformers import ProcessorMixin


class OwnProcessor(ProcessorMixin):
    attributes = ["image_processor", "tokenizer"]
    image_processor_class = "OwnImageProcessor"
    tokenizer_class = "AutoTokenizer"

    def __init__(self, image_processor=None, tokenizer=None, **kwargs):
        super().__init__(image_processor, tokenizer)
"""
    (folder / "processing_own.py").write_text(code, encoding="utf-8")
    settings = {"auto_map": {"AutoProcessor": "processing_own.OwnProcessor"}, "processor_class": "OwnProcessor"}
    write_json(folder / "preprocessor_config.json", settings | {"image_processor_type": "OwnImageProcessor"})
    return folder


SEARCHING = """
    def search(self, input_ids):
        return self.greedy_search(input_ids)
"""
SEARCHED = """
import torch
from transformers import AutoModelForCausalLM
AutoModelForCausalLM.from_pretrained({model!r}, trust_remote_code=True).search(torch.tensor([[3, 4]]))
"""


def kindless(folder: Path) -> Path:
    edit_json(folder / "adapter_config.json", lambda read: read.pop("peft_type"))
    return folder


def pointing(folder: Path) -> Path:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'7d' * 32}\nsize 133466304\n"
    (folder / "adapter_model.safetensors").write_text(pointer, encoding="utf-8")
    return folder


def quantized(folder: Path) -> Path:
    tiny_llama(folder)
    method = {"quant_method": "gptq", "bits": 4}
    edit_json(folder / "config.json", lambda config: config.update(quantization_config=method))
    return folder


def without(folder: Path, name: str) -> Path:
    (folder / name).unlink()
    return folder


def merged(folder: Path) -> Path:
    llama_with_words(folder)
    write_json(folder / "adapter_config.json", {"peft_type": "LORA", "base_model_name_or_path": "glm-trace/no-base"})
    return folder


def unmapped(folder: Path) -> Path:
    llama_with_letters(folder)
    edit_json(folder / "tokenizer_config.json", lambda read: read.pop("auto_map"))
    return folder


def mapped(folder: Path) -> None:
    auto_map = {"AutoTokenizer": ["tokenization_letters.LettersTokenizer", None]}
    edit_json(folder / "tokenizer_config.json", lambda read: read.update(auto_map=auto_map))


OTHER_NAMES = OWN_CONFIGURATION.replace(
    "self.num_hidden_layers, self.num_attention_heads, self.hidden_size = depth, 1, width", "self.n_layer = depth"
)
WITHOUT_MIXIN = OWN_MODEL.replace("(PreTrainedModel, GenerationMixin)", "(PreTrainedModel)")
NARROW = (
    OWN_MODEL
    + """
    def _update_model_kwargs_for_generation(self, outputs, model_kwargs):
        return model_kwargs
"""
)
SHORT = OWN_MODEL.replace("for_generation(self, input_ids, **kwargs)", "for_generation(self, **kwargs)").replace(
    'return {"input_ids": input_ids}', "return kwargs"
)
DEMANDING = OWN_MODEL.replace("for_generation(self, input_ids,", "for_generation(self, input_ids, mood,")
BY_ITS_CLASS = """
import sys
sys.path.insert(0, {model!r} + "/..")
import torch
from dir.modeling_own import OwnForCausalLM
OwnForCausalLM.from_pretrained({model!r}).generate(torch.tensor([[3, 4]]), max_new_tokens=2)
"""
SLOW = """
from transformers import SpeechT5Tokenizer
SpeechT5Tokenizer.from_pretrained({model!r})
"""
CHAT = """
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained({model!r})
tokenizer.apply_chat_template([{{"role": "user", "content": "the fox"}}], tokenize=False)
"""
NOTHING_SAID = """
from transformers import AutoTokenizer
AutoTokenizer.from_pretrained({model!r}).apply_chat_template([], tokenize=False)
"""
PADDING = """
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained({model!r})
tokenizer(["the fox", "the"], padding=True)
"""
QUANTIZED = """
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
AutoModelForCausalLM.from_pretrained({model!r}, quantization_config=BitsAndBytesConfig(load_in_8bit=True))
"""
LORA = """
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
get_peft_model(AutoModelForCausalLM.from_pretrained({model!r}), LoraConfig(r=2, target_modules=["query_key_value"]))
"""
GENERATE = """
import torch
from transformers import LlamaModel
LlamaModel.from_pretrained({model!r}).generate(torch.tensor([[3, 4]]), max_new_tokens=2)
"""
GENERATING = """
import torch
from transformers import LlamaForCausalLM
LlamaForCausalLM.from_pretrained({{model!r}}).generate(torch.tensor([[3, 4]]), {given})
"""
CALLING = """
import torch
from transformers import AutoModelForCausalLM
AutoModelForCausalLM.from_pretrained({model!r}, trust_remote_code=True)(torch.tensor([[3, 4]]))
"""
RENDERED = """
from transformers import AutoTokenizer
AutoTokenizer.from_pretrained({model!r}).apply_chat_template([{{"role": "user", "content": "the fox"}}], tokenize=False)
"""
SEEING = """
import numpy
from transformers import AutoImageProcessor
AutoImageProcessor.from_pretrained({model!r})(numpy.zeros((9, 9, 3), dtype=numpy.uint8))
"""
PROCESSING = """
from transformers import AutoProcessor
AutoProcessor.from_pretrained({model!r}, trust_remote_code=True)
"""
LOADING = """
from transformers import AutoModel
AutoModel.from_pretrained("{given}")
"""

TROUBLES: dict[str, Trouble] = {
    # tokenizers
    "a SentencePiece model without the package": Trouble(
        with_vocabulary_model,
        by_line("vocabulary-package-missing", "vocabulary-package-missing-misled"),
        {"file": "tokenizer.model", "names": ["sentencepiece", "protobuf"]},
        add_words,
        TOKENIZER,
    ),
    "no vocabulary": Trouble(
        without_vocabulary, by_line("vocabulary-missing", "tokenizer-empty"), {}, add_words, TOKENIZER
    ),
    "merges as pairs": Trouble(
        merges_as_pairs, by_line("tokenizer-merges-newer", None), {}, merges_as_texts, TOKENIZER
    ),
    "a tokenizer.json cut off": Trouble(cut_off, "tokenizer-file-broken|not-json", {}, add_words, TOKENIZER),
    "a class of 5.x": Trouble(
        lambda folder: llama_with_words(folder, tokenizer_class="TokenizersBackend"),
        by_line("tokenizer-class-newer", None),
        by_line({"class": "TokenizersBackend", "since": "5.0"}, {}),
        lambda folder: add_words(folder, tokenizer_class="PreTrainedTokenizerFast"),
        TOKENIZER,
    ),
    "an id without a row": Trouble(
        id_too_high, "token-out-of-range", {"id": 99, "rows": 32, "path": "model.embed_tokens"}, add_words
    ),
    "an own _pad of old": Trouble(
        pads_as_of_old,
        by_line(None, "override-lacks-newer-parameter"),
        by_line({}, {"class": "LettersTokenizer", "method": "_pad", "name": "padding_side", "since": "4.45"}),
        lambda folder: edit_text(
            folder / "tokenization_letters.py",
            "return_attention_mask=None)",
            "return_attention_mask=None, padding_side=None)",
        ),
    ),
    "an own tokenizer that calls its base first": Trouble(
        base_first,
        "attribute-set-too-late|attribute-not-set-yet",
        {"class": "LettersTokenizer", "name": "letters", "file": "tokenization_letters.py"},
        set_first,
    ),
    "an own tokenizer that wants more": Trouble(
        lambda folder: llama_with_letters(folder, LETTERS.replace("vocab_file, **", "vocab_file, case, **")),
        "constructor-wants-more",
        {"class": "LettersTokenizer", "names": ["case"], "file": "tokenization_letters.py"},
        lambda folder: edit_text(folder / "tokenization_letters.py", "case,", "case=None,"),
    ),
    "a chat without a template": Trouble(
        llama_with_words,
        "chat-template-missing",
        {},
        lambda folder: add_words(folder, chat_template="{% for m in messages %}{{ m['content'] }}{% endfor %}"),
        script=CHAT,
    ),
    "a template that breaks off": Trouble(
        lambda folder: llama_with_words(folder, chat_template="{% for message in messages %}"),
        "chat-template-failed",
        {},
        script=CHAT,
    ),
    "padding without a token": Trouble(
        lambda folder: llama_with_words(folder, pad_token=None), "padding-token-missing", {}, add_words, script=PADDING
    ),
    "several templates, none of them the default": Trouble(
        lambda folder: llama_with_words(
            folder, chat_template=[{"name": name, "template": "x"} for name in ("tool_use", "plain")]
        ),
        "chat-template-to-choose",
        script=CHAT,
    ),
    "own code that is not mapped": Trouble(
        unmapped, "tokenizer-code-not-mapped", {"module": "tokenization_letters"}, mapped
    ),
    "a class that needs a package": Trouble(
        with_vocabulary_model, "library-package-missing", {"packages": "sentencepiece"}, script=SLOW
    ),
    "a text too long": Trouble(
        lambda folder: own_causal(folder, places=4),
        "position-out-of-range",
        {"rows": 4, "path": "places"},
        options={"prompt": "the quick brown fox the dog"},
    ),
    "a pass without an argument": Trouble(
        lambda folder: own_causal(folder, OWN_MODEL.replace("attention_mask=None,", "pixels, attention_mask=None,")),
        "forward-wants-more",
        {"class": "OwnForCausalLM", "names": ["pixels"], "file": "modeling_own.py"},
        lambda folder: edit_text(folder / "modeling_own.py", "pixels,", "pixels=None,"),
    ),
    "a property that fails in the pass": Trouble(
        lambda folder: own_causal(folder, failing_property("len(self.config.model_type).depth")),
        "hidden-error",
        {"property": "depth", "class": "OwnForCausalLM", "message": "'int' object has no attribute 'depth'"},
        lambda folder: edit_text(folder / "modeling_own.py", ").depth", ")"),
    ),
    "a property that reads what the configuration lacks": Trouble(
        lambda folder: own_causal(folder, failing_property("self.config.deepness")),
        "attribute-missing",
        {"name": "deepness", "class": "OwnConfig", "function": "OwnForCausalLM.depth"},
        lambda folder: edit_json(folder / "config.json", lambda config: config.update(deepness=1)),
    ),
    # generation
    "a configuration with other names": Trouble(
        lambda folder: own_causal(folder, configuration=OTHER_NAMES),
        by_line(None, "configuration-names-otherwise"),
        by_line({}, {"class": "OwnConfig", "name": "num_hidden_layers", "other": "n_layer"}),
        lambda folder: edit_text(
            folder / "configuration_own.py",
            'model_type = "own"',
            'model_type = "own"\n    attribute_map = {"num_hidden_layers": "n_layer"}',
        ),
        {"generate": 2},
    ),
    "a method with fewer parameters": Trouble(
        lambda folder: own_causal(folder, NARROW),
        "override-lacks-parameter",
        {"class": "OwnForCausalLM", "method": "_update_model_kwargs_for_generation", "name": "is_encoder_decoder"},
        lambda folder: edit_text(
            folder / "modeling_own.py", "outputs, model_kwargs)", "outputs, model_kwargs, **kwargs)"
        ),
        {"generate": 2},
    ),
    "a method with fewer places": Trouble(
        lambda folder: own_causal(folder, SHORT),
        "override-takes-fewer",
        {"class": "OwnForCausalLM", "method": "prepare_inputs_for_generation", "takes": 0, "given": 1},
        lambda folder: (folder / "modeling_own.py").write_text(OWN_MODEL, encoding="utf-8"),
        {"generate": 2},
    ),
    "a method that wants more": Trouble(
        lambda folder: own_causal(folder, DEMANDING),
        "override-wants-more",
        {"class": "OwnForCausalLM", "method": "prepare_inputs_for_generation", "names": ["mood"]},
        lambda folder: edit_text(folder / "modeling_own.py", "input_ids, mood,", "input_ids, mood=None,"),
        {"generate": 2},
    ),
    "no GenerationMixin": Trouble(
        lambda folder: own_causal(folder, WITHOUT_MIXIN),
        by_line(None, "generation-mixin-missing"),
        by_line({}, {"class": "OwnForCausalLM", "file": "modeling_own.py"}),
        lambda folder: (folder / "modeling_own.py").write_text(OWN_MODEL, encoding="utf-8"),
        script=BY_ITS_CLASS,
    ),
    "a negative length": Trouble(
        lambda folder: generation(folder, max_new_tokens=-4),
        "generation-settings-invalid",
        {"names": ["max_new_tokens"], "written": '"max_new_tokens": -4'},
        generation,
    ),
    "a length in quotes": Trouble(
        lambda folder: generation(folder, max_new_tokens="20"),
        "generation-settings-invalid",
        {"names": ["max_new_tokens"]},
        generation,
    ),
    "settings that are no JSON": Trouble(
        lambda folder: (
            llama_with_words(folder),
            (folder / "generation_config.json").write_text("{", encoding="utf-8"),
        )[0],
        "generation-settings-unread",
        {},
        generation,
    ),
    "a model without a head": Trouble(llama_with_words, "model-without-head", {"class": "LlamaModel"}, script=GENERATE),
    # quantization
    "an object of one method for weights of another": Trouble(
        quantized,
        "quantization-refused",
        {"method": "bitsandbytes"},
        script=QUANTIZED,
    ),
    # processors
    "an unknown image processor": Trouble(
        lambda folder: processor(folder, image_processor_type="OurOwnImageProcessor"),
        "processor-class-unknown",
        {"class": "OurOwnImageProcessor", "file": "preprocessor_config.json"},
        lambda folder: processor(folder, image_processor_type="CLIPImageProcessor"),
        {"auto_class": "AutoImageProcessor", "tokenizer": False},
    ),
    "a misspelt image processor": Trouble(
        lambda folder: processor(folder, image_processor_type="ClipImageProcessor"),
        "processor-class-misspelt",
        {"class": "ClipImageProcessor"},
        lambda folder: processor(folder, image_processor_type="CLIPImageProcessor"),
        {"auto_class": "AutoImageProcessor", "tokenizer": False},
    ),
    "an image processor of a newer release": Trouble(
        lambda folder: processor(folder, image_processor_type="Qwen2VLImageProcessor"),
        by_line("processor-class-newer", None),
        by_line({"since": "4.45"}, {}),
        options={"auto_class": "AutoImageProcessor", "tokenizer": False},
    ),
    "an image processor without a name": Trouble(
        processor, "processor-class-not-named", {}, None, {"auto_class": "AutoImageProcessor", "tokenizer": False}
    ),
    "no processor's files": Trouble(
        tiny_llama, "processor-files-missing", {}, None, {"auto_class": "AutoImageProcessor", "tokenizer": False}
    ),
    # a pass and generation
    "inputs that the model does not take": Trouble(
        llama_with_words,
        "generation-inputs-unused",
        {"names": ["token_type_ids"], "class": "LlamaForCausalLM"},
        script=GENERATING.format(given="token_type_ids=torch.tensor([[0, 0]]), max_new_tokens=2"),
    ),
    "no room to write": Trouble(
        llama_with_words,
        "generation-no-room",
        {"most": 2, "length": 2},
        script=GENERATING.format(given="max_length=2"),
    ),
    "a forward that returns a tuple": Trouble(
        lambda folder: own_causal(folder, OWN_MODEL.replace(NAMED, "return (self.lm_head(self.words(input_ids)),)")),
        "forward-returns-tuple",
        {"class": "OwnForCausalLM", "name": "logits"},
        lambda folder: (folder / "modeling_own.py").write_text(OWN_MODEL, encoding="utf-8"),
        {"generate": 2},
    ),
    "a mask that was not given": Trouble(
        lambda folder: own_causal(
            folder, OWN_MODEL.replace(PLACES, f"        length = attention_mask.shape[1]\n{PLACES}")
        ),
        "argument-is-none",
        {"name": "attention_mask", "file": "modeling_own.py"},
        script=CALLING,
    ),
    "a cache taken for tuples": Trouble(
        lambda folder: own_causal(folder, OWN_MODEL.replace(PREPARED, f"{SUBSCRIPTED}{PREPARED}"), depth=1),
        by_line(None, "cache-as-tuple"),
        by_line({}, {"class": "DynamicCache", "file": "modeling_own.py"}),
        options={"generate": 2},
    ),
    "an argument given twice": Trouble(
        lambda folder: given_twice(folder),
        "argument-given-twice",
        {"name": "errors", "there": "tokenizer_config.json"},
        lambda folder: edit_json(folder / "tokenizer_config.json", lambda read: read.pop("errors")),
    ),
    "an argument given twice by the caller": Trouble(
        lambda folder: given_twice(folder, in_file=False),
        "argument-given-twice-somewhere",
        {"name": "errors"},
        script="from transformers import AutoTokenizer\n"
        "AutoTokenizer.from_pretrained({model!r}, trust_remote_code=True, errors='ignore')",
    ),
    "a script for an earlier release": Trouble(
        llama_with_words,
        by_line(None, "release-gone"),
        by_line({}, {"things": ["PreTrainedTokenizerBase.batch_encode_plus"], "file": "script.py"}),
        script="from transformers import AutoTokenizer\n"
        "AutoTokenizer.from_pretrained({model!r}).batch_encode_plus(['the fox'])",
    ),
    "an import for an earlier release": Trouble(
        llama_with_words,
        by_line(None, "release-gone"),
        by_line({}, {"replacements": ["CLIPFeatureExtractor → CLIPImageProcessor"]}),
        script="from transformers import CLIPFeatureExtractor, AutoTokenizer\nAutoTokenizer.from_pretrained({model!r})",
    ),
    # tokens and templates
    "a template for a newer release": Trouble(
        lambda folder: llama_with_words(folder, chat_template="{{ strftime_now('%Y') }}"),
        by_line("template-name-newer", None),
        by_line({"name": "strftime_now", "since": "4.46"}, {}),
        script=RENDERED,
    ),
    "a template that wants what nobody gives": Trouble(
        lambda folder: llama_with_words(folder, chat_template="{{ mood.name }}"),
        "template-name-undefined",
        {"name": "mood"},
        script=RENDERED,
    ),
    "a template that refuses": Trouble(
        lambda folder: llama_with_words(folder, chat_template="{{ raise_exception('No user may speak.') }}"),
        "chat-template-refused",
        {"message": "No user may speak"},
        script=RENDERED,
    ),
    "a token that is an object": Trouble(
        lambda folder: llama_with_words(folder, pad_token={"content": "</s>"}),
        "special-token-no-text",
        {"name": "pad_token", "file": "tokenizer_config.json", "type": "dict"},
        lambda folder: edit_json(folder / "tokenizer_config.json", lambda read: read.update(pad_token="</s>")),
    ),
    "a token that can't be set": Trouble(
        token_of_its_own,
        by_line("property-given-in-json", None),
        by_line({"name": "pad_token", "class": "LettersTokenizer"}, {}),
        lambda folder: edit_json(folder / "tokenizer_config.json", lambda read: read.pop("pad_token")),
    ),
    "words without merges": Trouble(
        without_merges, "vocabulary-half-missing", {"name": "merges.txt", "there": "vocab.json"}, options=TOKENIZER
    ),
    # processors in use
    "a size that is not taken": Trouble(
        lambda folder: processor(folder, image_processor_type="ViTImageProcessor", size={"longest_edge": 8}),
        "processor-setting-refused",
        {"name": "size", "class": "ViTImageProcessor"},
        script=SEEING,
    ),
    "an own image processor that is not mapped": Trouble(
        own_processor,
        "processor-part-unknown",
        {"name": "OwnImageProcessor", "part": "image_processor"},
        script=PROCESSING,
    ),
    "an adapter that does not say what it is": Trouble(
        lambda folder: kindless(adapter(folder, llama_with_words(folder.with_name("base")))),
        "adapter-entry-missing",
        {"name": "peft_type"},
    ),
    "an adapter of no rank": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), r=0),
        "adapter-setting-refused",
        {"name": "r", "written": '"r": 0'},
    ),
    "an adapter's weights that are a pointer": Trouble(
        lambda folder: pointing(adapter(folder, llama_with_words(folder.with_name("base")))),
        "file-is-pointer",
        {"file": "adapter_model.safetensors"},
    ),
    "broken names of special tokens": Trouble(
        lambda folder: (
            llama_with_words(folder),
            (folder / "special_tokens_map.json").write_text("{", encoding="utf-8"),
        )[0],
        "not-json",
        {"file": "<model>/special_tokens_map.json"},
        lambda folder: (folder / "special_tokens_map.json").unlink(),
    ),
    "a search that generation has no more": Trouble(
        lambda folder: own_causal(folder, OWN_MODEL + SEARCHING),
        "release-gone",
        {"thing": "greedy_search", "file": "modeling_own.py"},
        script=SEARCHED,
    ),
    "an adapter without its configuration": Trouble(
        llama_with_words,
        "adapter-config-missing",
        {},
        script="from peft import PeftModel\nfrom transformers import AutoModelForCausalLM\n"
        "PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained({model!r}), {model!r})",
    ),
    # what is given
    "a path that is not there": Trouble(
        tiny_llama, "path-not-there", {"path": "./models/of/nobody"}, script=LOADING.format(given="./models/of/nobody")
    ),
    "a file for the directory": Trouble(
        tiny_llama, "path-of-file", {"folder": "./own/dir"}, script=LOADING.format(given="./own/dir/model.safetensors")
    ),
    # adapters
    "targets of another architecture": Trouble(
        tiny_llama,
        "lora-targets-missing",
        {"names": ["query_key_value"], "class": "LlamaForCausalLM"},
        script=LORA,
    ),
    "an adapter of a grown vocabulary": Trouble(
        lambda folder: adapter_with(
            adapter(folder, llama_with_words(folder.with_name("base")), modules_to_save=["embed_tokens"]),
            {"base_model.model.model.embed_tokens.weight": (80, 16)},
        ),
        "adapter-of-other-vocabulary",
        {"rows": 80},
    ),
    "an adapter whose names fit nothing": Trouble(
        lambda folder: adapter_with(
            adapter(folder, llama_with_words(folder.with_name("base"))),
            {"model.layers.0.attention.q_proj.lora_A.weight": (2, 16)},
            alone=True,
        ),
        "adapter-unused",
        {"there": ["model.layers.0.attention.q_proj.lora_A.weight"]},
    ),
    "a key of a newer peft": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), corda_config=None, eva_config=None),
        by_line("adapter-key-newer", None),  # new releases of peft leave out what they do not know
        by_line({"names": ["corda_config", "eva_config"], "since": "0.15"}, {}),
        lambda folder: edit_json(
            folder / "adapter_config.json", lambda read: (read.pop("corda_config"), read.pop("eva_config"))
        ),
    ),
    "a key that no peft has beside one of a newer peft": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), no_such_key=None, corda_config=None),
        by_line("adapter-key-unknown", None),
        by_line({"name": "no_such_key"}, {}),
    ),
    "a key that no peft has": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), no_such_key=None),
        by_line("adapter-key-unknown", None),
        {},
        lambda folder: edit_json(folder / "adapter_config.json", lambda read: read.pop("no_such_key")),
    ),
    "a module to save that is not there": Trouble(
        lambda folder: saving(folder, "lm_head", "classifier", tensors=("lm_head",)),
        "saved-modules-absent",
        {"names": ["classifier"], "class": "LlamaForCausalLM"},
        lambda folder: edit_json(folder / "adapter_config.json", lambda read: read["modules_to_save"].pop()),
    ),
    "a module to save without weights": Trouble(
        lambda folder: saving(folder, "lm_head"),
        "saved-modules-unfilled",
        {"names": ["lm_head.modules_to_save.default.weight"]},
        lambda folder: edit_json(folder / "adapter_config.json", lambda read: read.pop("modules_to_save")),
    ),
    "an adapter without weights": Trouble(
        lambda folder: without(
            adapter(folder, llama_with_words(folder.with_name("base"))), "adapter_model.safetensors"
        ),
        "adapter-weights-missing",
        {},
        lambda folder: adapter(folder, folder.with_name("base")),
    ),
    "an adapter of no known kind": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), peft_type="LORAX"),
        "adapter-kind-unknown",
        {"kind": "LORAX"},
        lambda folder: adapter(folder, folder.with_name("base")),
    ),
    "an adapter that does not say its kind": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), peft_type=None),
        "adapter-kind-not-named",
        {},
        lambda folder: adapter(folder, folder.with_name("base")),
    ),
    "an adapter's configuration left behind": Trouble(
        merged,
        "adapter-config-left",
        {"base": "glm-trace/no-base"},
        lambda folder: (folder / "adapter_config.json").unlink(),
    ),
    "another rank": Trouble(
        lambda folder: adapter(folder, llama_with_words(folder.with_name("base")), rank=4),
        "adapter-rank-differs",
        {"there": 4, "here": 2},
        lambda folder: edit_json(folder / "adapter_config.json", lambda read: read.update(r=4)),
    ),
}


def sees(folder: Path, key: str, **settings: Any) -> Path:
    """A model that says it sees, by a key of config.json, and whose tokenizer makes no pixels."""
    own_causal(folder, **{key: {"image_size": 8}})
    add_words(folder, **settings)
    return folder


def reads(folder: Path) -> Path:
    """A model of the library for text alone, with a left-over entry of one that sees."""
    llama_with_words(folder)
    edit_json(folder / "config.json", lambda config: config.update(visual={"image_size": 8}))
    return folder


@pytest.mark.parametrize(
    ("auto_class", "made", "expected"),
    [
        (CAUSAL, {"names": ("lm_head",)}, ["saved-modules-unfilled"]),
        (CAUSAL, {"names": ("lm_head",), "tensors": ("lm_head",)}, []),
        (  # peft writes both names for every classifier, of which a Llama has one
            "AutoModelForSequenceClassification",
            {"names": ("classifier", "score"), "tensors": ("score",), "rows": 2, "task_type": "SEQ_CLS"},
            [],
        ),
    ],
    ids=["without weights", "with weights", "classifier"],
)
def test_what_an_adapter_saves_beside_its_own_is_not_called_random(
    auto_class: str, made: dict[str, Any], expected: list[str], loads: Loads, tmp_path: Path
) -> None:
    model = saving(tmp_path / "dir", *made.pop("names"), **made)
    trouble = Trouble(saving, None, options={"auto_class": auto_class, "tokenizer": False, "forward": False})
    found = diagnosed(loads, model, trouble, tmp_path)
    assert [one.kind for one in found.surprises if one.kind.startswith("saved-modules")] == expected
    assert [one.kind for one in found.surprises if "modules_to_save" in str(one.values.get("names"))] == expected
    assert "class-not-saved" not in [one.kind for one in found.surprises]


TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


@pytest.mark.parametrize(
    ("key", "settings", "kind"),
    [
        ("visual", {}, "picture-not-given"),
        ("visual", {"chat_template": TEMPLATE}, "picture-not-given"),
        ("vision_config", {"chat_template": TEMPLATE}, "picture-dropped"),
        ("vision_config", {}, "picture-not-given"),  # a picture goes into a conversation only: text alone is given
    ],
)
def test_a_picture_that_does_not_arrive_is_told(
    key: str, settings: dict[str, Any], kind: str, loads: Loads, tmp_path: Path
) -> None:
    found = diagnosed(loads, sees(tmp_path / "dir", key, **settings), Trouble(tiny_llama, kind), tmp_path)
    assert found.status == "loaded"
    assert [one.kind for one in found.surprises if one.kind.startswith(("picture", "not-"))] == [kind]


def test_no_picture_is_missed_by_a_model_for_text(loads: Loads, tmp_path: Path) -> None:
    found = diagnosed(loads, reads(tmp_path / "dir"), Trouble(reads, None), tmp_path)
    assert found.status == "loaded"
    assert [one.kind for one in found.surprises if one.kind.startswith(("picture", "not-"))] == []


def test_an_empty_conversation_lacks_no_template(loads: Loads, tmp_path: Path) -> None:
    model = llama_with_words(tmp_path / "dir", chat_template=TEMPLATE)
    found = diagnosed(loads, model, Trouble(llama_with_words, None, script=NOTHING_SAID), tmp_path)
    assert found.status == "failed"
    assert [one.kind for one in found.causes if one.kind.startswith("chat-template")] == []


def test_a_layer_with_a_configuration_of_its_own_is_no_model(loads: Loads, tmp_path: Path) -> None:
    """Such as sentence-transformers has, with its sizes alone."""
    folder = tmp_path / "dir"
    write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 8})
    found = diagnosed(loads, folder, Trouble(tiny_llama, None), tmp_path)
    assert [one.kind for one in found.causes] == ["config-missing"]


@pytest.mark.parametrize("make", [llama_with_words, llama_with_letters, own_causal])
def test_healthy_directories_are_quiet(make: Callable[[Path], Path], loads: Loads, tmp_path: Path) -> None:
    found = diagnosed(loads, make(tmp_path / "dir"), Trouble(make, None), tmp_path)
    assert (found.status, found.causes) == ("loaded", [])
    assert [one.kind for one in found.surprises if one.kind != "said"] == []


EVERYDAY = {
    "a SentencePiece model without the package",
    "merges as pairs",
    "an own _pad of old",
    "an own tokenizer that calls its base first",
    "a chat without a template",
    "a length in quotes",
    "an unknown image processor",
    "an adapter's configuration left behind",
}
assert TROUBLES.keys() >= EVERYDAY
SOME = [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in TROUBLES]


@pytest.mark.parametrize("name", SOME)
def test_the_trouble_is_named_and_its_remedy_works(name: str, loads: Loads, tmp_path: Path) -> None:
    trouble = TROUBLES[name]
    model = trouble.make(tmp_path / "dir")
    found = diagnosed(loads, model, trouble, tmp_path)
    if trouble.kind is None:
        assert found.causes == []
        return
    kinds = trouble.kind.split("|")
    (cause,) = [one for one in (*found.causes, *found.surprises) if one.kind in kinds] or pytest.fail(str(found))
    assert len(found.causes) <= 1, found.causes
    assert trouble.values.items() <= cause.values.items()
    if trouble.mend is None:
        return
    trouble.mend(model)
    after = diagnosed(loads, model, trouble, tmp_path)
    assert (after.status, after.causes) == ("loaded", []), after
    assert not {one.kind for one in after.surprises} & set(kinds)


def diagnosed(loads: Loads, model: Path, trouble: Trouble, folder: Path) -> Diagnosis:
    if trouble.script is not None:
        script = folder / "script.py"
        script.write_text(trouble.script.format(model=str(model)), encoding="utf-8")
        recorded = loads.record_anew(work="script", script=[str(script)])
    else:
        options = {"auto_class": CAUSAL, "cwd": str(model), **trouble.options}
        recorded = loads.record_anew(work="load", model=str(model), trust_remote_code=True, **options)
    with open_trace(recorded.path) as trace:
        return diagnose(trace)


def test_the_repair_of_a_base_that_is_called_first_is_tried(loads: Loads, tmp_path: Path) -> None:
    model = base_first(tmp_path / "dir")
    with loads.trace(model, **TOKENIZER) as trace:
        found = diagnose(trace)
        made = repair(found, ModelFiles(trace, model))
    assert [cause.kind for cause in made.repaired] == ["attribute-set-too-late"], found
    copy = base_first(tmp_path / "copy")
    for name, text in made.edits.items():
        (copy / name).write_text(text, encoding="utf-8")
    with loads.trace(copy, **TOKENIZER) as trace:
        assert trace.outcome.status == "loaded", made.edits
