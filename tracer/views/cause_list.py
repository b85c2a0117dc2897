"""Every kind of cause that ``why`` knows, each with an example of what it says."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any, Final, NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from tracer.analysis.repair import REPAIRS
from tracer.i18n import N_, Lang, Message, tr
from tracer.text.wrapping import Prose
from tracer.views.causes import CAUSES
from tracer.views.issue import in_markdown

_EXAMPLES: Final[dict[str, Any]] = {
    "auto_class": "AutoModelForCausalLM",
    "agreed": "9f2c…",
    "type": "list",
    "base": "../base",
    "argument": 'attn_implementation="eager"',
    "by": "modeling_pebble.py",
    "calls": "self.layer()",
    "class": "PebbleModel",
    "column": 3,
    "config": "PebbleConfig",
    "config_class": "PebbleConfig",
    "count": 2,
    "default": "False",
    "error": "ValueError",
    "dtype": "bfloat16",
    "few": 2,
    "file": "modeling_pebble.py",
    "files": "model.safetensors",
    "found": "41d8…",
    "function": "PebbleModel.forward",
    "given": 'attn_implementation="flash_attention_2"',
    "got": "sdpa",
    "here": "torch.float32",
    "implementation": "flash_attention_2",
    "in": "<model>",
    "line": 12,
    "many": 30,
    "message": "the message of the exception",
    "method": "_pad",
    "model": "harbour/pebble",
    "model_type": "pebble",
    "module": "modeling_pebble",
    "modules": "layers_pebble",
    "name": "use_cache",
    "names": "lm_head.weight",
    "package": "flash_attn",
    "packages": "bitsandbytes",
    "parameter": "layers.0.mix.weight",
    "place": "modeling_pebble.py, line 12",
    "raiser": "Linear.forward",
    "raiser_file": "<torch>/nn/modules/linear.py",
    "raiser_line": 125,
    "raiser_statement": "return F.linear(input, self.weight, self.bias)",
    "read": 1,
    "reference": "modeling_pebble.PebbleModel",
    "release": "5.23.0",
    "repository": "harbour/pebble-code",
    "said": '"_attn_implementation": "sdpa"',
    "statement": "return self.layer(inputs)",
    "step": 120,
    "stored": "bfloat16",
    "tensor": "transformer.layers.0.mix.weight",
    "there": "torch.bfloat16",
    "torch": "2.5.1",
    "value": "False",
    "variant": "fp16",
    "wanted": "PebbleTokenizer",
    "what": "a probe",
    "where": "modeling_pebble.py, line 12",
    "why": "the model takes no text",
}
"""What the sentences are filled with; a placeholder that is not here is shown by its own name."""
_GONE: Final = {
    "things": "DynamicCache.seen_tokens",
    "thing": "seen_tokens",
    "until": "4.53",
    "gone": "4.54",
    "replacements": "seen_tokens → get_seq_length()",
    "written": "4.41.2",
}
_NEW: Final = {"things": "transformers.Qwen3Model", "thing": "Qwen3Model", "since": "4.51", "written": "4.51.0"}
_OF_KIND: Final[dict[str, dict[str, Any]]] = {
    "release-gone": _GONE,
    "path-of-config-absent": {
        "key": "vision_tower",
        "path": "/data/models/tower",
        "statement": "self.tower = AutoModel.from_pretrained(config.vision_tower)",
    },
    "path-of-code-absent": {
        "path": "/data/models/tower",
        "statement": 'self.tower = AutoModel.from_pretrained("/data/models/tower")',
    },
    "file-of-hub-absent": {
        "name": "table.bin",
        "repository": "harbour/tables",
        "statement": 'path = hf_hub_download("harbour/tables", "table.bin")',
    },
    "download-fails": {"statement": 'path = snapshot_download("harbour/tables")'},
    "pickle-refused": {"statement": 'self.table = torch.load("table.pt")', "torch": "2.13.0"},
    "returns-another-count": {
        "wanted": 3,
        "got": 2,
        "function": "LlamaAttention.forward",
        "statement": "hidden, weights, cache = self.attention(hidden)",
    },
    "returns-more": {
        "wanted": 2,
        "function": "LlamaAttention.forward",
        "statement": "hidden, weights = self.attention(hidden)",
    },
    "base-lacks": {"base": "LlamaModel", "name": "_prepare_decoder_attention_mask"},
    "base-lacks-written": {"base": "LlamaModel", "name": "_prepare_decoder_attention_mask", "written": "4.31.0"},
    "class-of-another-type": {
        "class": "LlamaForCausalLM",
        "said": "qwen2",
        "built": "llama",
        "names": "layers.0.q_proj.bias",
    },
    "rope-scaling-always": {"key": "type", "statement": 'kind = config.rope_scaling["type"]'},
    "rope-scaling-keys": {
        "key": "type",
        "statement": 'kind = config.rope_scaling["type"]',
        "said": '{"rope_type": "yarn", "factor": 4.0}',
    },
    "argument-gone": {"name": "use_auth_token", "value": "True"},
    "package-name-gone": {
        "thing": "numpy.float",
        "package": "numpy",
        "version": "2.4.6",
        "statement": "self.rate = np.float(0.5)",
    },
    "package-name-absent": {"thing": "timm.models.layers", "package": "timm", "statement": "import timm.models.layers"},
    "cuda-in-code": {"statement": "hidden = self.embed(input_ids.cuda())"},
    "cuda-asked": {"given": 'device_map="cuda"'},
    "saved-on-cuda": {"statement": 'self.table = torch.load("table.pt")'},
    "attention-not-in-table": {"implementation": "sdpa", "table": "ATTENTION_CLASSES", "names": "eager"},
    "attention-not-in-some-table": {"implementation": "sdpa", "table": "ATTENTION_CLASSES"},
    "type-taken": {
        "file": "configuration_pebble.py",
        "model_type": "bert",
        "statement": 'AutoConfig.register("bert", PebbleConfig)',
    },
    "type-taken-since": {
        "file": "configuration_pebble.py",
        "model_type": "aimv2",
        "since": "4.54",
        "statement": 'AutoConfig.register("aimv2", TowerConfig)',
    },
    "type-registered-differs": {
        "file": "configuration_pebble.py",
        "own": "pebble",
        "given": "pebbles",
        "statement": 'AutoConfig.register("pebbles", PebbleConfig)',
    },
    "model-type-newer": {"model_type": "qwen3", "since": "4.51", "release": "4.44.2"},
    "model-type-removed": {"model_type": "nezha", "until": "4.57"},
    "config-takes-no-rest": {"class": "PebbleConfig", "file": "configuration_pebble.py", "name": "architectures"},
    "sets-property": {"name": "device", "statement": 'self.device = torch.device("cpu")'},
    "sets-own-property": {"name": "width", "statement": "self.width = config.width"},
    "not-pretrained": {"base": "Module", "name": "register_for_auto_class"},
    "base-built-too-late": {"at": 14, "statement": "self.embed = nn.Embedding(32, 8)"},
    "base-never-built": {"statement": "self.embed = nn.Embedding(32, 8)"},
    "section-is-dictionary": {"section": "vision_config", "name": "hidden_size", "class": "PebbleConfig"},
    "rope-needs-name": {
        "key": "rope_scaling",
        "name": "max_position_embeddings",
        "function": "standardize_rope_params",
        "class": "PebbleConfig",
    },
    "embeddings-not-named": {"caller": "resize_token_embeddings"},
    "release-gone-written": _GONE,
    "release-new": _NEW | {"release": "4.44.2"},
    "release-new-written": _NEW | {"release": "4.44.2"},
    "hub-gated": {"file": "config.json"},
    "hub-not-admitted": {"file": "config.json"},
    "hub-no-revision": {"revision": "v2"},
    "hub-not-asked": {"file": "config.json", "setting": "HF_HUB_OFFLINE=1"},
    "hub-unreachable": {"file": "config.json", "endpoint": "https://huggingface.co"},
    "hub-token-refused": {"file": "config.json", "endpoint": "https://huggingface.co"},
    "hub-error": {"file": "config.json", "endpoint": "https://huggingface.co", "status": 503},
    "hub-not-a-hub": {"file": "config.json", "endpoint": "https://hub.harbour.example"},
    "hub-cut": {"file": "model.safetensors"},
    "hub-other-size": {"file": "model.safetensors"},
    "not-json": {"file": "config.json"},
    "not-utf-8": {"file": "config.json"},
    "json-no-object": {"file": "config.json", "value": '["pebble", 8]'},
    "duplicate-keys": {"file": "config.json", "names": "hidden_size"},
    "not-a-number": {"file": "config.json", "key": "gain", "value": "NaN"},
    "not-finite": {"name": "model.layers.3.mlp", "class": "PebbleMLP", "count": "12 NaN"},
    "infinite-number": {"file": "config.json", "key": "most", "value": "Infinity"},
    "config-value-refused": {"found": "hidden_size = '64'", "class": "LlamaConfig"},
    "config-value-misspelt": {"found": "hidden_act = 'sillu'", "class": "LlamaMLP", "message": "'sillu'"},
    "attribute-nested": {"name": "hidden_size", "nested": "text_config"},
    "padding-beyond-vocabulary": {"key": "pad_token_id", "value": 32000, "rows": 32000},
    "padding-beyond-embedding": {"key": "pad_token_id", "value": 32000},
    "config-value-refused-own": {
        "found": "rope_scaling = {'rope_type': 'linear', 'factor': 2.0}",
        "class": "PebbleConfig",
        "file": "configuration_pebble.py",
    },
    "given-id-out-of-range": {"id": "999999", "path": "model.embed_tokens", "rows": 64},
    "class-not-saved": {"saved": "PebbleForCausalLM", "class": "PebbleModel", "best": "AutoModelForCausalLM"},
    "config-value-of-own": {"found": "hidden_size = 8", "class": "PebbleConfig"},
    "trust-misspelt": {"name": "trust_romote_code", "meant": "trust_remote_code", "value": "True"},
    "argument-misspelt": {"name": "revison", "meant": "revision", "value": "main"},
    "argument-swallowed": {"name": "empty_init"},
    "no-post-init": {"name": "all_tied_weights_keys"},
    "post-init-overridden": {"name": "all_tied_weights_keys"},
    "tied-keys-no-dictionary": {"base": "PebbleModel", "type": "list"},
    "numbers-on-meta": {"statement": "self.rates = torch.arange(3).tolist()"},
    "mixed-with-meta": {"statement": "self.rates = torch.cat([steps, torch.ones(1, device='cpu')])"},
    "loads-while-built": {"statement": "self.tower = AutoModel.from_pretrained(config.tower)"},
    "no-split-modules": {"given": 'device_map="auto"'},
    "buffer-never-filled": {"names": "rotary.steps, rotary.phases"},
    "tied-overwritten": {"name": "lm_head.weight", "kept": "embed.weight"},
    "tie-in-nested-config": {"nested": "text_config"},
    "weights-missing": {"names": "model.safetensors, pytorch_model.bin"},
    "shard-missing": {"file": "model-00002-of-00002.safetensors"},
    "shard-truncated": {"file": "model.safetensors"},
    "shard-not-safetensors": {"file": "model.safetensors"},
    "shard-damaged": {"file": "model.safetensors"},
    "dtype-unknown": {"given": '"torch_dtype": "bf16"', "where": "config.json", "dtype": "bf16", "torch": "2.13.0"},
    "dtype-of-inputs": {"other": "float32"},
    "shapes-differ-in-labels": {
        "name": "classifier.weight",
        "key": "id2label",
        "value": 2,
        "fits": 3,
        "there": "[3, 64]",
        "here": "[2, 64]",
    },
    "shard-gguf": {"count": 1},
    "format-not-named": {"file": "model.safetensors"},
    "shards-missing": {"files": "model-00002-of-00003.safetensors, model-00003-of-00003.safetensors"},
    "weights-of-format": {"format": "TensorFlow", "files": "tf_model.h5"},
    "link-broken": {"file": "model.safetensors"},
    "config-in-subfolder": {"folder": "checkpoint-500", "folders": "checkpoint-500, checkpoint-1000"},
    "weights-as-published": {"names": "params.json, consolidated.00.pth"},
    "path-not-there": {"path": "./models/chat/pebble"},
    "path-of-file": {"path": "./pebble/model.safetensors"},
    "shard-has-objects": {"file": "pytorch_model.bin", "names": "argparse.Namespace"},
    "shard-dtype-unknown": {"file": "model.safetensors", "dtype": "F4", "release": "0.4.3"},
    "index-lacks-entry": {"file": "model.safetensors.index.json", "key": "weight_map"},
    "checkpoint-nested": {"file": "pytorch_model.bin", "type": "dict"},
    "checkpoint-without-tensors": {"file": "pytorch_model.bin", "count": 30},
    "shard-other-zip": {"file": "pytorch_model.bin"},
    "shard-truncated-bin": {"file": "pytorch_model.bin"},
    "torch-too-old": {"files": "pytorch_model.bin"},
    "weights-variant": {"files": "model.fp16.safetensors"},
    "weights-gguf": {"files": "model-q4.gguf"},
    "weights-elsewhere": {"files": "consolidated.safetensors"},
    "weights-in-subfolder": {"folder": "text_model", "files": "text_model/model.safetensors"},
    "pickle-not-wanted": {"files": "pytorch_model.bin"},
    "index-absent": {
        "files": "model-00001-of-00002.safetensors, model-00002-of-00002.safetensors",
        "name": "model.safetensors.index.json",
    },
    "index-lies": {"file": "model-00002-of-00002.safetensors"},
    "attention-package": {"where": "from_pretrained"},
    "attention-package-in-spite": {"given": '"_attn_implementation": "flash_attention_2"'},
    "attention-refused": {"where": "from_pretrained"},
    "attention-unsupported": {"where": "from_pretrained"},
    "attention-unknown": {"implementation": "flash_attention", "names": "eager, sdpa, flash_attention_2"},
    "attention-of-config": {"given": 'attn_implementation="eager"'},
    "attention-differs": {"given": 'attn_implementation="eager"'},
    "short-form-gone": {"given": "load_in_4bit=True", "name": "load_in_4bit"},
    "quantization-package": {"given": "quantization_config", "where": "config.json", "method": "bitsandbytes"},
    "quantization-refused": {"given": "quantization_config", "where": "config.json", "method": "fbgemm_fp8"},
    "processor-package": {"class": "AutoProcessor", "part": "Qwen2VLVideoProcessor", "packages": "torchvision"},
    "quantization-unknown": {"method": "pebblequant"},
    "quantization-not-in-weights": {
        "given": "quantization_config",
        "method": "bitnet",
        "wanted": "model.layers.0.mlp.up_proj.weight_scale",
        "there": "model.layers.0.mlp.up_proj.weight",
        "dtype": "bfloat16",
    },
    "library-package": {"name": "PebbleModel", "packages": "kernels"},
    "library-package-argument": {"given": 'device_map="auto"', "packages": "accelerate"},
    "dtype-asked-integer": {"given": 'dtype="int8"'},
    "dtype-config-integer": {"given": '"torch_dtype": "int8"'},
    "dtype-stored-integer": {"dtype": "int64"},
    "dtypes-meet": {"other": "float32", "there": "language_model", "here": "vision"},
    "dtypes-mixed": {"other": "float32", "here": "vision"},
    "integers-as-floats": {"there": "int64", "here": "float32"},
    "prefix-lacking": {"tensor": "layers.0.mix.weight", "parameter": "model.layers.0.mix.weight", "here": "model."},
    "prefix-too-much": {"tensor": "module.layers.0.mix.weight", "there": "module."},
    "prefix-differs": {"parameter": "model.layers.0.mix.weight", "there": "transformer.", "here": "model."},
    "package-missing": {"names": "flash_attn"},
    "sibling-and-package": {"names": "flash_attn"},
    "auto-map-not-object": {"config": "config.json", "written": "null", "type": "NoneType"},
    "reference-not-text": {"config": "config.json", "written": '["modeling_pebble.PebbleModel", null]'},
    "reference-without-dot": {"config": "config.json", "written": '"PebbleModel"'},
    "reference-with-ending": {"config": "config.json", "written": '"modeling_pebble.py.PebbleModel"'},
    "reference-with-dots": {"config": "config.json", "written": '"code.modeling_pebble.PebbleModel"'},
    "reference-repositories": {"config": "config.json", "written": '"a/b--c/d--modeling_pebble.PebbleModel"'},
    "reference-into-folder": {"text": "code/modeling_pebble.PebbleModel", "folder": "code", "release": "4.44.2"},
    "tokenizer-entry-not-pair": {
        "config": "tokenizer_config.json",
        "written": '"tokenization_pebble.PebbleTokenizer"',
        "type": "str",
    },
    "package-on-condition": {"names": "flash_attn", "condition": "is_flash_attn_2_available()", "release": "4.44.2"},
    "package-in-function": {"names": "flash_attn"},
    "package-in-text": {"names": "flash_attn", "release": "4.44.2"},
    "module-missing-at": {"names": "triton", "statement": "import triton"},
    "module-missing-inside": {"names": "triton", "statement": "import flash_attn"},
    "package-lacks": {"names": "triton"},
    "packages-fail": {"package": "flash_attn, xformers"},
    "package-fails-and-missing": {"names": "triton"},
    "circular-import": {
        "by": "layers_pebble.py",
        "name": "SCALE",
        "names": "modeling_pebble.py, layers_pebble.py",
    },
    "sibling-from-dot": {"name": "layers_pebble", "names": "layers_pebble.py"},
    "sibling-name-missing": {"name": "Mixer", "file": "layers_pebble.py"},
    "relative-imports-missing": {"module": "layers_pebble", "names": "layers_pebble.py, visual_pebble.py"},
    "relative-import-beyond": {"dots": "..", "module": "layers_pebble"},
    "relative-import-folder": {"folder": "layers"},
    "code-is-pointer": {"names": "modeling_pebble.py"},
    "code-is-page": {"names": "modeling_pebble.py"},
    "newer-python": {"statement": "type Number = int", "since": "3.12", "python": "3.11"},
    "fails-at-import": {"error": "RuntimeError", "statement": 'raise RuntimeError("run me as a script")'},
    "fails-at-import-inside": {"error": "OSError", "statement": 'tower = AutoModel.from_pretrained("tower")'},
    "name-undefined": {"name": "List", "statement": "def forward(self, pixels: List[int]):"},
    "name-imported-sometimes": {
        "name": "flash_attn_func",
        "there": 5,
        "module": "flash_attn",
        "condition": "is_flash_attn_2_available()",
    },
    "name-imported-in-try": {"name": "flash_attn_func", "there": 5, "module": "flash_attn"},
    "name-defined-later": {"name": "SCALE", "statement": "HALF = SCALE / 2"},
    "neighbour-not-copied": {
        "name": "table.json",
        "there": "table.json",
        "statement": 'json.loads(Path(__file__).with_name("table.json").read_text())',
    },
    "opened-in-working-folder": {
        "name": "table.json",
        "there": "table.json",
        "path": "table.json",
        "statement": 'open("table.json")',
    },
    "second-repository": {
        "repository": "harbour/tower",
        "missing": "config.json",
        "statement": 'self.tower = AutoModel.from_pretrained("harbour/tower")',
    },
    "stale-importer": {"file": "layers_pebble.py", "name": "SCALE", "from": "modeling_pebble.py"},
    "import-not-copied": {"file": "numbers_pebble.py", "by": "layers_pebble.py", "main": "modeling_pebble.py"},
    "config-class-differs": {"own": "BertConfig"},
    "file-is-pointer": {"file": "model.safetensors", "names": "model.safetensors, tokenizer.json"},
    "file-is-page": {"file": "model.safetensors", "names": "model.safetensors, tokenizer.json"},
    "file-is-empty": {"file": "model.safetensors", "names": "model.safetensors, tokenizer.json"},
    "stale-code-ran": {"file": "numbers_pebble.py"},
    "class-of-earlier-load": {"first": "old/pebble", "second": "new/pebble", "names": "modeling_pebble.py"},
    "module-of-earlier-load": {"first": "old/pebble", "second": "new/pebble", "names": "layers_pebble.py"},
    "shapes-differ": {"name": "lm_head.weight", "there": "[32000, 64]", "here": "[32064, 64]"},
    "tensors-missing": {"parameter": "layers.0.experts.gate_up_proj", "missing": "layers.0.experts.1.up_proj.weight"},
    "tensors-of-two-shapes": {
        "parameter": "layers.0.experts.gate_up_proj",
        "name": "layers.0.experts.1.up_proj.weight",
        "there": "[64, 32]",
        "others": "[64, 64]",
    },
    "not-converted": {
        "parameter": "layers.0.experts.gate_up_proj",
        "names": "layers.0.experts.0.up_proj.weight",
        "reason": "the message of the exception",
    },
    "names-mixed": {"names": "layers.0.mix.weight, lm_head.weight"},
    "chat-template-refused": {"message": "System role not supported"},
    "template-name-newer": {"name": "strftime_now", "since": "4.46", "release": "4.44.2"},
    "template-name-undefined": {"name": "tools"},
    "special-token-no-text": {
        "file": "tokenizer_config.json",
        "name": "pad_token",
        "written": '{"content": "</s>"}',
        "type": "dict",
    },
    "property-without-setter": {
        "class": "PebbleTokenizer",
        "file": "tokenization_pebble.py",
        "name": "eos_token",
        "by": "SpecialTokensMixin.__init__",
    },
    "property-given-in-json": {
        "class": "PebbleTokenizer",
        "file": "tokenization_pebble.py",
        "files": "tokenizer_config.json",
        "name": "eos_token",
        "by": "SpecialTokensMixin.__init__",
    },
    "vocabulary-half-missing": {"name": "merges.txt", "there": "vocab.json", "class": "GPT2Tokenizer"},
    "generation-inputs-unused": {"names": "token_type_ids", "class": "LlamaForCausalLM"},
    "generation-no-room": {"most": 20, "length": 31},
    "forward-returns-tuple": {"function": "GenerationMixin._sample", "name": "logits"},
    "cache-as-tuple": {"class": "DynamicCache", "statement": "length = past_key_values[0][0].shape[2]"},
    "argument-given-twice": {
        "function": "PebbleTokenizer.__init__",
        "file": "tokenization_pebble.py",
        "name": "errors",
        "there": "tokenizer_config.json",
    },
    "argument-given-twice-somewhere": {
        "function": "PebbleTokenizer.__init__",
        "file": "tokenization_pebble.py",
        "name": "errors",
    },
    "argument-is-none": {"name": "attention_mask", "statement": "length = attention_mask.shape[1]"},
    "adapter-setting-refused": {"file": "adapter_config.json", "written": '"r": 0', "name": "r"},
    "adapter-entry-missing": {"file": "adapter_config.json", "name": "peft_type"},
    "adapter-config-missing": {"place": "./adapter"},
    "processor-part-unknown": {"class": "PebbleProcessor", "part": "image_processor", "name": "PebbleImageProcessor"},
    "processor-setting-refused": {
        "file": "preprocessor_config.json",
        "written": '"size": {"longest_edge": 8}',
        "class": "ViTImageProcessor",
    },
    "adapter-unused": {
        "there": "model.layers.0.attention.q_proj.lora_A.weight",
        "names": "layers.0.self_attn.q_proj.lora_A.default.weight",
    },
    "adapter-of-other-sizes": {
        "name": "layers.0.q_proj.lora_A.weight",
        "there": "[8, 4096]",
        "here": "[8, 2048]",
    },
    "adapter-of-other-vocabulary": {
        "names": "embed_tokens.weight",
        "there": "[32003, 4096]",
        "here": "[32000, 4096]",
    },
    "adapter-base-missing": {"file": "adapter_config.json"},
    "adapter-for-another-model": {"names": "q_proj, v_proj"},
    "out-of-memory-asked": {"size": "512 MB"},
    "killed-sigkill": {"where": "PebbleModel.__init__", "signal": "SIGKILL"},
    "killed-native": {"where": "PebbleModel.__init__", "signal": "SIGSEGV"},
    "killed-signal": {"where": "PebbleModel.__init__", "signal": "SIGTERM"},
    "own-code-exits": {"code": 3},
    "exits-early": {"code": 3},
    "exits": {"where": "PebbleModel.__init__", "code": 3},
    "package-apart": {
        "package": "peft",
        "version": "0.21.2",
        "file": "tuners_utils.py",
        "module": "torch.distributed",
        "name": "tensor",
    },
    "packages-apart": {"module": "torch", "name": "float8_e8m0fnu"},
    "attribute-gone-in-5": {"class": "PebbleConfig"},
    "attribute-missing": {"name": "gain", "class": "PebbleConfig"},
    "attribute-missing-library": {"name": "gain", "class": "LlamaConfig"},
    "tokenizer-class-missing": {"class": "PebbleTokenizer"},
    "vocabulary-package-missing": {"file": "tokenizer.model", "names": "sentencepiece, protobuf"},
    "vocabulary-package-missing-misled": {"file": "tokenizer.model", "names": "sentencepiece, protobuf"},
    "library-package-missing": {"class": "SiglipTokenizer", "names": "sentencepiece"},
    "vocabulary-missing": {"class": "LlamaTokenizer", "names": "tokenizer.model, tokenizer.json"},
    "tokenizer-empty": {"class": "LlamaTokenizer", "names": "tokenizer.model, tokenizer.json"},
    "tokenizer-file-broken": {"file": "tokenizer.json", "release": "0.22.1"},
    "tokenizer-merges-newer": {"file": "tokenizer.json", "release": "0.19.1"},
    "tokenizer-file-newer": {"file": "tokenizer.json", "release": "0.19.1", "part": "pretokenizer"},
    "chat-template-missing": {"class": "PebbleTokenizer"},
    "chat-template-to-choose": {"class": "PebbleTokenizer"},
    "padding-token-missing": {"class": "PebbleTokenizer"},
    "token-out-of-range": {"id": 32000, "piece": "<|image|>", "path": "embed", "rows": 32000},
    "position-out-of-range": {"count": 600, "path": "positions", "rows": 512},
    "tokenizer-class-newer": {"class": "PebbleTokenizer", "since": "5.0", "release": "4.44.2"},
    "tokenizer-code-not-mapped": {"class": "PebbleTokenizer", "file": "tokenization_pebble.py"},
    "override-lacks-newer-parameter": {"class": "PebbleTokenizer", "since": "4.45", "name": "padding_side"},
    "override-lacks-parameter": {"class": "PebbleTokenizer", "name": "padding_side"},
    "override-takes-fewer": {"class": "PebbleTokenizer", "takes": 3, "given": 4},
    "weights-files-differ": {"file": "model.safetensors", "other": "pytorch_model.bin", "name": "False", "count": 1},
    "saved-modules-absent": {"file": "adapter_config.json", "names": "classifier"},
    "saved-modules-unfilled": {
        "file": "adapter_config.json",
        "names": "lm_head.modules_to_save.default.weight",
    },
    "constructor-wants-more": {
        "class": "PebbleConfig",
        "file": "configuration_pebble.py",
        "names": "width",
        "name": "width",
        "function": "PretrainedConfig.from_dict",
    },
    "forward-wants-more": {"names": "pixel_values"},
    "hidden-error": {
        "property": "depth",
        "statement": "return self.config.deepness",
        "message": "'PebbleConfig' object has no attribute 'deepness'",
    },
    "hidden-error-unseen": {"property": "depth"},
    "override-wants-more": {"class": "PebbleTokenizer", "names": "max_length"},
    "attribute-set-too-late": {
        "class": "PebbleTokenizer",
        "file": "tokenization_pebble.py",
        "names": "vocab",
        "set": 15,
        "method": "get_vocab",
    },
    "attribute-not-set-yet": {
        "class": "PebbleTokenizer",
        "file": "tokenization_pebble.py",
        "names": "vocab",
        "method": "get_vocab",
    },
    "generation-mixin-missing": {"name": "generate"},
    "configuration-names-otherwise": {
        "name": "num_hidden_layers",
        "function": "DynamicCache.__init__",
        "file": "<transformers>/cache_utils.py",
        "class": "PebbleConfig",
        "other": "num_layers",
    },
    "configuration-lacks-name": {
        "name": "num_hidden_layers",
        "function": "DynamicCache.__init__",
        "file": "<transformers>/cache_utils.py",
        "class": "PebbleConfig",
    },
    "generation-settings-invalid": {"file": "generation_config.json", "written": '"temperature": "hot"'},
    "generation-setting-invalid": {"file": "generation_config.json"},
    "generation-settings-unread": {"file": "generation_config.json"},
    "processor-class-newer": {
        "file": "preprocessor_config.json",
        "class": "Qwen3VLProcessor",
        "key": "processor_class",
        "since": "4.57",
        "release": "4.44.2",
    },
    "processor-class-misspelt": {
        "file": "preprocessor_config.json",
        "class": "ClipImageProcessor",
        "key": "image_processor_type",
        "alike": "CLIPImageProcessor",
    },
    "processor-class-unknown": {
        "file": "preprocessor_config.json",
        "class": "PebbleImageProcessor",
        "key": "image_processor_type",
    },
    "processor-class-not-named": {"file": "preprocessor_config.json", "key": "image_processor_type"},
    "processor-part-differs": {
        "class": "LlavaProcessor",
        "wanted": "CLIPImageProcessor",
        "part": "image_processor",
        "given": "ViTImageProcessor",
    },
    "processor-files-missing": {
        "auto_class": "AutoProcessor",
        "names": "processor_config.json, preprocessor_config.json",
    },
    "lora-targets-missing": {"names": "q_proj, v_proj", "modules": "query, value, mix"},
    "adapter-key-newer": {"file": "adapter_config.json", "names": "corda_config", "since": "0.15", "release": "0.12.0"},
    "adapter-key-unknown": {
        "file": "adapter_config.json",
        "name": "pebble_rate",
        "class": "LoraConfig",
        "release": "0.12.0",
    },
    "adapter-config-left": {"file": "adapter_config.json", "config": "config.json"},
    "adapter-weights-missing": {"file": "adapter_config.json", "names": "adapter_model.safetensors, adapter_model.bin"},
    "adapter-kind-unknown": {"file": "adapter_config.json", "kind": "PEBBLE", "release": "0.12.0"},
    "adapter-kind-not-named": {"file": "adapter_config.json"},
    "adapter-rank-differs": {"file": "adapter_config.json", "here": 8, "there": 16},
    "picture-dropped": {"names": "input_ids, attention_mask"},
    "picture-not-given": {"names": "input_ids, attention_mask"},
    "tie-not-said": {"class": "PebbleForCausalLM"},
    "argument-dropped": {"name": "resume_download"},
    "tokenizer-replaced": {"class": "PreTrainedTokenizerFast"},
    "not-recorded": {"what": "a probe", "reason": "its code could not be found"},
    "stale-copy": {"name": "SCALE"},
    "relative-import-missing": {"module": "layers_pebble", "file": "layers_pebble.py"},
    "library-name-gone": {
        "name": "apply_chunking_to_forward",
        "module": "transformers.modeling_utils",
        "package": "transformers",
    },
}
"""Where these examples would not fit."""


class Kind(NamedTuple):
    """A kind of cause, or of surprise in a load that went on, with an example."""

    name: str
    example: str
    repairable: bool


_TITLES: Final[dict[str, Message]] = {
    "cause": N_("Why a load failed"),
    "surprise": N_("What a load that went well did unasked"),
}
_INTRODUCTION: Final = """\
# What `glm-trace why` knows

