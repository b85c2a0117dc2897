"""Model directories that are damaged on purpose: a copy of a bundled fixture with one thing wrong."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"


def copied(fixture: str, folder: Path) -> Path:
    """Copy a fixture to a new folder whose name does not reveal the damage."""
    return Path(shutil.copytree(FIXTURES / fixture, folder, ignore=shutil.ignore_patterns("__pycache__")))


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the content of a JSON file."""
    held = json.loads(path.read_text(encoding="utf-8"))
    change(held)
    path.write_text(json.dumps(held, indent=2), encoding="utf-8")


def edit_text(path: Path, old: str, new: str) -> None:
    """Replace a text that must be present."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not hold {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit_tensors(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the tensors of a safetensors file."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(str(path))
    change(tensors)
    save_file(tensors, str(path), metadata={"format": "pt"})


# Remote code


def relative_import_missing(folder: Path) -> Path:
    """``modeling_chatglm.py`` imports ``.visual``, which does not exist."""
    model = copied("glm-4v-tiny", folder)
    (model / "visual.py").unlink()
    return model


def sibling_imported_absolutely(folder: Path) -> Path:
    """The dot before ``configuration_chatglm`` is missing."""
    model = copied("glm-4v-tiny", folder)
    edit_text(model / "modeling_chatglm.py", "from .configuration_chatglm", "from configuration_chatglm")
    return model


def untouched_sibling_imported_absolutely(folder: Path) -> Path:
    """The first file that the load reaches imports a neighbour that it has not reached yet."""
    model = copied("glm-4v-tiny", folder)
    (model / "geometry.py").write_text("SIDE = 1\n", encoding="utf-8")
    _import_first(model / "configuration_chatglm.py", "from geometry import SIDE")
    return model


def sibling_package_imported_absolutely(folder: Path) -> Path:
    """The same with a folder, and with a package that is not installed."""
    model = copied("glm-4v-tiny", folder)
    (model / "geometry").mkdir()
    (model / "geometry" / "__init__.py").write_text("SIDE = 1\n", encoding="utf-8")
    _import_first(model / "configuration_chatglm.py", "import glm_trace_absent_package\nfrom geometry import SIDE")
    return model


def untouched_sibling_in_a_function(folder: Path) -> Path:
    """A neighbour is imported where the check does not look: inside ``try``, and again where the error is not
    caught."""
    model = copied("glm-4v-tiny", folder)
    (model / "geometry.py").write_text("SIDE = 1\n", encoding="utf-8")
    text = "try:\n    import geometry\nexcept ImportError:\n    raise"
    _import_first(model / "configuration_chatglm.py", text)
    return model


def known_package_missing(folder: Path) -> Path:
    """A package whose well-known name differs from its import name."""
    model = copied("glm-4v-tiny", folder)
    _import_first(model / "configuration_chatglm.py", "import flash_attn")
    return model


def package_fails(folder: Path) -> Path:
    """An installed package that needs what the installed transformers does not have."""
    model = copied("glm-4v-tiny", folder)
    package = Path(os.environ["HF_MODULES_CACHE"]) / "glm_trace_failing_package"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("from transformers import glm_trace_never_was\n", encoding="utf-8")
    _import_first(model / "modeling_chatglm.py", "import glm_trace_failing_package")
    return model


def repository_missing(folder: Path) -> Path:
    """``auto_map`` takes the configuration's class from a repository that is not in the cache."""
    model = copied("glm-4v-tiny", folder)
    config = model / "config.json"
    edit_text(config, '"configuration_chatglm.ChatGLMConfig"', '"someone/other--configuration_chatglm.ChatGLMConfig"')
    return model


def _import_first(path: Path, text: str) -> None:
    first = "from transformers import"
    edit_text(path, first, f"{text}\n{first}")


def name_missing_in_sibling(folder: Path) -> Path:
    """The model's file imports a class from the configuration's file that this file does not define."""
    model = copied("glm-4v-tiny", folder)
    edit_text(model / "modeling_chatglm.py", "import ChatGLMConfig", "import ChatGLMConfig, ChatGLMVisionConfig")
    return model


def library_name_gone(folder: Path) -> Path:
    """The code imports a function from transformers that no release has."""
    model = copied("glm-4v-tiny", folder)
    edit_text(
        model / "modeling_chatglm.py",
        "from transformers import PreTrainedModel\n",
        "from transformers import PreTrainedModel\nfrom transformers.modeling_utils import glm_trace_never_was\n",
    )
    return model


