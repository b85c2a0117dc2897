"""The keys and values of the JSON files: misspelt, refused, not read by a release, or reaching beyond the model."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from tracer.analysis.check.problem import Problem
from tracer.analysis.diagnosis.adapter_rules import NEWER_KEYS
from tracer.releases import library

_NEAR: Final = 0.85  # of difflib, for a misspelt key
_SHORTEST: Final = 6  # characters of a key that is taken for a misspelling
_BASES: Final = tuple(f"transformers.configuration_utils.{name}" for name in ("PretrainedConfig", "PreTrainedConfig"))
_PEFT_DROPS_SINCE: Final = (0, 13)
"""From this release on peft leaves out the keys that it does not know, with a warning."""
_MERGES: Final = re.compile(rb'"merges"\s*:\s*\[\s*\[')
_LARGEST: Final = 64 * 1024 * 1024


# config.json


def misspelt_keys(config: dict[str, Any], release: str) -> Iterator[Problem]:
    """Yield keys of config.json that are nearly those of the library's class for the model type."""
    known = library()
    class_ = _config_class(config, release)
    taken = set(known.parameters_of(f"{class_}.__init__", release)) if class_ is not None else set()
    if class_ is None or not taken:
        return
    for key, value in config.items():
        if key in taken or key.startswith("_") or len(key) < _SHORTEST or isinstance(value, dict):
            continue
        near = [one for one in get_close_matches(key, taken - config.keys(), 1, _NEAR) if _differ_by_slip(key, one)]
        if near and not _is_a_key(key):
            values = {"key": key, "meant": near[0], "class": class_.rpartition(".")[2]}
            yield Problem("key-misspelt", "config.json", values, fails=False, release=release)


def _config_class(config: dict[str, Any], release: str) -> str | None:
    """Return the library's configuration class for the model type, by where it is defined."""
    known, model_type, auto_map = library(), config.get("model_type"), config.get("auto_map")
    if not isinstance(model_type, str) or (isinstance(auto_map, dict) and "AutoConfig" in auto_map):
        return None
    for table in known.tables("CONFIG_MAPPING_NAMES"):
        name = known.entries(table, release).get(model_type)
        homes = [one.rpartition(".")[0] for one in known.functions(f"{name}.__init__")] if name else []
        if len(homes) == 1:
            return homes[0]
    return None


def _differ_by_slip(key: str, other: str) -> bool:
    """Return whether two keys differ by one letter, or by underscores, and not by a number."""
    if re.sub(r"\D", "", key) != re.sub(r"\D", "", other):
        return False
    if key.replace("_", "") == other.replace("_", ""):
        return True
    short, long = sorted((key, other), key=len)
    if len(short) == len(long):
        unlike = [at for at in range(len(short)) if short[at] != long[at]]
        swapped = len(unlike) == 2 and [short[at] for at in unlike] == [long[at] for at in reversed(unlike)]
        return len(unlike) == 1 or (swapped and unlike[1] == unlike[0] + 1)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _is_a_key(key: str) -> bool:
    """Return whether any configuration of the library has a key, in any release."""
    known = library()
    if any(known.member(base, key) or known.parameter(f"{base}.__init__", key) for base in _BASES):
        return True
    functions = (one for one in known.functions("__init__") if one.endswith("Config.__init__"))
    return any(known.parameter(one, key) is not None for one in functions)


def unread_rope(config: dict[str, Any], release: str) -> Iterator[Problem]:
    """Yield ``rope_parameters``, the form of 5.0, on a release that reads ``rope_theta`` and ``rope_scaling``."""
    known, rope = library(), config.get("rope_parameters")
    class_ = _config_class(config, release)
    if class_ is None or not isinstance(rope, dict) or "rope_theta" in config:
        return
    takes = known.parameters_of(f"{class_}.__init__", release)
    if "rope_parameters" in takes or "rope_theta" not in takes:
        return
    theta = rope.get("rope_theta")
    if isinstance(theta, (int, float)) and theta != 10_000:
        values = {"class": class_.rpartition(".")[2], "value": theta}
        yield Problem("rope-not-read", "config.json", values, fails=False, release=release)


def reaching_keys(name: str, document: dict[str, Any]) -> Iterator[Problem]:
    """Yield keys that fetch code from elsewhere, or seem to ask for trust."""
    if "trust_remote_code" in document:
        yield Problem("trust-in-file", name, fails=False)
    for key in ("_attn_implementation", "attn_implementation", "_attn_implementation_internal"):
        value = document.get(key)
        if isinstance(value, str) and "/" in value:
            yield Problem("kernel-fetched", name, {"key": key, "value": value}, fails=False)


# generation_config.json


