"""Loads of damaged directories, and what a diagnosis has to say about each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support import damaged, damaged_weights
from tests.support.edited_models import CONFIG, TIED, write_reed
from tests.support.model_files import POST_INIT, Edit, in_class, in_constructor
from tests.support.reading import by_line
from tests.support.small_models import tiny_llama

BROKEN = damaged.FIXTURES / "broken"


@dataclass(frozen=True)
class Case:
    """A load, and what is to be said of it.

    Attributes:
        make: makes the directory in a folder.
        kind: of the best cause; None for a load that goes well.
        values: some of what the cause is filled with.
        evidence: what its chain has to show.
        surprises: kinds of the surprises there are, in any order.
        options: of the load.
    """

    make: Callable[[Path], Path]
    kind: str | None
    values: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    surprises: tuple[str, ...] = ()
    certain: bool = True
    options: dict[str, Any] = field(default_factory=dict)


def broken(name: str) -> Callable[[Path], Path]:
    """A broken fixture under a name that says nothing."""
    return lambda folder: Path(shutil.copytree(BROKEN / name, folder))


def whole(name: str) -> Callable[[Path], Path]:
    return lambda folder: damaged.copied(name, folder)


def edited(*edits: Edit, **more: Any) -> Callable[[Path], Path]:
    return lambda folder: write_reed(folder, *edits, **more)


def llama_with(**values: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        config = json.loads((tiny_llama(folder) / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **values}))
        return folder

    return make


def with_config(text: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    """The healthy model with another config.json."""

    def make(folder: Path) -> Path:
        (write_reed(folder) / "config.json").write_text(text, encoding=encoding)
        return folder

    return make


SWALLOWING = ("def __init__(self, config):", "def __init__(self, config, **kwargs):")
BUFFER = 'self.register_buffer("steps", 1.0 / 100 ** torch.arange(4), persistent=False)'
AS_CAUSAL = {"auto_class": "AutoModelForCausalLM"}
OWN_CLASS = {"auto_class": "AutoModelForSequenceClassification"}


LOADED: Final = None


CASES: Final[dict[str, Case]] = {
    # fixtures
    "not-json": Case(
        broken("not-json"), "not-json", {"file": "<model>/config.json", "line": 12}, ("file", "raised", "raised")
    ),
    "no-config": Case(
        broken("no-config"),
        "config-missing",
        {"in": "<model>"},
        by_line(("raised", "file-missing"), ("file-missing", "raised")),
    ),
    "misspelt-module": Case(
        broken("misspelt-module"),
        "class-file-missing",
        {"file": "modelling_broken.py", "class": "BrokenModel", "auto_class": "AutoModelForCausalLM"},
        ("class-asked", "raised", "file-missing"),
    ),
    "no-class-file": Case(
        broken("no-class-file"),
        "class-file-missing",
        {"file": "modeling_broken.py", "reference": "modeling_broken.BrokenModel"},
        ("class-asked", "raised", "file-missing"),
    ),
    "misspelt-class": Case(
        broken("misspelt-class"),
        "class-missing",
        {"class": "BrokenModle", "module": "modeling_broken", "auto_class": "AutoModelForCausalLM"},
        ("class-asked", "copied", "raised"),
    ),
    "missing-package": Case(
        broken("missing-package"),
        "package-missing",
        {"file": "modeling_broken.py", "names": ["glm_trace_absent_package"], "packages": ""},
        ("raised", "imports"),
    ),
    "syntax-error": Case(
        broken("syntax-error"),
        "not-python",
        {"file": "modeling_broken.py", "line": 17},
        by_line(("class-asked", "imports-relatively", "raised"), ("class-asked", "raised")),
    ),
    "unknown-model-type": Case(
        broken("unknown-model-type"),
        "unknown-model-type",
        {"model_type": "glm-trace-unknown"},
        ("model-type", "raised", "raised"),
    ),
    "adapter-without-base": Case(
        broken("adapter-without-base"),
        "adapter-base-missing",
        {"base": "./this-base-does-not-exist", "file": "<model>/adapter_config.json"},
        ("adapter", "raised", "raised", "file-missing"),
    ),
    "kills-itself": Case(
        broken("kills-itself"),
        "killed-sigkill",
        {"signal": "SIGKILL", "where": "BrokenModel.__init__"},
        ("last",),
        certain=False,
    ),
    "exits": Case(broken("exits"), "own-code-exits", {"code": 0}, ("last",), certain=False),
    "escape-sequences": Case(
        broken("escape-sequences"),
        "own-code-raised",
        {"error": "RuntimeError", "file": "modeling_broken.py", "statement": "raise RuntimeError(MESSAGE)"},
        ("raised", "passed", "passed"),
    ),
    # the directory's own code
    "relative-import-missing": Case(
        damaged.relative_import_missing,
        "relative-import-missing",
        {"file": "visual.py", "by": "modeling_chatglm.py"},
        ("class-asked", "imports-relatively", "raised"),
    ),
    "sibling-absolute": Case(
        damaged.sibling_imported_absolutely,
        "sibling-absolute",
        {"file": "modeling_chatglm.py", "module": "configuration_chatglm"},
        ("own-file", "raised", "imports"),
    ),
    "sibling-untouched": Case(
        damaged.untouched_sibling_imported_absolutely,
        "sibling-absolute",
        {"file": "configuration_chatglm.py", "module": "geometry"},
        ("raised", "imports"),
    ),
    "sibling-package": Case(
        damaged.sibling_package_imported_absolutely,
        "sibling-and-package",
        {"file": "configuration_chatglm.py", "module": "geometry", "names": ["glm_trace_absent_package"]},
        ("raised", "imports"),
    ),
    "sibling-while-it-runs": Case(
        damaged.untouched_sibling_in_a_function, "sibling-absolute", {"module": "geometry"}, certain=True
    ),
    "known-package-missing": Case(
        damaged.known_package_missing, "package-missing", {"packages": "flash-attn"}, ("raised", "imports")
    ),
    "package-fails": Case(
        damaged.package_fails, "package-fails", {"package": "glm_trace_failing_package"}, ("raised", "imports")
    ),
    "repository-missing": Case(
        damaged.repository_missing,
        "class-repository-missing",
        {
            "repository": "someone/other",
            "file": "configuration_chatglm.py",
            "reference": "someone/other--configuration_chatglm.ChatGLMConfig",
        },
    ),
    "sibling-name-missing": Case(
        damaged.name_missing_in_sibling,
        "sibling-name-missing",
        {"name": "ChatGLMVisionConfig", "file": "configuration_chatglm.py"},
    ),
    "package-missing-in-sibling": Case(
        damaged.package_missing_in_sibling,
        "module-missing-at",
        {"names": ["glm_trace_absent_package"], "file": "visual.py"},
    ),
    "library-name-gone": Case(
        damaged.library_name_gone,
        "library-name-gone",
        {"name": "glm_trace_never_was", "module": "transformers.modeling_utils", "package": "transformers"},
    ),
    "import-not-copied": Case(  # 5.x copies what neighbours import too
        damaged.transitive_import,
        by_line("import-not-copied", LOADED),
        by_line({"file": "parts.py", "by": "visual.py", "main": "modeling_chatglm.py"}, {}),
    ),
    # which class
    "no-model-type": Case(damaged.without_model_type, "no-model-type", {}, ("no-model-type", "raised")),
    "config-class-missing": Case(  # 4.44 does not register classes of remote code
        damaged.without_config_class,
        by_line(LOADED, "config-class-missing"),
        by_line({}, {"class": "ChatGLMForConditionalGeneration", "config_class": "ChatGLMConfig"}),
        options={"dtype": "bfloat16"},
    ),
    "config-class-differs": Case(
        damaged.other_config_class,
        by_line(LOADED, "config-class-differs"),
        by_line({}, {"class": "ChatGLMForConditionalGeneration", "config_class": "ChatGLMConfig"}),
        options={"dtype": "bfloat16"},
    ),
    "auto-class-not-mapped": Case(
        damaged.without_auto_map_entry,
        "auto-class-not-mapped",
        {"auto_class": "AutoModelForSequenceClassification", "class": "ChatGLMConfig"},
        ("config-built", "raised"),
        options=OWN_CLASS,
    ),
    "tokenizer-class-missing": Case(  # 5.x takes another class, and says nothing
        damaged.tokenizer_class_missing,
        by_line("tokenizer-class-missing", LOADED),
        by_line({"class": "NoSuchTokenizer"}, {}),
        surprises=by_line((), ("tokenizer-replaced",)),
        options={"tokenizer": True},
    ),
    "tokenizer-not-json": Case(
        damaged.tokenizer_not_json,
        "not-json",
        {"file": "<model>/tokenizer_config.json", "line": 3},
        options={"tokenizer": True},
    ),
    # trust
    "trust-refused": Case(
        whole("glm-4v-tiny"),
        "trust-refused",
        {"given": False},
        ("raised", "trust"),
        options={"trust_remote_code": False},
    ),
    "local-preferred": Case(
        damaged.local_and_remote, LOADED, surprises=("local-preferred",), options={"trust_remote_code": False}
    ),
    # arguments and attributes
    "unexpected-argument": Case(
        whole("bert-tiny"),
        "unexpected-argument",
        {"name": "no_such_argument", "value": 1, "class": "BertModel", "config": "BertConfig"},
        ("given", "left-over", "raised"),
        options={"kwargs": {"no_such_argument": 1}},
    ),
    "use-cache": Case(  # with 4.x the key in config.json becomes an attribute, which takes the argument
        damaged.use_cache_left_to_the_library,
        by_line(LOADED, "unexpected-argument"),
        by_line({}, {"name": "use_cache", "value": False, "class": "ChatGLMForConditionalGeneration"}),
        by_line((), ("given", "left-over", "raised")),
        options={"kwargs": {"use_cache": False}, "dtype": "bfloat16"},
    ),
    "attribute-gone-in-5": Case(
        damaged.attribute_gone,
        by_line(LOADED, "attribute-gone-in-5"),
        by_line({}, {"name": "max_length", "class": "ChatGLMConfig", "default": "20"}),
        by_line((), ("config-built", "raised")),
        options={"dtype": "bfloat16"},
    ),
    "attribute-missing": Case(
        damaged.attribute_never_set,
        "attribute-missing",
        {"name": "sequence_length", "class": "ChatGLMConfig", "file": "modeling_chatglm.py"},
    ),
    "argument-dropped": Case(  # 4.44 uses it
        whole("bert-tiny"),
        LOADED,
        surprises=by_line((), ("argument-dropped",)),
        options={"kwargs": {"low_cpu_mem_usage": True}},
    ),
    # weights
    "weights-missing": Case(damaged.weights_missing, "weights-missing", {"in": "<model>"}),
    "shard-missing": Case(
        damaged.shard_missing,
        "shard-missing",
        {"file": "<model>/model-00002-of-00002.safetensors", "count": 2, "read": 1},
        ("shard-read", "raised"),
    ),
    "shard-truncated": Case(
        damaged.shard_truncated, "shard-truncated", {"file": "<model>/model-00002-of-00002.safetensors"}
    ),
    "shard-corrupt": Case(damaged.shard_corrupt, "file-is-pointer", {"file": "model-00001-of-00002.safetensors"}),
    "index-not-json": Case(
        damaged.index_not_json, "not-json", {"file": "model.safetensors.index.json", "line": 7}, certain=False
    ),
    "shapes-differ": Case(damaged.shape_changed, "shapes-differ", {"count": 6}, ("mismatched", "raised")),
    "shapes-ignored": Case(
        damaged.shape_changed,
        LOADED,
        surprises=("weights-mismatched",),
        options={"kwargs": {"ignore_mismatched_sizes": True}},
    ),
    "renamed": Case(damaged.tensor_renamed, LOADED, surprises=("weights-new", "weights-unexpected")),
    "tensor-missing": Case(damaged.tensor_missing, LOADED, surprises=("weights-new",)),
    "new-head": Case(whole("bert-tiny"), LOADED, surprises=("class-not-saved", "head-new"), options=OWN_CLASS),
    "dtype-changed": Case(
        damaged.dtype_of_the_config, LOADED, surprises=("dtype-changed",), options=by_line({"dtype": "auto"}, {})
    ),
    "dtype-asked-for": Case(whole("bert-tiny"), LOADED, options={"dtype": "float16"}),
    "without-numbers": Case(whole("bert-tiny"), LOADED, options={"weights": "fake"}),
    "size-in-config": Case(
        damaged_weights.other_inner_size,
        "shapes-differ",
        {"count": 6, "key": "intermediate_size", "value": 40, "fits": 24},
        ("mismatched", "raised"),
    ),
    "device-map-of-an-own-class": Case(  # 5.x splits any class
        edited(),
        by_line("no-split-modules", LOADED),
        by_line({"class": "ReedForCausalLM", "given": 'device_map="auto"'}, {}),
        options={**AS_CAUSAL, "kwargs": {"device_map": "auto"}},
    ),
    "labels-in-config": Case(
        damaged_weights.classifier_of_three,
        "shapes-differ-in-labels",
        {"key": "id2label", "value": 2, "fits": 3},
        options=OWN_CLASS,
    ),
    "labels-ignored": Case(
        damaged_weights.classifier_of_three,
        LOADED,
        surprises=("class-not-saved", "weights-mismatched"),
        options={**OWN_CLASS, "kwargs": {"ignore_mismatched_sizes": True}},
    ),
    "padding-beyond-vocabulary": Case(
        llama_with(pad_token_id=10_000), "padding-beyond-vocabulary", {"key": "pad_token_id", "value": 10_000}
    ),
    "padding-of-an-own-size": Case(
        edited(
            (
                "nn.Embedding(config.words, config.width)",
                "nn.Embedding(config.words, config.width, config.pad_token_id)",
            ),
            config={**CONFIG, "pad_token_id": 400},
        ),
        "padding-beyond-embedding",
        {"key": "pad_token_id", "value": 400},
        certain=False,
    ),
    "padding-counted-from-the-end": Case(llama_with(pad_token_id=-1), LOADED),
    "activation-misspelt": Case(
        llama_with(hidden_act="sillu"), "config-value-misspelt", {"key": "hidden_act", "alike": ["silu"]}, certain=False
    ),
    "activation-like-none": Case(llama_with(hidden_act="our_own_function"), "config-value-refused", certain=False),
    "size-null": Case(
        llama_with(hidden_size=None),
        "config-value-refused",
        {"key": "hidden_size", "value": None},
        certain=by_line(False, True),
    ),
    "layers-in-quotes": Case(
        llama_with(num_hidden_layers="2"),
        "config-value-refused",
        {"key": "num_hidden_layers"},
        certain=by_line(False, True),
    ),
    "heads-that-do-not-divide": Case(
        llama_with(num_attention_heads=3), "config-value-refused", {"key": "hidden_size"}, certain=False
    ),
    "attribute-in-text-config": Case(
        edited(
            ("nn.Embedding(config.words, config.width)", "nn.Embedding(config.words, config.wideness)"),
            config={**CONFIG, "text_config": {"wideness": 8}},
        ),
        "attribute-nested",
        {"name": "wideness", "nested": "text_config"},
    ),
    "quantization-in-a-word": Case(
        llama_with(quantization_config="int4"), "config-value-refused", {"key": "quantization_config"}, certain=False
    ),
    "dtype-unknown": Case(
        llama_with(torch_dtype="bf16"), "dtype-unknown", {"dtype": "bf16", "meant": "bfloat16", "where": "config.json"}
    ),
    "layers-dropped": Case(damaged_weights.one_layer_of_two, LOADED, surprises=("layers-dropped",), options=AS_CAUSAL),
    "names-mixed": Case(  # 5.x finds each tensor's place
        damaged_weights.with_tensors(damaged_weights.unwrapped),
        by_line("names-mixed", LOADED),
        options=AS_CAUSAL,
    ),
    "prefix-differs": Case(
        damaged_weights.renamed("model.", "model.text."), LOADED, surprises=("prefix-differs",), options=AS_CAUSAL
    ),
    "prefix-too-much": Case(
        damaged_weights.with_tensors(damaged_weights.wrapped), LOADED, surprises=("prefix-too-much",), options=AS_CAUSAL
    ),
    "variant": Case(
        damaged_weights.moved("model.fp16.safetensors"),
        "weights-variant",
        {"variant": "fp16", "files": ["model.fp16.safetensors"]},
    ),
    "in-a-folder": Case(damaged_weights.moved("inner/model.safetensors"), "weights-in-subfolder", {"folder": "inner"}),
    "under-another-name": Case(
        damaged_weights.moved("consolidated.safetensors"), "weights-elsewhere", {"name": "model.safetensors"}
    ),
    "without-index": Case(
        damaged_weights.moved("model-00001-of-00001.safetensors"),
        "index-absent",
        {"name": "model.safetensors.index.json", "count": 1},
    ),
    "variant-absent": Case(
        tiny_llama, "variant-absent", {"files": ["model.safetensors"]}, options={"kwargs": {"variant": "fp16"}}
    ),
    "pickle-not-wanted": Case(
        damaged_weights.other_zip,
        "pickle-not-wanted",
        {"files": ["pytorch_model.bin"]},
        options={"kwargs": {"use_safetensors": True}},
    ),
    "empty": Case(damaged_weights.written(b""), "file-is-empty"),
    "gguf-inside": Case(damaged_weights.written(b"GGUF\3\0\0\0" + bytes(64)), "shard-gguf"),
    "no-weights-inside": Case(damaged_weights.written(bytes(range(1, 200))), "shard-not-safetensors"),
    "gguf": Case(
        damaged_weights.written(b"GGUF\3\0\0\0" + bytes(64), "llama.gguf"), "weights-gguf", {"file": "llama.gguf"}
    ),
    "safetensors-not-wanted": Case(
        tiny_llama, "safetensors-not-wanted", options={"kwargs": {"use_safetensors": False}}
    ),
    "pickle-cut-off": Case(damaged_weights.cut_off_pickle, "shard-truncated-bin"),
    "left-on-disk": Case(
        damaged_weights.pickled,
        "offload-folder-missing",
        options={"kwargs": {"device_map": {"": "disk"}}, **AS_CAUSAL},
    ),
    "web-page": Case(damaged_weights.web_page, "file-is-page", {"file": "model.safetensors"}),
    "shards-missing": Case(
        damaged_weights.two_shards_missing,
        "shards-missing",
        {"files": ["<model>/model-00002-of-00003.safetensors", "<model>/model-00003-of-00003.safetensors"]},
    ),
    "index-lies": Case(
        damaged_weights.index_lies,
        LOADED,
        surprises=("index-lies",),
        options=AS_CAUSAL,
    ),
    "index-left-over": Case(damaged_weights.index_left_over, LOADED, surprises=("weights-new",), options=AS_CAUSAL),
    "objects-inside": Case(
        damaged_weights.pickled_with_settings, "shard-has-objects", {"names": ["argparse.Namespace"]}
    ),
    "tensors-one-level-deeper": Case(  # 4.44 takes nothing of it and goes on
        damaged_weights.pickled_in_training,
        by_line(LOADED, "checkpoint-nested"),
        by_line({}, {"type": "dict"}),
        surprises=by_line(("checkpoint-without-tensors",), ()),
        certain=False,
    ),
    "nothing-by-name": Case(
        damaged_weights.pickled_in_training,
        LOADED,
        surprises=("checkpoint-without-tensors",),
        options={"dtype": "float32"},
    ),
    "dtype-of-another-program": Case(damaged_weights.other_dtype, "shard-dtype-unknown", {"dtype": "Q4K"}),
    "weights-are-a-link": Case(
        damaged_weights.link_to_nowhere("model.safetensors"), "link-broken", {"file": "model.safetensors"}
    ),
    "config-is-a-link": Case(damaged_weights.link_to_nowhere("config.json"), "link-broken", {"file": "config.json"}),
    "index-without-map": Case(damaged_weights.index_without_map, "index-lacks-entry", {"key": "weight_map"}),
    "tensorflow": Case(
        damaged_weights.written(b"\x89HDF\r\n", "tf_model.h5"),
        "weights-of-format",
        {"format": "TensorFlow", "files": ["tf_model.h5"], "argument": "from_tf"},
    ),
    "onnx": Case(
        damaged_weights.written(b"\x08\x07", "model.onnx"), "weights-of-format", {"format": "ONNX", "argument": None}
    ),
    "in-a-snapshot": Case(
        damaged_weights.inside("snapshots/0a1b2c"), "config-in-subfolder", {"folders": ["snapshots/0a1b2c"]}
    ),
    "in-a-pipeline": Case(
        damaged_weights.inside("text_encoder", model_index='{"_class_name": "Pipeline"}'),
        "pipeline-of-diffusers",
        {"folders": ["text_encoder"]},
    ),
    "as-published": Case(
        damaged_weights.as_published, "weights-as-published", {"names": ["consolidated.00.pth", "params.json"]}
    ),
    "weights-twice": Case(damaged_weights.beside(dict), LOADED, options=AS_CAUSAL),
    "weights-twice-cut": Case(
        damaged_weights.beside(damaged_weights.headless), LOADED, surprises=("weights-files-differ",), options=AS_CAUSAL
    ),
    "weights-twice-other-dtype": Case(
        damaged_weights.beside(damaged_weights.in_half), LOADED, surprises=("weights-files-differ",), options=AS_CAUSAL
    ),
    "weights-twice-head-in-one": Case(
        damaged_weights.beside(dict, damaged_weights.headless),
        LOADED,
        surprises=("head-new", "weights-files-differ"),
        options=AS_CAUSAL,
    ),
    "weights-twice-tied": Case(  # of two names for one tensor a safetensors file has one
        damaged_weights.beside(damaged_weights.tied, damaged_weights.headless),
        LOADED,
        surprises=("head-new",),
        options=AS_CAUSAL,
    ),
    "weights-twice-buffer": Case(damaged_weights.beside(damaged_weights.with_buffer), LOADED, options=AS_CAUSAL),
    "other-zip": Case(damaged_weights.other_zip, "shard-other-zip", {"file": "<model>/pytorch_model.bin"}),
    "format-not-named": Case(  # 5.x reads it
        damaged_weights.without_format,
        by_line("format-not-named", LOADED),
        by_line({"file": "<model>/model.safetensors"}, {}),
    ),
    # dtypes
    "whole-numbers": Case(
        damaged_weights.with_tensors(damaged_weights.whole_numbers, torch_dtype=None),
        by_line(LOADED, "dtype-stored-integer"),
        by_line({}, {"dtype": "int64"}),
        surprises=by_line(("integers-as-floats",), ()),
        options=AS_CAUSAL,
    ),
    "whole-numbers-of-config": Case(
        damaged_weights.with_config(torch_dtype="int8"),
        "dtype-config-integer",
        {"given": '"torch_dtype": "int8"'},
        options={"dtype": "auto"},
    ),
    "whole-numbers-asked-for": Case(
        tiny_llama, "dtype-asked-integer", {"given": 'torch_dtype="int8"'}, options={"kwargs": {"torch_dtype": "int8"}}
    ),
    "dtypes-meet": Case(  # 4.44 loads all of it as float32
        damaged_weights.own_model,
        by_line(LOADED, "dtypes-meet"),
        by_line({}, {"dtype": "bfloat16", "many": 2, "there": "mix", "other": "float32", "here": "embed.weight"}),
        certain=False,
        options={"forward": True, "tokenizer": True},
    ),
    "dtypes-mixed": Case(damaged_weights.own_model, LOADED, surprises=by_line((), ("dtypes-mixed",))),
    "dtypes-mixed-on-purpose": Case(  # the other module is bfloat16, which nobody asked for
        damaged_weights.own_model_that_keeps_float32, LOADED, surprises=by_line((), ("dtype-changed",))
    ),
    # attention
    "attention-package": Case(
        tiny_llama,
        "attention-package",
        {"given": 'attn_implementation="flash_attention_2"', "package": "flash_attn"},
        ("given", "raised"),
        options={"kwargs": {"attn_implementation": "flash_attention_2"}},
    ),
    "attention-package-of-config": Case(
        damaged_weights.with_config(_attn_implementation="flash_attention_2"),
        "attention-package",
        {"given": '"_attn_implementation": "flash_attention_2"', "key": "_attn_implementation"},
        ("config-says", "raised"),
    ),
    "attention-package-in-spite": Case(
        damaged_weights.with_config(_attn_implementation="flash_attention_2"),
        "attention-package-in-spite",
        {"argument": 'attn_implementation="eager"'},
        options={"kwargs": {"attn_implementation": "eager"}},
    ),
    "attention-of-config": Case(
        damaged_weights.with_config(_attn_implementation="sdpa"),
        LOADED,
        surprises=("attention-of-config",),
        options={"kwargs": {"attn_implementation": "eager"}, **AS_CAUSAL},
    ),
    "attention-as-asked-for": Case(
        tiny_llama, LOADED, options={"kwargs": {"attn_implementation": "eager"}, **AS_CAUSAL}
    ),
    "attention-unsupported": Case(
        damaged_weights.own_model,
        "attention-unsupported",
        {"class": "OwnModel", "flag": "_supports_sdpa"},
        options={"kwargs": {"attn_implementation": "sdpa"}},
    ),
    "attention-unknown": Case(
        tiny_llama,
        "attention-unknown",
        {"implementation": "sdap", "name": "sdpa"},
        options={"kwargs": {"attn_implementation": "sdap"}},
    ),
    # quantization
    "quantization-package": Case(
        damaged_weights.with_config(quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True}),
        by_line("quantization-refused", "quantization-package"),
        by_line({"message": "No GPU found. A GPU is needed for quantization."}, {"packages": ["bitsandbytes"]}),
        ("config-says", "raised"),
    ),
    "quantization-of-gptq": Case(
        damaged_weights.with_config(quantization_config={"quant_method": "gptq", "bits": 4}),
        "quantization-package",
        {"method": "gptq", "packages": by_line(["optimum", "auto-gptq"], ["optimum"])},
    ),
    "quantization-wants-a-gpu": Case(  # 4.44 looks for the package first
        damaged_weights.with_config(quantization_config={"quant_method": "fbgemm_fp8"}),
        by_line("quantization-package", "quantization-refused"),
        by_line({"packages": ["fbgemm-gpu"]}, {"message": "Using fbgemm fp8 quantization requires a GPU or XPU"}),
    ),
    "quantization-name-not-bound": Case(
        damaged_weights.with_config(quantization_config={"quant_method": "hqq", "quant_config": {}}),
        "quantization-package",
        {"packages": ["hqq"]},
        certain=by_line(False, True),
    ),
    "quantization-unnamed": Case(
        damaged_weights.with_config(quantization_config={"bits": 4}), "quantization-unnamed", {}
    ),
    "quantization-unknown": Case(  # 5.x warns and loads the weights as they are
        damaged_weights.with_config(quantization_config={"quant_method": "glm-trace-unknown", "bits": 4}),
        by_line("quantization-unknown", LOADED),
        by_line({"method": "glm-trace-unknown"}, {}),
        options=AS_CAUSAL,
    ),
    "quantization-not-in-weights": Case(  # 4.44 does not know the method
        damaged_weights.with_config(
            quantization_config={"quant_method": "bitnet", "linear_class": "bitlinear", "quantization_mode": "offline"}
        ),
        by_line("quantization-unknown", "quantization-not-in-weights"),
        by_line({"method": "bitnet"}, {"method": "bitnet", "there": "model.layers.0.self_attn.q_proj.weight"}),
        ("config-says", *by_line((), ("new",)), "raised"),
    ),
    "load-in-4bit": Case(
        tiny_llama,
        by_line("quantization-package", "short-form-gone"),
        {"given": by_line("load_in_4bit", "load_in_4bit=True")},
        options={"kwargs": {"load_in_4bit": True}, **AS_CAUSAL},
    ),
    "class-not-saved": Case(
        tiny_llama,
        LOADED,
        surprises=("class-not-saved", "weights-unexpected"),
        options={"auto_class": "AutoModel", "tokenizer": False, "forward": False},
    ),
    # own from_pretrained
    "own-from-pretrained": Case(damaged_weights.own_loader, LOADED, surprises=("own-from-pretrained",)),
    # adapters
    "adapter-for-another-model": Case(
        damaged.adapter_for_another_architecture,
        "adapter-for-another-model",
        {"class": "BertModel", "names": ["query_key_value"]},
        ("adapter", "base-filled", "raised"),
    ),
    "adapter-of-other-sizes": Case(
        damaged.adapter_of_other_sizes,
        "adapter-of-other-sizes",
        {"class": "ChatGLMForConditionalGeneration"},
    ),
    # ends
    "stopped": Case(whole("bert-tiny"), "stopped", options={"stop_after": "config"}),
    "misused": Case(whole("bert-tiny"), "misused", options={"auto_class": "AutoNoSuchThing"}),
    "unknown-outside": Case(whole("bert-tiny"), "unknown-outside", certain=False, options={"dtype": "no_such_dtype"}),
    "loaded": Case(whole("bert-tiny"), LOADED),
    # the constructor of the directory's own model
    "no-post-init": Case(
        edited((POST_INIT, "")),
        by_line(LOADED, "no-post-init"),
        by_line({}, {"class": "ReedForCausalLM", "file": "modeling_reed.py", "name": "all_tied_weights_keys"}),
        by_line((), ("constructor", "raised")),
    ),
    "init-weights-alone": Case(
        edited((POST_INIT, "        self.init_weights()\n")),
        by_line(LOADED, "no-post-init"),
        by_line({}, {"class": "ReedForCausalLM"}),
    ),
    "post-init-of-another": Case(
        edited((POST_INIT, "        self.lm_head.post_init = print\n        self.lm_head.post_init()\n")),
        by_line(LOADED, "no-post-init"),
        by_line({}, {"class": "ReedForCausalLM"}),
    ),
    "post-init-overridden": Case(
        edited(in_class("def post_init(self):", "    self.ready = True")),
        by_line(LOADED, "post-init-overridden"),
        by_line({}, {"class": "ReedForCausalLM", "file": "modeling_reed.py", "line": 11}),
    ),
    "post-init-extended": Case(
        edited(in_class("def post_init(self):", "    super().post_init()", "    self.ready = True")), LOADED
    ),
    "model-wants-more": Case(
        edited(("def __init__(self, config):", "def __init__(self, config, depth):")),
        "constructor-wants-more",
        {"class": "ReedForCausalLM", "names": ["depth"], "file": "modeling_reed.py"},
    ),
    "model-has-default": Case(edited(("def __init__(self, config):", "def __init__(self, config, depth=1):")), LOADED),
    "configuration-wants-more": Case(
        edited(configuration=(("width=8,", "width=8, *, depth,"),)),
        "constructor-wants-more",
        {"class": "ReedConfig", "names": ["depth"], "file": "configuration_reed.py"},
    ),
    "configuration-wants-what-is-there": Case(  # 4.44 writes the configuration to its log, and makes one without keys
        edited(configuration=(("width=8, words=32", "width, words"),)),
        by_line("constructor-wants-more", LOADED),
        by_line({"class": "ReedConfig", "names": ["width", "words"]}, {}),
    ),
    "property-fails": Case(
        edited(
            in_class("@property", "def depth(self):", "    return self.config.deepness"),
            in_constructor("self.layers = self.depth"),
        ),
        "hidden-error-unseen",
        {"property": "depth", "class": "ReedForCausalLM", "file": "modeling_reed.py"},
    ),
    "property-fails-and-another": Case(  # getattr has a default for the property
        edited(
            in_class("@property", "def depth(self):", "    return self.config.deepness"),
            in_constructor("self.layers = getattr(self, 'depth', 1)", "self.most = self.mix.depth"),
        ),
        "own-code-called",
        {"statement": "self.most = self.mix.depth"},
    ),
    "tied-keys-list": Case(
        edited(in_class('_tied_weights_keys = ["lm_head.weight"]'), config={"tie_word_embeddings": True}, shapes=TIED),
        by_line(LOADED, "tied-keys-no-dictionary"),
        by_line({}, {"dictionary": '{"lm_head.weight": "embed.weight"}', "file": "modeling_reed.py", "line": 11}),
    ),
    "tied-keys-tuple": Case(
        edited(in_class('_tied_weights_keys = ("lm_head.weight",)'), config={"tie_word_embeddings": True}, shapes=TIED),
        by_line(LOADED, "tied-keys-no-dictionary"),
        by_line({}, {"type": "tuple"}),
    ),
    "tied-keys-dictionary": Case(  # 4.x takes the keys for the list
        edited(
            in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
            config={"tie_word_embeddings": True},
            shapes=TIED,
        ),
        LOADED,
    ),
    "item-on-meta": Case(
        edited(in_constructor("self.rates = [rate.item() for rate in torch.arange(3) / 30]")),
        by_line(LOADED, "numbers-on-meta"),
        by_line({}, {"class": "ReedForCausalLM", "file": "modeling_reed.py", "line": 17}),
        by_line((), ("on-meta", "raised")),
    ),
    **{
        f"{name}-on-meta": Case(
            edited(in_constructor(line)),
            by_line(LOADED, "numbers-on-meta"),
            by_line({}, {"statement": line}),
        )
        for name, line in {
            "tolist": "self.rates = torch.arange(3).tolist()",
            "float": "self.rate = float(torch.ones(3).sum())",
            "condition": "if torch.ones(3).sum() > 2: self.many = True",
            "numpy": "self.rates = torch.arange(3).numpy()",
            "unique": "self.kinds = torch.unique(torch.arange(3))",
        }.items()
    },
    "loads-while-built": Case(
        edited(
            in_constructor(
                "from transformers import BertModel",
                f"self.inner = BertModel.from_pretrained({str(damaged.FIXTURES / 'bert-tiny')!r})",
            )
        ),
        by_line(LOADED, "loads-while-built"),
        by_line({}, {"line": 18, "file": "modeling_reed.py"}),
    ),
    "mixed-with-meta": Case(
        edited(in_constructor('self.rates = torch.arange(3) + torch.arange(3, device="cpu")')),
        by_line(LOADED, "mixed-with-meta"),
    ),
    "item-on-cpu": Case(
        edited(in_constructor('self.rates = [rate.item() for rate in torch.arange(3, device="cpu") / 30]')), LOADED
    ),
    "own-error-in-constructor": Case(
        edited(in_constructor("raise RuntimeError('no meta in here')")), "own-code-raised"
    ),
    # what config.json says
    "rope-scaling-refused": Case(
        edited(
            config={"rope_scaling": {"rope_type": "linear", "factor": 2.0}},
            configuration=(
                (
                    "        self.words = words\n",
                    "        self.words = words\n"
                    '        scaling = kwargs.get("rope_scaling")\n'
                    '        if scaling is not None and set(scaling) != {"type", "factor"}:\n'
                    "            raise ValueError(f'`rope_scaling` has the fields {sorted(scaling)}')\n",
                ),
            ),
        ),
        "config-value-refused-own",
        {"key": "rope_scaling", "file": "configuration_reed.py", "fields": '{"type": "linear", "factor": 2.0}'},
        ("config-key", "raised"),
    ),
    "value-of-another-type": Case(
        edited(
            config={"steps": 3},
            configuration=(
                (
                    "        self.words = words\n",
                    '        self.words = words\n        steps = kwargs.pop("steps")\n        self.first = steps[0]\n',
                ),
            ),
        ),
        "config-value-refused-own",
        {"key": "steps", "value": 3},
        certain=False,
    ),
    "heads-do-not-divide": Case(
        llama_with(num_attention_heads=3),
        "config-value-refused",
        {"release": by_line("4.44.2", "5.23.0")},
        certain=False,
    ),
    **{
        f"config-{name}": Case(with_config(text), "not-json", values)
        for name, text, values in (
            ("trailing-comma", '{\n "model_type": "reed",\n}', {"at": 2}),
            ("missing-comma", '{\n "model_type": "reed"\n "width": 8\n}', {"line": 3, "at": 2}),
            ("comment", '{\n // the type\n "model_type": "reed"\n}', {"line": 2}),
            ("python-word", '{\n "model_type": "reed",\n "tie": True\n}', {"written": "True", "line": 3}),
            ("single-quotes", "{\n 'model_type': 'reed'\n}", {"line": 2}),
            ("empty", "", {"file": "<model>/config.json"}),
            ("cut-off", '{\n "model_type": "reed",\n "width":', {"line": 3}),
            ("bom", '\ufeff{"model_type": "reed"}', {"file": "<model>/config.json"}),
        )
    },
    "config-in-utf-16": Case(with_config('{"model_type": "reed"}', "utf-16"), "not-utf-8"),
    "duplicate-keys": Case(
        with_config(json.dumps(CONFIG)[:-1] + ', "width": 8}'), LOADED, surprises=("duplicate-keys",)
    ),
    "config-is-list": Case(with_config("[1, 2]"), "json-no-object", {"type": "list"}),
    "config-is-null": Case(with_config("null"), "json-no-object", {"value": "null"}),
    "config-is-text": Case(with_config('"reed"'), "json-no-object", {"type": "text"}),
    # silent wrongs
    "buffer-never-filled": Case(
        edited(in_constructor(BUFFER)), LOADED, surprises=by_line((), ("buffer-never-filled",))
    ),
    "buffer-filled-again": Case(
        edited(
            in_constructor(BUFFER),
            (
                "    def _init_weights(self, module):\n",
                "    def _init_weights(self, module):\n"
                "        if module is self:\n"
                "            self.steps.copy_(1.0 / 100 ** torch.arange(4))\n",
            ),
        ),
        LOADED,
    ),
    "head-not-in-the-checkpoint": Case(edited(shapes=TIED), LOADED, surprises=("head-new",)),
    "tied-overwritten": Case(  # 5.x compares them, and leaves both
        edited(
            in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
            config={"tie_word_embeddings": True},
        ),
        LOADED,
        surprises=by_line(("tied-overwritten",), ()),
    ),
    "tie-not-said": Case(
        edited(
            in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
            config={"tie_word_embeddings": None},
            shapes=TIED,
        ),
        LOADED,
        surprises=by_line((), ("tie-not-said",)),
    ),
    "tie-not-wanted": Case(
        edited(
            in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
            config={"tie_word_embeddings": None},
            configuration=(("super().__init__(**kwargs)", "super().__init__(tie_word_embeddings=False, **kwargs)"),),
            shapes=TIED,
        ),
        LOADED,
        surprises=("head-new",),
    ),
    "tie-of-the-library": Case(
        damaged_weights.with_tensors(damaged_weights.headless), LOADED, surprises=("head-new",), options=AS_CAUSAL
    ),
    "tie-in-nested-config": Case(
        edited(
            in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
            config={"tie_word_embeddings": None, "text_config": {"tie_word_embeddings": True}},
            shapes=TIED,
        ),
        LOADED,
        surprises=by_line((), ("tie-in-nested-config",)),
    ),
    "not-a-number": Case(edited(config={"gain": float("nan")}), LOADED, surprises=("not-a-number",)),
    "nested-infinity": Case(
        edited(config={"part": {"most": float("inf")}, "limits": [0.0, float("inf")]}),
        LOADED,
        surprises=("infinite-number",),
    ),
    "argument-swallowed": Case(
        edited(SWALLOWING),
        LOADED,
        surprises=("argument-misspelt", "argument-swallowed"),
        options={"kwargs": {"empty_init": False, "revison": "main", "width": 8}},
    ),
    "argument-passed-on": Case(
        edited(SWALLOWING, ("        super().__init__(config)\n", "        super().__init__(config, **kwargs)\n")),
        LOADED,
        options={"kwargs": {"width": 8}},
    ),
    "argument-misspelt": Case(
        edited(), "unexpected-argument", {"meant": "revision"}, options={"kwargs": {"revison": "main"}}
    ),
}


EVERYDAY = {
    "not-json", "no-config", "misspelt-module", "misspelt-class", "missing-package", "syntax-error", "kills-itself",
    "sibling-absolute", "known-package-missing", "repository-missing", "unknown-model-type", "no-model-type",
    "trust-refused", "unexpected-argument", "attribute-gone-in-5", "shard-missing", "shapes-differ", "renamed",
    "adapter-without-base", "adapter-for-another-model", "stopped", "unknown-outside", "loaded",
    "no-post-init", "tied-keys-list", "item-on-meta", "item-on-cpu", "rope-scaling-refused", "config-is-list",
    "buffer-never-filled", "buffer-filled-again", "tied-overwritten", "tie-not-said", "not-a-number",
}  # fmt: skip
"""Of every group some; the others are recorded with the slow tests."""