def package_missing_in_sibling(folder: Path) -> Path:
    """``visual.py`` imports a package that is not installed; the check only looks at the model's own file."""
    model = copied("glm-4v-tiny", folder)
    first = "from transformers.activations import ACT2FN\n"
    edit_text(model / "visual.py", first, f"import glm_trace_absent_package\n{first}")
    return model


def without_config_class(folder: Path) -> Path:
    """The model's class does not name its configuration class."""
    model = copied("glm-4v-tiny", folder)
    edit_text(model / "modeling_chatglm.py", "    config_class = ChatGLMConfig\n", "")
    return model


def other_config_class(folder: Path) -> Path:
    """The model's class names another configuration class than ``auto_map``."""
    model = copied("glm-4v-tiny", folder)
    edit_text(model / "modeling_chatglm.py", "config_class = ChatGLMConfig", "config_class = PretrainedConfig")
    edit_text(model / "modeling_chatglm.py", "import PreTrainedModel\n", "import PretrainedConfig, PreTrainedModel\n")
    return model


def attribute_gone(folder: Path) -> Path:
    """Code written for 4.44 reads ``config.max_length``, which 5.x configurations do not have."""
    model = copied("glm-4v-tiny", folder)
    edit_text(model / "modeling_chatglm.py", "= config.seq_length", "= config.max_length")
    return model


def attribute_never_set(folder: Path) -> Path:
    """The code reads an attribute that nothing sets."""
    model = copied("glm-4v-tiny", folder)
    edit_text(model / "modeling_chatglm.py", "= config.seq_length", "= config.sequence_length")
    return model


def use_cache_left_to_the_library(folder: Path) -> Path:
    """As published: the class does not handle ``use_cache``; in config.json it becomes an attribute up to 4.x only."""
    model = copied("glm-4v-tiny", folder)
    code = model / "configuration_chatglm.py"
    edit_text(code, '        use_cache = kwargs.pop("use_cache", True)\n', "")
    edit_text(code, "        self.use_cache = use_cache\n", "")
    return model


def transitive_import(folder: Path) -> Path:
    """``modeling_chatglm.py`` imports ``.visual``, which imports ``.parts``: 4.44 copies only what the first file
    names."""
    model = copied("glm-4v-tiny", folder)
    (model / "parts.py").write_text("""def part():\n    return "part"\n""", encoding="utf-8")
    first = "from transformers.activations import ACT2FN\n"
    edit_text(model / "visual.py", first, f"{first}from .parts import part\n\npart()\n")
    return model


def local_and_remote(folder: Path) -> Path:
    """BERT, which the library includes, with its own code beside it."""
    model = copied("bert-tiny", folder)
    (model / "modeling_own.py").write_text(
        "from transformers import BertModel\n\n\nclass Own(BertModel):\n    pass\n", encoding="utf-8"
    )
    edit_json(model / "config.json", lambda config: config.update(auto_map={"AutoModel": "modeling_own.Own"}))
    return model


# Configuration and tokenizer


def tokenizer_class_missing(folder: Path) -> Path:
    """tokenizer_config.json names a class that the library does not have."""
    model = copied("bert-tiny", folder)
    edit_json(model / "tokenizer_config.json", lambda config: config.update(tokenizer_class="NoSuchTokenizer"))
    return model


def tokenizer_not_json(folder: Path) -> Path:
    """tokenizer_config.json is cut off."""
    model = copied("bert-tiny", folder)
    (model / "tokenizer_config.json").write_text('{\n  "tokenizer_class": "BertTokenizer",\n', encoding="utf-8")
    return model


def without_model_type(folder: Path) -> Path:
    """config.json has no ``model_type``."""
    model = copied("bert-tiny", folder)
    edit_json(model / "config.json", lambda config: config.pop("model_type"))
    return model


def without_auto_map_entry(folder: Path) -> Path:
    """``auto_map`` has no entry for the auto class of the load."""
    model = copied("glm-4v-tiny", folder)
    edit_json(model / "config.json", lambda config: config["auto_map"].pop("AutoModelForSequenceClassification"))
    return model


# Weights


def weights_missing(folder: Path) -> Path:
    """There is no weights file at all."""
    model = copied("bert-tiny", folder)
    (model / "model.safetensors").unlink()
    return model


def shard_truncated(folder: Path) -> Path:
    """An interrupted download: half of a shard."""
    model = copied("glm-4v-tiny", folder)
    shard = model / "model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    return model