def refused_generation(document: dict[str, Any], release: str, *, read: bool) -> Iterator[Problem]:
    """Yield values that GenerationConfig refuses when it is made.

    Args:
        document: generation_config.json.
        release: the release.
        read: whether a load is sure to read the file, as it does for models that can generate.
    """
    known = library()
    if known.index(release) is None:
        return
    stopping, longest = document.get("early_stopping"), document.get("max_new_tokens")
    if stopping is not None and not (isinstance(stopping, (bool, int)) and stopping in (0, 1)) and stopping != "never":
        wanted = 'true, false, "never"'
        values = {"key": "early_stopping", "value": _short(stopping), "wanted": wanted}
        yield Problem("generation-refused", "generation_config.json", values, fails=read, release=release)
    if known.reaches(release, "4.38") and isinstance(longest, (int, float)) and longest <= 0:
        values = {"key": "max_new_tokens", "value": _short(longest), "wanted": "> 0"}
        yield Problem("generation-refused", "generation_config.json", values, fails=read, release=release)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def generates(config: dict[str, Any]) -> bool:
    """Return whether the library's class for the model is one that generates text."""
    ends = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "ForSpeechSeq2Seq")
    names = config.get("architectures")
    return isinstance(names, list) and any(isinstance(name, str) and name.endswith(ends) for name in names)


# Quantization


def quantization(config: dict[str, Any], release: str) -> Iterator[Problem]:
    """Yield a way of quantization that the release does not know, and others do."""
    known, said = library(), config.get("quantization_config")
    method = said.get("quant_method") if isinstance(said, dict) else None
    if not isinstance(method, str):
        return
    found = [one for table in known.tables("AUTO_QUANTIZER_MAPPING") if (one := known.entry(table, method)) is not None]
    if found and all(known.has(one, release) is False for one in found):
        is_new = all(known.is_new(one, release) for one in found)
        since, gone = found[0].since, found[0].gone
        values = {"method": method, "since": since} if is_new else {"method": method, "gone": gone}
        yield Problem(f"quantization-{'new' if is_new else 'gone'}", "config.json", values, release=release)


# Tokenizers


def unreadable_tokenizer(folder: Path, settings: dict[str, Any] | None, release: str) -> Iterator[Problem]:
    """Yield what a release can't read of a tokenizer that another release wrote."""
    known = library()
    if known.index(release) is None:
        return
    if not known.reaches(release, "4.45") and _has_pairs(folder / "tokenizer.json"):
        yield Problem("merges-newer", "tokenizer.json", {"since": "4.45"}, release=release)
    if settings is None or "auto_map" in settings:
        return
    extra = settings.get("extra_special_tokens")
    if isinstance(extra, list) and known.reaches(release, "4.47") and not known.reaches(release, "5.0"):
        yield Problem("extra-tokens-newer", "tokenizer_config.json", {"since": "5.0"}, release=release)
    name = settings.get("tokenizer_class")
    if not isinstance(name, str) or known.reaches(release, "5.0"):
        return  # from 5.0 on another class takes its place
    found = [one for tried in (name, f"{name}Fast") if (one := known.name("transformers", tried)) is not None]
    if found and all(known.has(one, release) is False for one in found):
        since = min((one.since or "" for one in found), key=lambda one: known.index(one) or 0)
        if all(known.is_new(one, release) for one in found):
            values = {"key": "tokenizer_class", "class": name, "since": since}
            yield Problem("class-newer", "tokenizer_config.json", values, release=release)


def _has_pairs(path: Path) -> bool:
    """Return whether the merges of a tokenizer are pairs, which tokenizers reads from 0.20 on."""
    try:
        return path.stat().st_size <= _LARGEST and _MERGES.search(path.read_bytes()) is not None
    except OSError:
        return False


def unread_template(names: set[str], settings: dict[str, Any] | None, release: str) -> Iterator[Problem]:
    """Yield a template in a file of its own that a release does not look for."""
    known = library()
    if known.index(release) is None or known.reaches(release, "4.47") or "chat_template.jinja" not in names:
        return
    if settings is not None and "chat_template" not in settings:
        yield Problem("template-not-read", "chat_template.jinja", {"since": "4.47"}, fails=False, release=release)


# adapter_config.json


def newer_adapter_keys(document: dict[str, Any]) -> Iterator[Problem]:
    """Yield the keys of an adapter that the installed peft does not know."""
    try:
        version = importlib.metadata.version("peft")
    except importlib.metadata.PackageNotFoundError:
        return
    installed = _numbers(version)
    if document.get("peft_type") != "LORA":
        return
    newer = [key for key in document if key in NEWER_KEYS and _numbers(NEWER_KEYS[key]) > installed]
    if newer:
        since = max((NEWER_KEYS[key] for key in newer), key=_numbers)
        values = {"names": newer, "version": version, "since": since}
        yield Problem("adapter-keys-newer", "adapter_config.json", values, fails=installed < _PEFT_DROPS_SINCE)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
