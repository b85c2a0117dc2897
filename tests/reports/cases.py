"""Failures that people reported in public, each made again as a small directory with one fault.

Each function returns the files of its directory; cases.yaml says how it fails, and why.

A path that begins with `../` is outside the model's folder: `../script.py` is run instead of loading the folder,
`../before.py` is run first, and `../site/` is put on PYTHONPATH.
"""

from __future__ import annotations

import io
import json
import zipfile

from tests.support.model_files import (
    BASE_SHAPES,
    CODE,
    CONFIG_CODE,
    LETTERS,
    LOADS,
    PICTURE,
    POINTER,
    POST_INIT,
    SIZES,
    WIDTH,
    WORDS,
    Files,
    adapter,
    as_json,
    as_safetensors,
    bert,
    causal,
    edit,
    importing,
    in_class,
    in_constructor,
    letters,
    llama,
    pebble,
    reading_cache,
    seeing,
    under,
    without,
    words,
)

# ── Construction ────────────────────────────────────────────────────────────────────────────────────


def no_post_init() -> Files:
    """The constructor ends without `self.post_init()`."""
    return edit(pebble(), CODE, POST_INIT, "")


def tied_keys_list() -> Files:
    """`_tied_weights_keys` in the form of 4.x, a list."""
    files = edit(
        causal(tie_word_embeddings=True),
        CODE,
        *in_class('_tied_weights_keys = ["lm_head.weight"]'),
    )
    return files | {"model.safetensors": as_safetensors({"embed.weight": (WORDS, WIDTH)})}


def item_on_meta() -> Files:
    """The constructor reads numbers from a tensor with `.item()`."""
    return edit(
        pebble(),
        CODE,
        *in_constructor("self.rates = [rate.item() for rate in torch.arange(3) / 30]"),
    )


def buffer_never_filled() -> Files:
    """The constructor computes a non-persistent buffer, and no `_init_weights` computes it again."""
    files = edit(
        pebble(),
        CODE,
        *in_constructor(
            "steps = 1.0 / 100 ** (torch.arange(0, config.width, 2).float() / config.width)",
            'self.register_buffer("steps", steps, persistent=False)',
        ),
    )
    return edit(files, CODE, "self.embed(input_ids))", "self.embed(input_ids) * self.steps.repeat(2))") | words()


def rope_default_gone() -> Files:
    """The constructor looks up "default" in the library's table of rotary embeddings."""
    files = importing(
        "from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS",
        rope_theta=10000.0,
        hidden_size=WIDTH,
        num_attention_heads=2,
        max_position_embeddings=32,
    )
    return edit(
        files,
        CODE,
        *in_constructor(
            'make = ROPE_INIT_FUNCTIONS["default"]',
            "frequencies, self.scaling = make(config, None)",
            'self.register_buffer("frequencies", frequencies, persistent=False)',
        ),
    )


def unexpected_use_cache() -> Files:
    """A constructor without **kwargs gets a keyword that the configuration did not take."""
    return pebble()


def custom_keyword_unexpected() -> Files:
    """A keyword meant for the loader reaches a constructor without **kwargs."""
    return pebble()


def load_in_4bit_keyword() -> Files:
    """The keyword `load_in_4bit` of 4.x, without a quantization configuration."""
    return llama()


def flash_attention_absent() -> Files:
    """`attn_implementation="flash_attention_2"` where flash_attn is not installed."""
    return llama()


def sdpa_not_declared() -> Files:
    """`attn_implementation="sdpa"` for a class that does not declare it."""
    return pebble()


def config_key_unused() -> Files:
    """The code reads a key that neither config.json nor the configuration class has."""
    return edit(
        pebble(),
        CODE,
        *in_constructor("self.gain = config.residual_gain"),
    )