Each kind of cause, with an example of its message. `glm-trace why FILE --json` gives these names as `kind`.
🔧 marks the kinds for which `glm-trace why FILE --patch` may have a repair.

This page is generated from the messages in the code; a test keeps it up to date.
"""


def kinds(lang: Lang, of: str) -> Iterator[Kind]:
    """Yield the kinds of ``cause`` or ``surprise``, in the order of their sentences."""
    for key, message in CAUSES.items():
        group, _, name = key.partition(":")
        if group == of:
            example = tr(lang, message, **{**_values(message), **_OF_KIND.get(name, {})})
            yield Kind(name, " ".join(example.split()), name in REPAIRS)


def cause_list(lang: Lang) -> RenderableType:
    """Return every kind with its example, for the terminal."""
    parts: list[RenderableType] = []
    for group, title in _TITLES.items():
        parts += ["", Text(tr(lang, title), "bold")]
        for kind in kinds(lang, group):
            mark = f"  {tr(lang, N_('repairable with --patch'))}" if kind.repairable else ""
            parts += [Text.assemble("  ", (kind.name, "cyan"), (mark, "dim"))]
            parts.append(Padding(Prose(kind.example), (0, 0, 0, 4), expand=False))
    return Group(*parts)


def cause_page() -> str:
    """Return docs/causes.md."""
    parts = [_INTRODUCTION]
    for group, title in _TITLES.items():
        parts.append(f"## {tr('en', title)}\n")
        for kind in kinds("en", group):
            parts.append(f"- **`{kind.name}`**{' 🔧' if kind.repairable else ''}: {in_markdown(kind.example)}")
        parts.append("")
    return "\n".join(parts)


def _values(message: Message) -> dict[str, Any]:
    texts = (message,) if isinstance(message, str) else tuple(part for part in message if isinstance(part, str))
    fields = {field for text in texts for _, field, _, _ in Formatter().parse(text) if field}
    return {field: _EXAMPLES.get(field, field.upper()) for field in fields}
