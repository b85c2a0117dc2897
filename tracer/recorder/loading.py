"""The traced work of ``glm-trace load``: the calls that a person's own script would make."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from tracer.recorder.model.making import FakeWeights, from_configuration
from tracer.trace.errors import TracerError
from tracer.trace.job import Job

_HUB_ARGUMENTS: Final = (
    "cache_dir", "force_download", "local_files_only", "proxies", "revision", "code_revision", "subfolder", "token",
)  # fmt: skip
_TOKENIZER_FILES: Final = (
    "tokenizer_config.json", "tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json", "spiece.model",
)  # fmt: skip
_DEFAULT_AUTO_CLASS: Final = "AutoModel"
_PREFERRED: Final = ("AutoModelForCausalLM", "AutoModelForImageTextToText", "AutoModelForSeq2SeqLM", "AutoModel")
_HEADS: Final = (
    ("ForCausalLM", "AutoModelForCausalLM"),
    ("LMHeadModel", "AutoModelForCausalLM"),
    ("ForMaskedLM", "AutoModelForMaskedLM"),
    ("ForSequenceClassification", "AutoModelForSequenceClassification"),
    ("ForTokenClassification", "AutoModelForTokenClassification"),
    ("ForQuestionAnswering", "AutoModelForQuestionAnswering"),
    ("ForImageClassification", "AutoModelForImageClassification"),
)


def load(job: Job, device: str = "cpu") -> tuple[Any, Any, FakeWeights | None]:
    """Load the tokenizer, if wanted, and the model; returns model, tokenizer, and what made fake weights.

    ``device`` is where random weights are made; those of a checkpoint come to the CPU first.
    """
    import transformers

    kind = auto_class(job)
    tokenizer = None
    if job.tokenizer and (source := tokenizer_source(job.model)) is not None:
        hub = {name: value for name, value in job.kwargs.items() if name in _HUB_ARGUMENTS}
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, trust_remote_code=job.trust_remote_code, **hub)
    arguments = {"trust_remote_code": job.trust_remote_code, **_live(job.kwargs)}
    arguments["trust_remote_code"] = job.trust_remote_code  # what was consented to, whatever the keywords say
    dtype = dtype_named(job.dtype) if job.dtype is not None else None
    if job.weights == "random":
        return from_configuration(kind, job.model, arguments, dtype, device), tokenizer, None
    if job.weights == "fake":
        fake = FakeWeights()
        return fake.build(kind, job.model, arguments, dtype), tokenizer, fake
    if dtype is not None:
        arguments[_dtype_argument(transformers.__version__)] = dtype
    return kind.from_pretrained(job.model, **arguments), tokenizer, None


def auto_class(job: Job) -> Any:
    """Return the auto class to load with.

    Raises:
        TracerError: this release of transformers has none of that name.
    """
    import transformers

    name = job.auto_class or suitable_auto_class(job.model)
    found = getattr(transformers, name, None)
    if found is None:
        raise TracerError(f"transformers {transformers.__version__} has no {name}. Name another with --auto-class.")
    return found


def tokenizer_source(model: str) -> str | None:
    """Where the tokenizer is: the directory, an adapter's base, a hub id itself; None where there is none."""
    if not os.path.isdir(model):
        return model
    if _has_tokenizer(model):
        return model
    base = _read_json(os.path.join(model, "adapter_config.json")).get("base_model_name_or_path")
    return base if isinstance(base, str) and os.path.isdir(base) and _has_tokenizer(base) else None


def _has_tokenizer(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, name)) for name in _TOKENIZER_FILES)


def suitable_auto_class(model: str) -> str:
    """The auto class that a directory's config.json speaks for: its ``auto_map``, then its ``architectures``."""
    config = _read_config(model)
    auto_map = config.get("auto_map")
    if isinstance(auto_map, dict):
        for name in (*_PREFERRED, *auto_map):
            if isinstance(name, str) and name in auto_map and name.startswith("AutoModel"):
                return name
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures and isinstance(architectures[0], str):
        for ending, name in _HEADS:
            if architectures[0].endswith(ending):
                return name
    return _DEFAULT_AUTO_CLASS


def dtype_named(name: str) -> Any:
    """A torch dtype by name; ``auto`` stays the text that transformers knows."""
    import torch

    return "auto" if name == "auto" else getattr(torch, name)


def _dtype_argument(release: str) -> str:
    """``dtype`` took the place of ``torch_dtype`` in transformers 4.56."""
    major, minor = (int(part) for part in release.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


def _live(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with ``torch.float16`` and its kin turned from text into dtypes."""
    import torch

    live = dict(arguments)
    for name, value in arguments.items():
        if isinstance(value, str) and value.startswith("torch."):
            found = getattr(torch, value.removeprefix("torch."), None)
            live[name] = found if isinstance(found, torch.dtype) else value
    return live


def _read_config(model: str) -> dict[str, Any]:
    """config.json, through the adapter's base where the directory has none; empty where it can't be read."""
    try:
        config = _read_json(os.path.join(model, "config.json"))
        if not config:
            base = _read_json(os.path.join(model, "adapter_config.json")).get("base_model_name_or_path")
            if isinstance(base, str):
                config = _read_json(os.path.join(base, "config.json"))
        return config
    except (OSError, ValueError):
        return {}


def _read_json(path: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        return {}
    with open(path, encoding="utf-8") as file:
        read = json.load(file)
    return read if isinstance(read, dict) else {}