def rope_scaling_two_fields() -> Files:
    """rope_scaling in the form of later releases, for a model whose configuration checks the old form."""
    config = {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "vocab_size": WORDS,
        **SIZES,
        "rope_scaling": {
            "factor": 8.0,
            "rope_type": "llama3",
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    }
    return {"config.json": as_json(config)}


def rope_scaling_own_check() -> Files:
    """The directory's own configuration class checks rope_scaling in the old form."""
    return edit(
        pebble(rope_scaling={"rope_type": "linear", "factor": 2.0}),
        CONFIG_CODE,
        "        self.words = words\n",
        '        self.words = words\n        scaling = kwargs.get("rope_scaling")\n'
        '        if scaling is not None and set(scaling) != {"type", "factor"}:\n'
        '            raise ValueError(f"`rope_scaling` needs the fields type and factor, not {scaling}")\n',
    )


# ── The classes that auto_map and model_type name ───────────────────────────────────────────────────


def llava_as_causal() -> Files:
    """A vision model, loaded through AutoModelForCausalLM."""
    config = {
        "architectures": ["LlavaForConditionalGeneration"],
        "model_type": "llava",
        "text_config": {
            "model_type": "llama",
            "vocab_size": WORDS,
            **SIZES,
        },
        "vision_config": {
            "model_type": "clip_vision_model",
            **SIZES,
            **PICTURE,
        },
    }
    return {"config.json": as_json(config)}


def two_dots_in_reference() -> Files:
    """A class reference with a folder in it."""
    files = pebble(
        auto_map={"AutoConfig": "configuration_pebble.PebbleConfig", "AutoModel": "code.modeling_pebble.PebbleModel"}
    )
    return files | {f"code/{CODE}": files[CODE]}


def auto_map_list() -> Files:
    """An entry for a model is a list, as entries for tokenizers are."""
    return pebble(
        auto_map={"AutoConfig": "configuration_pebble.PebbleConfig", "AutoModel": ["modeling_pebble.PebbleModel", None]}
    )


def auto_map_number() -> Files:
    """The value of an entry is a number."""
    return pebble(auto_map={"AutoConfig": 3, "AutoModel": "modeling_pebble.PebbleModel"})


def model_type_collides() -> Files:
    """The directory's code has a model_type of the library, and the script does not pass `trust_remote_code`."""
    script = LOADS + 'model = AutoModel.from_pretrained(os.path.join(here, "model-type-collides"))\n'
    files = edit(pebble(), CONFIG_CODE, 'model_type = "pebble"', 'model_type = "bert"')
    config = json.loads(bert()["config.json"]) | json.loads(files["config.json"]) | {"model_type": "bert"}
    return files | {"config.json": as_json(config), "../script.py": script.encode()}


def config_class_differs() -> Files:
    """The model's class names another configuration class than `auto_map`."""
    files = importing("from transformers import BertConfig")
    return edit(files, CODE, "config_class = PebbleConfig", "config_class = BertConfig")


# ── The directory's code: imports ───────────────────────────────────────────────────────────────────


def import_flash_check() -> Files:
    """A name that was removed from transformers.utils in 4.35."""
    return importing("from transformers.utils import is_flash_attn_available")


def import_pruning_helper() -> Files:
    """A name that was removed from transformers.pytorch_utils in 5.0."""
    return importing("from transformers.pytorch_utils import find_pruneable_heads_and_indices")


def import_llama_flash() -> Files:
    """An attention class of the library that later releases merged with another."""
    return importing("from transformers.models.llama.modeling_llama import LlamaFlashAttention2")


def import_module_gone() -> Files:
    """A whole module that transformers no longer has."""
    return importing("from transformers.deepspeed import is_deepspeed_zero3_enabled")


def package_broken() -> Files:
    """A package that is installed, and that fails when it is imported."""
    return importing("import pebble_kernels") | {
        "../site/pebble_kernels/__init__.py": b'raise ImportError("pebble_kernels_c.so: undefined symbol: launch")\n'
    }


def package_conditional() -> Files:
    """A package imported under a condition that is false counts as needed."""
    return importing("WITH_KERNELS = False\nif WITH_KERNELS:\n    from flash_attn import flash_attn_func")


def sibling_missing() -> Files:
    """A relative import of a file that the directory does not have."""
    return importing("from .layers_pebble import Mixer")


def circular_imports() -> Files:
    """Two files import names from each other."""
    files = edit(
        importing("from .layers_pebble import Mixer\n\nSCALE = 2.0"),
        CODE,
        "self.mix = nn.Linear(config.width, config.width)",
        "self.mix = Mixer(config.width, config.width)",
    )
    layers = (
        "from torch import nn\n\nfrom .modeling_pebble import SCALE\n\n\nclass Mixer(nn.Linear):\n    scale = SCALE\n"
    )
    return files | {"layers_pebble.py": layers.encode()}


def neighbour_opened() -> Files:
    """The code opens a file next to it; only Python files are copied."""
    files = importing("import json\nfrom pathlib import Path")
    files = edit(
        files,
        CODE,
        *in_constructor('self.table = json.loads(Path(__file__).with_name("table.json").read_text())'),
    )
    return files | {"table.json": b"[1, 2, 3]\n"}


def lfs_pointer_code() -> Files:
    """The file with the model's code is a Git LFS pointer."""
    return pebble() | {CODE: POINTER}


def same_folder_name() -> Files:
    """Two models in folders of the same name, whose neighbouring file differs, loaded one after the other."""
    one = edit(
        importing("from .layers_pebble import SCALE"),
        CODE,
        *in_constructor("self.scale = SCALE"),
    )
    script = LOADS + (
        'for folder in ("first", "second"):\n'
        '    model = AutoModel.from_pretrained(os.path.join(here, folder, "model"), trust_remote_code=True)\n'
        "    print(folder, model.scale)\n"
    )
    files = {"../script.py": script.encode()}
    for folder, scale in (("first", 1.0), ("second", 7.0)):
        files |= under(f"../{folder}/model", one | {"layers_pebble.py": f"SCALE = {scale}\n".encode()})
    return files


def second_level_import() -> Files:
    """A neighbour imports a neighbour of its own; 4.44 copies the first level only."""
    return importing("from .layers_pebble import SCALE") | {
        "layers_pebble.py": b"from .numbers_pebble import SCALE\n",
        "numbers_pebble.py": b"SCALE = 7.0\n",
    }


def second_level_stale() -> Files:
    """A file at the second level was changed after an earlier load had copied it."""
    files = edit(
        importing("from .layers_pebble import SCALE"),
        CODE,
        *in_constructor("self.scale = SCALE"),
    )
    before = LOADS + (
        'folder = os.path.join(here, "second-level-stale")\n\n\n'
        "def change(name, old, new):\n"
        "    with open(os.path.join(folder, name)) as file:\n        text = file.read()\n"
        '    with open(os.path.join(folder, name), "w") as file:\n        file.write(text.replace(old, new))\n\n\n'
        'change("modeling_pebble.py", "from .layers_pebble", "from .numbers_pebble")\n'
        'change("numbers_pebble.py", "7.0", "1.0")\n'
        "AutoModel.from_pretrained(folder, trust_remote_code=True)\n"
        'change("modeling_pebble.py", "from .numbers_pebble", "from .layers_pebble")\n'
        'change("numbers_pebble.py", "1.0", "7.0")\n'
    )
    return files | {
        "layers_pebble.py": b"from .numbers_pebble import SCALE\n",
        "numbers_pebble.py": b"SCALE = 7.0\n",
        "../before.py": before.encode(),
    }


# ── Trust and keywords ──────────────────────────────────────────────────────────────────────────────


def trust_misspelt() -> Files:
    """`trust_remote_code` misspelt in a script."""
    script = LOADS + 'AutoModel.from_pretrained(os.path.join(here, "trust-misspelt"), trust_romote_code=True)\n'
    return pebble() | {"../script.py": script.encode()}


# ── Tokenizers ──────────────────────────────────────────────────────────────────────────────────────


def pad_without_side() -> Files:
    """A tokenizer that overrides `_pad` with the parameters of 4.44."""
    pad = """
    def _pad(self, encoded_inputs, max_length=None, padding_strategy=None, pad_to_multiple_of=None,
             return_attention_mask=None):
        encoded_inputs["attention_mask"] = [1] * len(encoded_inputs["input_ids"])
        return encoded_inputs
"""
    return pebble() | letters(LETTERS + pad)


def sentencepiece_absent() -> Files:
    """A tokenizer of the SentencePiece kind without tokenizer.json."""
    settings = {"tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return llama() | {
        "tokenizer_config.json": as_json(settings),
        "tokenizer.model": b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02",
    }


def chat_template_nowhere() -> Files:
    """A chat is rendered with a tokenizer that has no chat template."""
    script = LOADS + (
        "from transformers import AutoTokenizer\n\n"
        'tokenizer = AutoTokenizer.from_pretrained(os.path.join(here, "chat-template-nowhere"))\n'
        'tokenizer.apply_chat_template([{"role": "user", "content": "the fox"}], tokenize=False)\n'
    )
    return llama() | words() | {"../script.py": script.encode()}


def tokenizer_class_of_5() -> Files:
    """tokenizer_config.json as 5.x writes it, with a class that 4.x does not have."""
    return llama() | words(tokenizer_class="TokenizersBackend")


def tokenizer_json_newer() -> Files:
    """tokenizer.json with merges as pairs, as tokenizers 0.20 and later write them."""
    files = words()
    tokenizer = json.loads(files["tokenizer.json"])
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2, "f": 3, "o": 4, "x": 5, "fo": 6, "fox": 7}
    tokenizer["model"] = {
        "type": "BPE",
        "dropout": None,
        "unk_token": "<unk>",
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": vocabulary,
        "merges": [["f", "o"], ["fo", "x"]],
    }
    return llama() | files | {"tokenizer.json": as_json(tokenizer)}


