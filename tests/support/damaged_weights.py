"""Directories of a small Llama whose weights, or options of loading them, are damaged on purpose."""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.support.damaged import copied, edit_json
from tests.support.small_models import tiny_llama


def with_config(**entries: Any) -> Callable[[Path], Path]:
    """Return what makes a Llama with more entries in its config.json; None takes an entry out."""

    def make(folder: Path) -> Path:
        model = tiny_llama(folder)
        edit_json(model / "config.json", lambda config: config.update(entries))
        edit_json(model / "config.json", lambda config: [config.pop(key) for key in entries if entries[key] is None])
        return model

    return make


def with_tensors(change: Callable[[dict[str, Any]], dict[str, Any]], **entries: Any) -> Callable[[Path], Path]:
    """Return what makes a Llama whose tensors are changed."""

    def make(folder: Path) -> Path:
        model = with_config(**entries)(folder)
        save_file(change(load_file(model / "model.safetensors")), model / "model.safetensors", {"format": "pt"})
        return model

    return make


def renamed(old: str, new: str) -> Callable[[Path], Path]:
    """Return what makes a Llama whose tensors begin with another prefix."""

    def change(tensors: dict[str, Any]) -> dict[str, Any]:
        return {name.replace(old, new, 1) if name.startswith(old) else name: value for name, value in tensors.items()}

    return with_tensors(change)


def wrapped(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return tensors as a module that wraps the model names them."""
    return {f"wrapped.{name}": value for name, value in tensors.items()}


def headless(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return tensors without that of the head."""
    return {name: value for name, value in tensors.items() if name != "lm_head.weight"}


def in_half(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: value.half() for name, value in tensors.items()}


def tied(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return PyTorch's tensors with the embedding as the head: another tensor with the same numbers."""
    return tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].detach()}


