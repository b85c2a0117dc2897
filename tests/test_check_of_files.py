"""What ``glm-trace check`` sees in pickles, templates, keys and values."""

from __future__ import annotations

import collections
import functools
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tracer.analysis.check import settings
from tracer.analysis.check.directory import check_directory
from tracer.analysis.check.problem import Problem
from tracer.analysis.check.templates import suspicious_attributes

OLD, BETWEEN, NEW = "4.44.2", "4.57.3", "5.23.0"
LLAMA: dict[str, Any] = {"model_type": "llama", "hidden_size": 8, "num_attention_heads": 2, "rope_theta": 500000.0}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    return tmp_path


def found(folder: Path, *releases: str) -> list[Problem]:
    return check_directory(folder, releases or (NEW,), installed=False)


def kinds(folder: Path, *releases: str) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.file, one.fails) for one in found(folder, *releases)]


# Pickles


class Calls:
    """An object whose pickle calls a function when it is loaded."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._what = (function, arguments)

    def __reduce__(self) -> Any:
        return self._what


def with_pickle(folder: Path, name: str, held: object, protocol: int = 2) -> Path:
    """Put weights in the format of ``torch.save`` in place of those there."""
    (folder / "model.safetensors").unlink(missing_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(held, protocol))
        archive.writestr("archive/version", "3\n")
    return folder


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("held", "names"),
    [
        (Calls(os.system, "true"), ["posix.system"]),
        ({"a": 1, "b": [Calls(eval, "1")]}, ["builtins.eval"]),
        ([Calls(os.system, "true"), Calls(os.system, "false"), Calls(exec, "1")], ["posix.system", "builtins.exec"]),
    ],
)
def test_pickles_that_would_do_something(model: Path, held: object, names: list[str], protocol: int) -> None:
    with_pickle(model, "pytorch_model.bin", held, protocol)
    (problem,) = found(model)
    assert (problem.kind, problem.fails) == ("pickle-imports", True)
    assert [name.replace("__builtin__", "builtins") for name in problem.values["names"]] == names


@pytest.mark.parametrize(
    "between",
    [pickle.SHORT_BINUNICODE + b"\x01x" + pickle.POP, pickle.SHORT_BINUNICODE + b"\x01x" + pickle.TUPLE1 + pickle.POP],
    ids=["text", "tuple"],
)
def test_a_pickle_that_hides_what_it_imports(model: Path, between: bytes) -> None:
    module, name = (pickle.SHORT_BINUNICODE + bytes([len(text)]) + text for text in (b"posixpath", b"exists"))
    called = b"(" + pickle.SHORT_BINUNICODE + b"\x01/" + pickle.TUPLE + pickle.REDUCE
    written = pickle.PROTO + b"\x04" + module + between + name + pickle.STACK_GLOBAL + called + pickle.STOP
    assert pickle.loads(written) is True  # it is sound, and imports what no text beside the instruction says
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(written)
    assert kinds(model) == [("pickle-imports", "pytorch_model.bin", True)]


def test_a_pickle_that_no_load_reads(model: Path) -> None:
    with_pickle(model, "extra.bin", Calls(os.system, "true"))
    with_pickle(model, "pytorch_model.bin", {})
    assert kinds(model) == [("pickle-imports", "extra.bin", False)]


def test_a_pickle_without_a_zip(model: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(
        pickle.dumps(119547037146038801333356) + pickle.dumps(Calls(os.system, "true"))
    )
    assert kinds(model) == [("pickle-imports", "pytorch_model.bin", True)]


@pytest.mark.parametrize("zipped", [True, False])
def test_healthy_weights_are_quiet(model: Path, zipped: bool) -> None:
    (model / "model.safetensors").unlink()
    layer = torch.nn.Linear(2, 2).to(torch.bfloat16)
    held = collections.OrderedDict(layer.state_dict(), step=torch.tensor(3), plain=torch.nn.Parameter(torch.ones(2)))
    torch.save(held, model / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    optimizer = torch.optim.AdamW(layer.parameters())
    torch.save(optimizer.state_dict(), model / "optimizer.pt")
    (model / "training_args.bin").write_bytes(pickle.dumps([Calls(getattr, Path, "name"), functools.partial(int)]))
    assert kinds(model) == []


def test_weights_that_are_cut_off_are_no_reason_to_fail(model: Path) -> None:
    with_pickle(model, "pytorch_model.bin", Calls(os.system, "true"))
    whole = (model / "pytorch_model.bin").read_bytes()
    for end in (10, 40, len(whole) - 5):
        (model / "pytorch_model.bin").write_bytes(whole[:end])
        found(model)


# Templates


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ messages.__class__.__mro__ }}", ["__class__", "__mro__"]),
        ("{{ messages | attr('__class__') }}", ["__class__"]),
        ("{{ messages['__init__']['__globals__'] }}", ["__init__", "__globals__"]),
        (r"{{ messages | attr('\x5f\x5fclass\x5f\x5f') }}", ["__class__"]),
        ("{% for one in cycler.__init__.__globals__ %}{% endfor %}", ["__init__", "__globals__"]),
    ],
)
def test_templates_that_reach_into_objects(model: Path, template: str, names: list[str]) -> None:
    assert suspicious_attributes(template) == names
    (model / "chat_template.jinja").write_text(template)
    assert ("template-reaches", "chat_template.jinja", False) in kinds(model)
    (model / "chat_template.jinja").unlink()
    (model / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": [{"name": "default", "template": template}]})
    )
    assert ("template-reaches", "tokenizer_config.json", False) in kinds(model)


@pytest.mark.parametrize(
    "template",
    [
        "{% set ns = namespace(found=false) %}{% for m in messages %}{{ m['role'] + ': ' + m.content | trim }}{% endfor %}",
        "{{ '__media__' }}{{ messages['__user__'] }} text with .__class__ outside",
        "{{ raise_exception('no .__class__ here') }}{% if x is defined and x.mro_name %}{% endif %}",
    ],
)
def test_templates_that_do_not(template: str) -> None:
    assert suspicious_attributes(template) == []


# Keys and values


def with_json(folder: Path, name: str, document: dict[str, Any]) -> Path:
    (folder / name).write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("num_attention_head", "num_attention_heads"),
        ("intermediatesize", "intermediate_size"),
        ("hiden_act", "hidden_act"),
        ("rms_nrom_eps", "rms_norm_eps"),
    ],
)
@pytest.mark.parametrize("release", [OLD, BETWEEN, NEW])
def test_misspelt_keys(model: Path, key: str, meant: str, release: str) -> None:
    with_json(model, "config.json", {"model_type": "llama", "rope_theta": 10000.0, key: 3})
    (problem,) = found(model, release)
    assert (problem.kind, problem.values["key"], problem.values["meant"], problem.fails) == (
        "key-misspelt",
        key,
        meant,
        False,
    )


@pytest.mark.parametrize(
    "more",
    [
        {"num_key_value_heads": 2, "head_dim": 4, "rope_scaling": None, "torch_dtype": "float32", "pretraining_tp": 1},
        {"num_attention_heads_2": 3, "num_hidden_layers2": 3},  # a number of its own
        {"hidden_action": 4, "num_attentions": 2},
        {"num_local_experts": 4, "text_config": {}, "vision_hidden_size": 8, "mask_token_id": 3},
        {"num_attention_head": 2, "num_attention_heads": 2, "_hidden_sizes": 3},
        {"auto_map": {"AutoConfig": "a/b--c.D"}, "hiden_size": 3},
    ],
)
def test_keys_that_are_no_slips(model: Path, more: dict[str, Any]) -> None:
    with_json(model, "config.json", LLAMA | more)
    assert [one for one in kinds(model, OLD, BETWEEN, NEW) if one[0] == "key-misspelt"] == []


def test_rope_parameters_on_a_release_that_does_not_read_them(model: Path) -> None:
    rope = {"rope_type": "default", "rope_theta": 500000.0}
    with_json(model, "config.json", {"model_type": "llama", "rope_parameters": rope})
    assert kinds(model, OLD) == [("rope-not-read", "config.json", False)]
    assert kinds(model, BETWEEN) == [("rope-not-read", "config.json", False)]
    assert kinds(model, NEW) == []
    with_json(model, "config.json", LLAMA | {"rope_parameters": rope})
    assert kinds(model, OLD, NEW) == []


def test_keys_that_reach_further(model: Path) -> None:
    with_json(model, "config.json", LLAMA | {"trust_remote_code": True, "_attn_implementation": "kernels/flash"})
    assert kinds(model) == [("trust-in-file", "config.json", False), ("kernel-fetched", "config.json", False)]
    with_json(model, "config.json", LLAMA | {"_attn_implementation": "flash_attention_2"})
    assert kinds(model) == []


@pytest.mark.parametrize("settings_", [{"early_stopping": "sometimes"}, {"max_new_tokens": 0}, {"max_new_tokens": -4}])
@pytest.mark.parametrize("release", [OLD, NEW])
def test_generation_settings_that_are_refused(model: Path, settings_: dict[str, Any], release: str) -> None:
    with_json(model, "generation_config.json", settings_)
    with_json(model, "config.json", LLAMA | {"architectures": ["LlamaForCausalLM"]})
    assert kinds(model, release) == [("generation-refused", "generation_config.json", True)]
    with_json(model, "config.json", LLAMA | {"architectures": ["LlamaModel"]})  # which reads no such file
    assert kinds(model, release) == [("generation-refused", "generation_config.json", False)]


@pytest.mark.parametrize("settings_", [{"early_stopping": True, "max_new_tokens": 5}, {"early_stopping": "never"}, {}])
def test_generation_settings_that_are_taken(model: Path, settings_: dict[str, Any]) -> None:
    with_json(model, "generation_config.json", settings_)
    assert kinds(model, OLD, NEW) == []


def test_quantization_that_a_release_does_not_know(model: Path) -> None:
    with_json(model, "config.json", LLAMA | {"quantization_config": {"quant_method": "mxfp4"}})
    assert kinds(model, OLD) == [("quantization-new", "config.json", True)]
    assert kinds(model, BETWEEN, NEW) == []
    for method in ("bitsandbytes", "gptq", "mine", 3):
        with_json(model, "config.json", LLAMA | {"quantization_config": {"quant_method": method}})
        assert kinds(model, OLD, BETWEEN, NEW) == []


def test_tokenizers_of_later_releases(model: Path) -> None:
    (model / "tokenizer.json").write_text('{"model": {"type": "BPE", "merges": [\n   ["a", "b"]]}}')
    assert kinds(model, OLD) == [("merges-newer", "tokenizer.json", True)]
    assert kinds(model, "4.45.2", NEW) == []
    (model / "tokenizer.json").write_text('{"model": {"type": "BPE", "merges": ["a b"]}}')
    with_json(model, "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "extra_special_tokens": ["<a>"]})
    assert kinds(model, BETWEEN) == [("extra-tokens-newer", "tokenizer_config.json", True)]
    assert kinds(model, OLD, NEW) == []
    with_json(model, "tokenizer_config.json", {"tokenizer_class": "TokenizersBackend"})
    assert kinds(model, BETWEEN) == [("class-newer", "tokenizer_config.json", True)]
    assert kinds(model, NEW) == []
    (model / "chat_template.jinja").write_text("{{ messages }}")
    with_json(model, "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer"})
    assert kinds(model, OLD) == [("template-not-read", "chat_template.jinja", False)]
    assert kinds(model, BETWEEN, NEW) == []


def test_adapters_of_later_releases(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_json(model, "adapter_config.json", {"peft_type": "LORA", "r": 4, "eva_config": None, "use_dora": False})

    def problems(version: str) -> list[tuple[str, bool]]:
        monkeypatch.setattr("importlib.metadata.version", lambda _: version)
        document = json.loads((model / "adapter_config.json").read_text())
        return [(one.kind, one.fails) for one in settings.newer_adapter_keys(document)]

    assert problems("0.12.0") == [("adapter-keys-newer", True)]
    assert problems("0.13.2") == [("adapter-keys-newer", False)]
    assert problems("0.14.0") == []


@pytest.mark.parametrize("entry", ["tok.T", ["tok.T"]])
def test_a_tokenizer_needs_two_references(model: Path, entry: object) -> None:
    (model / "tok.py").write_text("class T:\n    pass\n")
    with_json(model, "tokenizer_config.json", {"auto_map": {"AutoTokenizer": entry}})
    assert kinds(model) == [("tokenizer-not-pair", "tokenizer_config.json", True)]
    with_json(model, "tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["tok.T", None]}})
    assert kinds(model) == []


def test_code_for_generation(model: Path) -> None:
    (model / "custom_generate").mkdir()
    (model / "custom_generate" / "generate.py").write_text("def generate(model, **kwargs): ...\n")
    assert kinds(model) == [("custom-generate", "custom_generate/generate.py", False)]