def token_out_of_range() -> Files:
    """The tokenizer has an id for which the embedding has no row."""
    files = words()
    tokenizer = json.loads(files["tokenizer.json"])
    tokenizer["model"]["vocab"]["fox"] = 99
    return pebble() | files | {"tokenizer.json": as_json(tokenizer)}


# ── Weights ─────────────────────────────────────────────────────────────────────────────────────────


def tied_overwritten() -> Files:
    """The checkpoint has an lm_head of its own, and the configuration ties it to the embedding."""
    return llama(tie_word_embeddings=True) | words()


def head_missing() -> Files:
    """The checkpoint has no lm_head, and the configuration does not tie it."""
    return causal() | {"model.safetensors": as_safetensors({"embed.weight": (WORDS, WIDTH)})} | words()


def tie_default_gone() -> Files:
    """config.json does not say `tie_word_embeddings`: tied by default up to 4.x, not from 5 on."""
    files = edit(
        causal(tie_word_embeddings=None),
        CODE,
        *in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
    )
    return files | {"model.safetensors": as_safetensors({"embed.weight": (WORDS, WIDTH)})} | words()


def tie_nested() -> Files:
    """Only the nested text configuration has `tie_word_embeddings`."""
    files = edit(
        causal(tie_word_embeddings=None, text_config={"tie_word_embeddings": True}),
        CODE,
        *in_class('_tied_weights_keys = {"lm_head.weight": "embed.weight"}'),
    )
    files = edit(files, CONFIG_CODE, "words=32, **kwargs", "words=32, text_config=None, **kwargs")
    files = edit(
        files,
        CONFIG_CODE,
        "        self.words = words\n",
        "        self.words = words\n        self.text_config = PretrainedConfig(**(text_config or {}))\n",
    )
    return files | {"model.safetensors": as_safetensors({"embed.weight": (WORDS, WIDTH)})} | words()


