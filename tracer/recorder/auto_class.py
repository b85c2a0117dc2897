"""Which class of transformers loads what a directory or a hub model was saved from, by the library's own tables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, Final

from tracer.recorder.hub_files import settings_folder
from tracer.trace import reasons
from tracer.trace.errors import TracerError
from tracer.trace.job import Job

_DEFAULT: Final = "AutoModel"
_FIRST: Final = (
    "AutoModelForImageTextToText", "AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoModelForSpeechSeq2Seq",
)  # fmt: skip
"""Asked first of several that load the same class: what people who use such a model write."""
_LAST: Final = (
    "AutoModelForVision2Seq", "AutoModel", "AutoModelForTextEncoding", "AutoModelForPreTraining",
    "AutoModelForMultimodalLM", "AutoModelWithLMHead",
)  # fmt: skip
"""Asked last: older names of others, and tables that repeat classes from more telling ones."""
_HEAD: Final = re.compile(r"(?P<causal>LMHeadModel)$|For(?P<head>[A-Z]\w*)$")


def auto_class(job: Job) -> Any:
    """Return the class to load with: the one asked for, or the one that loads what the directory was saved from.

    Raises:
        TracerError: this release of transformers and the model have no class of that name, or it loads nothing.
    """
    import transformers

    name = job.auto_class or suitable_class(job.model, trust=job.trust_remote_code, arguments=job.kwargs)
    release = transformers.__version__
    found = getattr(transformers, name, None)
    if found is None:
        mapped = {class_: auto for auto, class_ in _mapped(read_config(job.model, job.kwargs)).items()}
        if name in mapped and (found := getattr(transformers, mapped[name], None)) is not None:
            return found
        if alike := _named_alike(name, mapped):
            raise TracerError(reasons.NO_AUTO_CLASS_BUT, release=release, name=name, names=", ".join(alike))
        raise TracerError(reasons.NO_AUTO_CLASS, release=release, name=name)
    if not hasattr(found, "from_pretrained"):
        raise TracerError(reasons.NOT_A_LOADER, release=release, name=name)
    return found


def _named_alike(name: str, own: Iterable[str]) -> list[str]:
    """Return the names nearest to one that is not there, of the release's classes and the model's own."""
    import transformers

    tables = _tables()
    known = {"AutoConfig", "AutoTokenizer", *tables, *own}
    for table in tables.values():
        for classes in table.values():
            named = classes if isinstance(classes, (tuple, list)) else [classes]
            known |= {one for one in named if isinstance(one, str)}
    spellings: dict[str, list[str]] = {}
    for one in sorted(known, reverse=True):
        spellings.setdefault(one.casefold(), []).append(one)
    near = get_close_matches(name.casefold(), spellings, n=len(spellings), cutoff=0.75)
    # One by one and no more than needed: asking for a class imports the module of its model.
    there = (next((one for one in spellings[key] if one in own or hasattr(transformers, one)), None) for key in near)
    return list(islice((one for one in there if one is not None), 3))


def suitable_class(model: str, *, trust: bool, arguments: Mapping[str, Any] | None = None) -> str:
    """Return the name of the class of transformers that loads what the model's config.json says was saved.

    That class is ``architectures[0]``. Its auto class is looked up in ``auto_map`` if remote code may run or the
    release does not know the model type, then in the ``MODEL_FOR_…_MAPPING_NAMES`` of the installed release
    (``transformers/models/auto/modeling_auto.py``). A class of the library that no auto class loads is returned itself.
    ``AutoModel`` is what is left when config.json names no class, or one that nobody knows. A GGUF file, which brings
    its own configuration, names no class either: what it holds is a language model with its head.
    """
    config = read_config(model, arguments or {})
    if "gguf_file" in (arguments or {}) and not config:
        return "AutoModelForCausalLM"
    model_type = config.get("model_type")
    tables = _tables()
    saved = saved_class(config) or _saved_as_text(config, tables)
    known = any(model_type in table for table in tables.values())
    remote = list(_remote(config, saved))
    if remote and (trust or not known):
        return remote[0]
    if saved is not None:
        named = chain(_loading(saved, model_type, tables), _loading(saved, None, tables))
        if (found := next((name for name in named if _takes(name, model_type)), None)) is not None:
            return found
        if _is_model(saved):
            return saved
        if not known and (by_name := _by_ending(saved, tables)) is not None:
            return by_name
    return remote[0] if remote else _DEFAULT


def saved_class(config: Mapping[str, Any]) -> str | None:
    """Return the class that the checkpoint was saved from, as config.json has it in ``architectures``."""
    architectures = config.get("architectures")
    first = architectures[0] if isinstance(architectures, list) and architectures else None
    return first if isinstance(first, str) else None


def _saved_as_text(config: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return a class of the whole that stands in the part for text, where 4.57 writes it for some models."""
    part = config.get("text_config")
    named = saved_class(part) if isinstance(part, dict) else None
    return named if named is not None and any(_loading(named, config.get("model_type"), tables)) else None