def shard_corrupt(folder: Path) -> Path:
    """A weights file with other content, such as a Git LFS pointer."""
    model = copied("glm-4v-tiny", folder)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 1234567\n"
    (model / "model-00001-of-00002.safetensors").write_text(pointer, encoding="utf-8")
    return model


def shard_missing(folder: Path) -> Path:
    """The index names two shards, and only one exists."""
    model = copied("glm-4v-tiny", folder)
    (model / "model-00002-of-00002.safetensors").unlink()
    return model


def index_not_json(folder: Path) -> Path:
    """The index is cut off."""
    model = copied("glm-4v-tiny", folder)
    index = model / "model.safetensors.index.json"
    index.write_text(index.read_text(encoding="utf-8")[:200], encoding="utf-8")
    return model


def tensor_renamed(folder: Path) -> Path:
    """One tensor has another name than its parameter: one is missing, one is unexpected."""
    model = copied("bert-tiny", folder)

    def rename(tensors: dict[str, Any]) -> None:
        tensors["encoder.layer.0.attention.self.query.wait"] = tensors.pop(
            "encoder.layer.0.attention.self.query.weight"
        )

    edit_tensors(model / "model.safetensors", rename)
    return model


def tensor_missing(folder: Path) -> Path:
    """The checkpoint lacks one tensor of a layer whose other tensors it has."""
    model = copied("bert-tiny", folder)
    edit_tensors(
        model / "model.safetensors", lambda tensors: tensors.pop("encoder.layer.0.attention.self.query.weight")
    )
    return model


def dtype_of_the_config(folder: Path) -> Path:
    """config.json has another dtype than the checkpoint is stored in."""
    copied("bert-tiny", folder)
    edit_json(folder / "config.json", lambda config: config.update(torch_dtype="float16"))
    return folder


def shape_changed(folder: Path) -> Path:
    """config.json has other sizes than the checkpoint."""
    model = copied("bert-tiny", folder)
    edit_json(model / "config.json", lambda config: config.update(intermediate_size=24))
    return model


# Adapters


def adapter(folder: Path, base: Path | str, *, target_modules: Iterable[str] = ("query_key_value",)) -> Path:
    """The bundled adapter for another base."""
    model = copied("glm-4v-tiny-lora", folder)
    changes = {"base_model_name_or_path": str(base), "target_modules": list(target_modules)}
    edit_json(model / "adapter_config.json", lambda config: config.update(changes))
    return model


def adapter_for_another_architecture(folder: Path) -> Path:
    """Its modules are GLM's, but its base is a BERT."""
    return adapter(folder, FIXTURES / "bert-tiny")


def adapter_of_other_sizes(folder: Path) -> Path:
    """Its modules have the base's names; its tensors were trained on a wider model."""
    base = copied("glm-4v-tiny", folder / "base")
    lora = adapter(folder / "lora", base, target_modules=["self_attention.query_key_value"])
    import torch

    def widen(tensors: dict[str, Any]) -> None:
        for name in [one for one in tensors if "lora_A" in one]:
            rank, width = tensors[name].shape
            tensors[name] = torch.zeros(rank, 2 * width)

    edit_tensors(lora / "adapter_model.safetensors", widen)
    return lora


# Two loads, one after the other


_PARTS: Final = """from torch import nn


class {name}(nn.Module):
    def __init__(self):
        super().__init__()
"""


def stale_copy(folder: Path) -> Callable[[], None]:
    """Write a directory whose model file imports ``parts.py``; return it with a function that makes a later revision.

    In the later revision only ``visual.py`` imports ``parts.py``, and needs a new name from it. 4.44 leaves the copy
    of ``parts.py`` unchanged.
    """
    model = copied("glm-4v-tiny", folder)
    modeling, visual, parts = (model / f"{name}.py" for name in ("modeling_chatglm", "visual", "parts"))
    imported = "from .visual import EVA2CLIPModel, PatchEmbedding\n"
    edit_text(modeling, imported, f"{imported}from .parts import Part\n\nPart()\n")
    parts.write_text(_PARTS.format(name="Part"), encoding="utf-8")

    def revise() -> None:
        edit_text(modeling, "from .parts import Part\n\nPart()\n", "")
        parts.write_text(_PARTS.format(name="NewerPart"), encoding="utf-8")
        first = "from transformers.activations import ACT2FN\n"
        edit_text(visual, first, f"{first}from .parts import NewerPart\n\nNewerPart()\n")

    return revise