def shard_absent() -> Files:
    """The index names a shard that is not there."""
    index = {
        "metadata": {"total_size": 2048},
        "weight_map": {
            "embed.weight": "model-00001-of-00002.safetensors",
            "lm_head.weight": "model-00002-of-00002.safetensors",
        },
    }
    return without(causal(), "model.safetensors") | {
        "model.safetensors.index.json": as_json(index),
        "model-00001-of-00002.safetensors": as_safetensors({"embed.weight": (WORDS, WIDTH)}),
    }


def lfs_pointer_weights() -> Files:
    """The weights file is a Git LFS pointer."""
    return pebble() | {"model.safetensors": POINTER}


def weights_cut_off() -> Files:
    """The download of the weights ended too early."""
    return pebble() | {"model.safetensors": pebble()["model.safetensors"][:-400]}


def weights_whole_numbers() -> Files:
    """The checkpoint holds whole numbers where the model has floating point parameters."""
    return pebble() | {"model.safetensors": as_safetensors(BASE_SHAPES, kind="I64")} | words()


def weights_other_shape() -> Files:
    """A tensor of the checkpoint has another shape than its parameter."""
    return pebble() | {"model.safetensors": as_safetensors(BASE_SHAPES | {"mix.weight": (WIDTH, 2 * WIDTH)})}