def _remote(config: Mapping[str, Any], saved: str | None) -> Iterator[str]:
    """Yield the model classes of ``auto_map``: those of the saved class if there are any, the best first."""
    named = _mapped(config)
    fitting = [name for name, class_ in named.items() if class_ == saved]
    yield from sorted(fitting or named, key=_rank)


def _mapped(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of the class that ``auto_map`` has for each auto class of models."""
    auto_map = config.get("auto_map")
    return {
        name: str(reference).rpartition(".")[2]
        for name, reference in (auto_map.items() if isinstance(auto_map, dict) else ())
        if isinstance(name, str) and name.startswith("AutoModel")
    }


def _loading(saved: str, model_type: Any, tables: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the auto classes whose table has a class, for this model type or, without one, for any; the best first."""
    for name in sorted(tables, key=_rank):
        table = tables[name]
        for classes in [table.get(model_type)] if model_type is not None else table.values():
            if saved == classes or (isinstance(classes, (tuple, list)) and saved in classes):
                yield name
                break


def _takes(name: str, model_type: Any) -> bool:
    """Return whether an auto class has a model for a configuration of this type; True for a type that is not known.

    Parts of a model have types of their own that can be in no table: ``mllama_text_model``. A type can be in a table
    and its configuration be refused, for auto classes go by the class of the configuration. What the library says of
    a type that it does not know tells more than a class that loads it all the same.
    """
    from transformers import CONFIG_MAPPING
    from transformers.models.auto import modeling_auto

    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        return True
    try:
        config = CONFIG_MAPPING[model_type]
    except Exception:  # its module can't be imported, which the load says better
        return True
    return config in getattr(modeling_auto, name)._model_mapping


def _rank(name: str) -> int:
    if name in _FIRST:
        return _FIRST.index(name) - len(_FIRST)
    return 1 + _LAST.index(name) if name in _LAST else 0


def _tables() -> dict[str, Mapping[str, Any]]:
    """Return the names of classes by model type, for each auto class of models that this release has."""
    from transformers.models.auto import modeling_auto

    return {
        name: getattr(mapping, "_model_mapping", {})
        for name, value in vars(modeling_auto).items()
        if name.startswith("AutoModel") and (mapping := getattr(value, "_model_mapping", None)) is not None
    }


def _is_model(name: str) -> bool:
    import transformers

    found = getattr(transformers, name, None)
    return isinstance(found, type) and issubclass(found, transformers.PreTrainedModel)


def _by_ending(saved: str, tables: Mapping[str, Any]) -> str | None:
    """Return the auto class that a class says it is for in its own name: ``OwnForTokenClassification``."""
    match = _HEAD.search(saved)
    if match is None:
        return None
    wanted = "AutoModelForCausalLM" if match["causal"] else f"AutoModelFor{match['head']}"
    return wanted if wanted in tables else None


def read_config(model: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Read config.json, or that of an adapter's base; return an empty dictionary if it can't be read."""
    try:
        folder = settings_folder(model, arguments)
        if not folder:
            return {}
        config = read_json(os.path.join(folder, "config.json"))
        if not config:
            base = read_json(os.path.join(folder, "adapter_config.json")).get("base_model_name_or_path")
            if isinstance(base, str) and (folder := settings_folder(base, _of_base(arguments))):
                config = read_json(os.path.join(folder, "config.json"))
        return config
    except (OSError, ValueError):
        return {}


def _of_base(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the load without what is meant for the adapter alone."""
    return {name: value for name, value in arguments.items() if name not in ("revision", "subfolder")}


def read_json(path: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        return {}
    with open(path, encoding="utf-8") as file:
        read = json.load(file)
    return read if isinstance(read, dict) else {}