def with_buffer(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return PyTorch's tensors with a buffer that models of today make themselves."""
    return tensors | {"model.rotary_emb.inv_freq": tensors["model.norm.weight"].clone()}


def unwrapped(tensors: dict[str, Any]) -> dict[str, Any]:
    """Return tensors as the base model alone would name them, and the head beside it."""
    return {name.removeprefix("model."): value for name, value in tensors.items()}


def whole_numbers(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: value.astype(np.int64) for name, value in tensors.items()}


def one_layer_of_two(folder: Path) -> Path:
    """config.json asks for fewer layers than the checkpoint has."""
    return with_config(num_hidden_layers=1)(folder)


def other_inner_size(folder: Path) -> Path:
    """One number in config.json is not that of the checkpoint."""
    return with_config(intermediate_size=40)(folder)


def other_zip(folder: Path) -> Path:
    """pytorch_model.bin is a zip archive of something else."""
    model = tiny_llama(folder)
    (model / "model.safetensors").unlink()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("letter.txt", "The weights will follow.")
    (model / "pytorch_model.bin").write_bytes(held.getvalue())
    return model


def moved(name: str) -> Callable[[Path], Path]:
    """Return what makes a Llama whose weights file has another name, maybe in a folder."""

    def make(folder: Path) -> Path:
        model = tiny_llama(folder)
        (model / name).parent.mkdir(exist_ok=True)
        (model / "model.safetensors").rename(model / name)
        return model

    return make


def written(data: bytes, name: str = "model.safetensors") -> Callable[[Path], Path]:
    """Return what makes a Llama whose weights file holds these bytes."""

    def make(folder: Path) -> Path:
        model = tiny_llama(folder)
        (model / "model.safetensors").unlink()
        (model / name).write_bytes(data)
        return model

    return make


def pickled(folder: Path) -> Path:
    """The weights are a file of ``torch.save``."""
    import torch
    from safetensors.torch import load_file as load_tensors

    model = folder if folder.is_dir() else tiny_llama(folder)
    torch.save(load_tensors(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()
    return model


def beside(
    change: Callable[[dict[str, Any]], dict[str, Any]], kept: Callable[[dict[str, Any]], dict[str, Any]] = dict
) -> Callable[[Path], Path]:
    """Return what makes a Llama with both whole weights files: that of ``torch.save`` holds what is made of the tensors."""

    def make(folder: Path) -> Path:
        import torch
        from safetensors.torch import load_file as load_tensors

        model = tiny_llama(folder)
        torch.save(change(load_tensors(model / "model.safetensors")), model / "pytorch_model.bin")
        return with_tensors(kept)(model)

    return make


def _pickling(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Path]:
    """Return what makes a Llama whose file of ``torch.save`` holds what the function makes of the tensors."""

    def make(folder: Path) -> Path:
        import torch

        path = pickled(with_config(torch_dtype=None)(folder)) / "pytorch_model.bin"
        torch.save(change(torch.load(path, weights_only=True)), path)
        return folder

    return make


pickled_with_settings = _pickling(lambda tensors: {**tensors, "args": argparse.Namespace(steps=3)})
"""What makes a Llama whose file of ``torch.save`` holds an object beside the tensors."""
pickled_in_training = _pickling(lambda tensors: {"model": tensors, "epoch": 3})
"""What makes a Llama whose tensors are one level deeper in the file of ``torch.save``."""


def other_dtype(folder: Path) -> Path:
    """A tensor has a dtype that safetensors does not know."""
    path = tiny_llama(folder) / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"Q4K"', 1))
    return folder


def link_to_nowhere(name: str) -> Callable[[Path], Path]:
    """Return what makes a Llama of which one file is a symbolic link whose target is gone."""

    def make(folder: Path) -> Path:
        model = tiny_llama(folder)
        (model / name).unlink()
        (model / name).symlink_to("../../blobs/3f1a")
        return model

    return make


def inside(place: str, **beside: str) -> Callable[[Path], Path]:
    """Return what makes a directory that has a whole Llama in a folder, and files beside it: the name is a JSON file's."""

    def make(folder: Path) -> Path:
        tiny_llama(folder / place)
        for name, text in beside.items():
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        return folder

    return make


def as_published(folder: Path) -> Path:
    """The weights are in the form of the publisher's own code."""
    folder.mkdir()
    (folder / "params.json").write_text('{"dim": 8, "n_layers": 1}', encoding="utf-8")
    (folder / "consolidated.00.pth").write_bytes(b"PK\3\4" + bytes(40))
    return folder


def classifier_of_three(folder: Path) -> Path:
    """A classifier with weights for three labels, and a config.json that names two."""
    model = copied("bert-tiny", folder)
    tensors = load_file(model / "model.safetensors")
    width = tensors["embeddings.word_embeddings.weight"].shape[1]
    tensors = {f"bert.{name}": value for name, value in tensors.items()}
    tensors |= {"classifier.weight": np.ones((3, width), np.float32), "classifier.bias": np.ones(3, np.float32)}
    save_file(tensors, model / "model.safetensors", {"format": "pt"})
    labels = {"id2label": {"0": "no", "1": "yes"}, "label2id": {"no": 0, "yes": 1}}
    edit_json(model / "config.json", lambda config: config.update(labels))
    return model


def index_without_map(folder: Path) -> Path:
    """The index does not say which tensor is in which file."""
    model, _ = _sharded(folder, 2)
    edit_json(model / "model.safetensors.index.json", lambda index: index.pop("weight_map"))
    return model


def cut_off_pickle(folder: Path) -> Path:
    """The download of a file of ``torch.save`` broke off."""
    model = pickled(folder)
    path = model / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return model


def web_page(folder: Path) -> Path:
    """The weights file is a page to log in."""
    model = tiny_llama(folder)
    (model / "model.safetensors").write_text("<!DOCTYPE html>\n<html><body>Log in</body></html>\n", encoding="utf-8")
    return model


def _sharded(folder: Path, files: int) -> tuple[Path, dict[str, str]]:
    """Write a Llama in several weights files; return it with the file of each tensor."""
    model = tiny_llama(folder)
    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    shard = {name: f"model-{index % files + 1:05}-of-{files:05}.safetensors" for index, name in enumerate(tensors)}
    for file in sorted(set(shard.values())):
        save_file({name: tensors[name] for name in tensors if shard[name] == file}, model / file, {"format": "pt"})
    index = {"metadata": {"total_size": sum(value.nbytes for value in tensors.values())}, "weight_map": shard}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    return model, shard


def two_shards_missing(folder: Path) -> Path:
    """Two of three weights files are missing."""
    model, _ = _sharded(folder, 3)
    for number in (2, 3):
        (model / f"model-{number:05}-of-00003.safetensors").unlink()
    return model


def index_lies(folder: Path) -> Path:
    """A weights file lacks a tensor that the index says is in it."""
    model, shard = _sharded(folder, 2)
    path = model / shard["model.norm.weight"]
    tensors = load_file(path)
    tensors.pop("model.norm.weight")
    save_file(tensors, path, {"format": "pt"})
    return model


def index_left_over(folder: Path) -> Path:
    """A whole weights file lacks a tensor, and an index beside it is for shards that are gone."""
    name = "model.layers.0.mlp.up_proj.weight"
    model = with_tensors(lambda tensors: {other: value for other, value in tensors.items() if other != name})(folder)
    index = {"metadata": {}, "weight_map": {name: "model-00002-of-00002.safetensors"}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    return model


def without_format(folder: Path) -> Path:
    """The header of the weights names no framework, but has other metadata."""
    model = tiny_llama(folder)
    save_file(load_file(model / "model.safetensors"), model / "model.safetensors", {"written": "by hand"})
    return model


OWN_MODEL = """
import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


class OwnConfig(PretrainedConfig):
    model_type = "own-two-dtypes"

    def __init__(self, width=8, **kwargs):
        super().__init__(**kwargs)
        self.width = width


class OwnModel(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(32, config.width, dtype=torch.float32)
        self.mix = nn.Linear(config.width, config.width, dtype=torch.bfloat16)
        self.post_init()

    def _init_weights(self, module):
        pass

    def forward(self, input_ids, **kwargs):
        return BaseModelOutput(last_hidden_state=self.mix(self.embed(input_ids)))
"""


def own_model(folder: Path) -> Path:
    """A model of its own code, which does not declare support for any attention implementation, and a tokenizer."""
    copied("bert-tiny", folder)
    (folder / "modeling_own.py").write_text(OWN_MODEL, encoding="utf-8")
    config = {
        "architectures": ["OwnModel"],
        "model_type": "own-two-dtypes",
        "auto_map": {"AutoConfig": "modeling_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"},
        "width": 8,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shapes = {"embed.weight": (32, 8), "mix.weight": (8, 8), "mix.bias": (8,)}
    save_file(
        {name: np.ones(shape, np.float32) for name, shape in shapes.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    return folder


def own_model_that_keeps_float32(folder: Path) -> Path:
    """The same, whose class says that it keeps a module in float32."""
    model = own_model(folder)
    kept = OWN_MODEL.replace(
        "config_class = OwnConfig\n", 'config_class = OwnConfig\n    _keep_in_fp32_modules = ["embed"]\n'
    )
    (model / "modeling_own.py").write_text(kept, encoding="utf-8")
    return model


OWN_LOADER = (
    OWN_MODEL
    + """
    @classmethod
    def from_pretrained(cls, name, *arguments, config=None, **kwargs):
        return cls(config)
"""
)


def own_loader(folder: Path) -> Path:
    """A model whose class has a ``from_pretrained`` of its own that does not call the library's."""
    model = own_model(folder)
    (model / "modeling_own.py").write_text(OWN_LOADER, encoding="utf-8")
    return model