def weights_other_zip() -> Files:
    """pytorch_model.bin is a zip archive of something else."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("notes.txt"), "no weights in here\n")
    return without(pebble(), "model.safetensors") | {"pytorch_model.bin": packed.getvalue()}


def layers_dropped() -> Files:
    """config.json has fewer layers than the checkpoint."""
    return bert() | {"model.safetensors": bert(num_hidden_layers=2)["model.safetensors"]} | words()


# ── Quantization ────────────────────────────────────────────────────────────────────────────────────


def bitsandbytes_absent() -> Files:
    """config.json asks for bitsandbytes."""
    return llama(quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})


def quantization_unknown() -> Files:
    """config.json asks for a quantization method that the release does not know."""
    return llama(quantization_config={"quant_method": "pebblequant", "bits": 4})


# ── The pass and generation ─────────────────────────────────────────────────────────────────────────


def cache_format_keyword() -> Files:
    """The model's own bookkeeping calls a helper of the library with a keyword of an earlier release."""
    keep = """
    def _update_model_kwargs_for_generation(self, outputs, model_kwargs, is_encoder_decoder=False,
                                            standardize_cache_format=False, **kwargs):
        model_kwargs["past_key_values"] = self._extract_past_from_model_output(
            outputs, standardize_cache_format=standardize_cache_format
        )
        return model_kwargs
"""
    return causal() | words() | {CODE: causal()[CODE] + keep.encode()}


def cache_seen_tokens() -> Files:
    """The code reads the length of the cache by a name that 5.x does not have."""
    return reading_cache("self.past_length = cache.seen_tokens")


def cache_from_legacy() -> Files:
    """The code turns tuples into a cache by a method that 5.x does not have."""
    return reading_cache("cache = DynamicCache.from_legacy_cache(None)")


def no_generation_mixin() -> Files:
    """A causal model without GenerationMixin, loaded by its own class: up to 4.49 every model could generate."""
    files = edit(
        causal(),
        CODE,
        "class PebbleForCausalLM(PreTrainedModel, GenerationMixin):",
        "class PebbleForCausalLM(PreTrainedModel):",
    )
    script = (
        "import os\nimport sys\n\nimport torch\n\nhere = os.path.dirname(os.path.abspath(__file__))\n"
        "sys.path.insert(0, here)\nfrom own.modeling_pebble import PebbleForCausalLM\n\n"
        'model = PebbleForCausalLM.from_pretrained(os.path.join(here, "no-generation-mixin"))\n'
        "print(model.generate(torch.tensor([[3, 4]]), max_new_tokens=2))\n"
    )
    own = {name: content for name, content in files.items() if name.endswith(".py")}
    return files | under("../own", own | {"__init__.py": b""}) | {"../script.py": script.encode()}


def generation_config_invalid() -> Files:
    """generation_config.json has a value of the wrong kind."""
    return causal() | words() | {"generation_config.json": as_json({"eos_token_id": 2, "max_new_tokens": -4})}


def config_nan() -> Files:
    """A number in config.json is NaN, and every output becomes NaN."""
    files = edit(
        pebble(gain=1.5), CODE, "self.mix(self.embed(input_ids))", "self.mix(self.embed(input_ids)) * self.config.gain"
    )
    return edit(files, "config.json", '"gain": 1.5', '"gain": NaN') | words()


# ── config.json and the directory's other JSON ──────────────────────────────────────────────────────


def config_trailing_comma() -> Files:
    """There is a comma after the last entry of config.json."""
    return edit(pebble(), "config.json", f'"words": {WORDS}\n', f'"words": {WORDS},\n')


def config_is_list() -> Files:
    """config.json holds a list."""
    return pebble() | {"config.json": b'["pebble", 8, 32]\n'}


# ── Processors ──────────────────────────────────────────────────────────────────────────────────────


def image_processor_unknown() -> Files:
    """preprocessor_config.json names an image processor that the release does not have."""
    return edit(seeing(), "config.json", '"vit"', '"pebble-vision"') | {
        "preprocessor_config.json": as_json({"image_processor_type": "PebbleImageProcessor", "do_resize": True})
    }


def processor_import_fails() -> Files:
    """The processor's own code fails in an import."""
    code = (
        "import pebble_pictures\nfrom transformers import ProcessorMixin\n\n\n"
        "class PebbleProcessor(ProcessorMixin):\n    attributes = []\n"
    )
    return pebble() | {
        "preprocessor_config.json": as_json({"auto_map": {"AutoProcessor": "processing_pebble.PebbleProcessor"}}),
        "processing_pebble.py": code.encode(),
    }


# ── Adapters ────────────────────────────────────────────────────────────────────────────────────────


def lora_targets_missing() -> Files:
    """A script puts LoRA on module names of another architecture."""
    script = (
        "import os\n\nfrom peft import LoraConfig, get_peft_model\nfrom transformers import AutoModelForCausalLM\n\n"
        'folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lora-targets-missing")\n'
        "model = AutoModelForCausalLM.from_pretrained(folder)\n"
        'get_peft_model(model, LoraConfig(r=2, target_modules=["query_key_value"]))\n'
    )
    return llama() | {"../script.py": script.encode()}


def adapter_key_unknown() -> Files:
    """An adapter saved by a newer peft, with a key that this one does not know."""
    return adapter("../base", corda_config=None, eva_config=None) | under("../base", llama() | words())


def adapter_stale_beside_config() -> Files:
    """A merged model whose directory still has the adapter's configuration; the base model is not there."""
    return llama() | words() | {"adapter_config.json": adapter("harbour/base-model")["adapter_config.json"]}


# ── Other repositories ──────────────────────────────────────────────────────────────────────────────


def second_repository() -> Files:
    """The model's constructor loads a tower from another repository."""
    files = importing("from transformers import AutoConfig")
    return edit(
        files,
        CODE,
        *in_constructor('self.tower = AutoConfig.from_pretrained("harbour/tower-small")'),
    )


def code_of_other_repository() -> Files:
    """auto_map takes the code from another repository, which is not on this machine."""
    return pebble(
        auto_map={
            "AutoConfig": "harbour/pebble-code--configuration_pebble.PebbleConfig",
            "AutoModel": "harbour/pebble-code--modeling_pebble.PebbleModel",
        }
    )
