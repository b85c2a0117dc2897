"""What the JSON files of a model name as code: ``auto_map`` in all the shapes that releases have written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_DEEPEST: Final = 12
_MOST: Final = 2_000
_KERNEL_KEYS: Final = ("attn_implementation", "_attn_implementation", "experts_implementation")
_KERNEL: Final = re.compile(r"^[^/:]+/[^/:]+(?:@[^/:]+)?(?::[^/:]+)?$")
_GUESSES: Final = {
    "AutoFeatureExtractor": (("FeatureExtractor", "ImageProcessor"),),
    "AutoImageProcessor": (("ImageProcessor", "VideoProcessor"),),
}


class Reference(NamedTuple):
    """One class that is named as code of a repository: ``repo--module.Class``.

    Attributes:
        auto_class: the auto class it stands for, such as ``AutoModel``.
        text: as it is written.
        repository: the other repository it names, or empty.
        module: the file without ``.py``; empty if there is none.
        regular: transformers accepts it; any other spelling makes the load fail.
        derived: not written so, but transformers makes it up from another entry if it needs to.
    """

    auto_class: str
    text: str
    repository: str
    module: str
    regular: bool
    derived: bool = False


class Odd(NamedTuple):
    """An entry that has no form transformers knows."""

    entry: str
    value: str


def references(config: Any) -> Iterator[Reference | Odd]:
    """Every class that a parsed JSON file names, at any depth; and every entry that makes no sense."""
    for part in _dictionaries(config):
        auto_map = part.get("auto_map")
        if isinstance(auto_map, dict):
            for auto_class, value in auto_map.items():
                yield from _entry(str(auto_class), value)
        elif isinstance(auto_map, list):  # how tokenizers were written once: [slow, fast]
            yield from _entry("AutoTokenizer", auto_map)
        elif auto_map is not None:
            yield Odd("auto_map", _short(auto_map))


def versioned_configs(config: Any) -> list[str]:
    """Files that a ``config.json`` names to be read in its place by newer releases."""
    names = config.get("configuration_files") if isinstance(config, dict) else None
    return [name for name in names[:100] if isinstance(name, str)] if isinstance(names, list) else []


def hub_kernels(config: Any) -> list[str]:
    """Kernels of the hub that a config asks for (transformers 5): not called remote code, but code too."""
    found = [value for part in _dictionaries(config) for value in map(part.get, _KERNEL_KEYS)]
    return [value for value in found if isinstance(value, str) and _KERNEL.search(value)]


def base_model(adapter: Any) -> str | None:
    """The model that an adapter belongs to."""
    base = adapter.get("base_model_name_or_path") if isinstance(adapter, dict) else None
    return base if isinstance(base, str) and base else None


def imported_by_peft(adapter: Any) -> str | None:
    """The installed module that peft before 0.21 imports because an adapter says so, whatever it is."""
    if not isinstance(adapter, dict) or not adapter.get("megatron_config"):
        return None
    module = adapter.get("megatron_core")
    return module if isinstance(module, str) and module else None


def _dictionaries(config: Any) -> Iterator[dict[str, Any]]:
    todo, left = [(config, 0)], 200_000
    while todo and left:
        value, depth = todo.pop()
        left -= 1
        if isinstance(value, dict):
            yield value
            todo.extend((part, depth + 1) for part in reversed(value.values()) if depth < _DEEPEST)
        elif isinstance(value, list):
            todo.extend((part, depth + 1) for part in reversed(value) if depth < _DEEPEST)


def _entry(auto_class: str, value: Any) -> Iterator[Reference | Odd]:
    todo, left = [(value, 0)], _MOST
    while todo and left:
        part, depth = todo.pop()
        left -= 1
        if isinstance(part, str):
            yield _reference(auto_class, part) or Odd(auto_class, _short(part))
            yield from _derived(auto_class, part)
        elif isinstance(part, (list, dict)) and depth < _DEEPEST:
            inner = part if isinstance(part, list) else list(part.values())
            todo.extend((item, depth + 1) for item in reversed(inner))
        elif part is not None:
            yield Odd(auto_class, _short(part))


def _reference(auto_class: str, text: str) -> Reference | None:
    repository, dashes, rest = text.rpartition("--")
    module, _, class_name = rest.rpartition(".")
    if not module or not class_name:
        return None
    regular = text.count("--") <= 1 and rest.count(".") == 1 and bool(repository or not dashes)
    return Reference(auto_class, text, repository, module, regular)


def _derived(auto_class: str, text: str) -> Iterator[Reference]:
    """An image processor is guessed from a feature extractor, and so on: by swapping words in the text.

    Another class of the same file brings no other file, and is not told.
    """
    for known, guessed in _GUESSES.get(auto_class, ()):
        reference = _reference(f"Auto{guessed}", text.replace(known, guessed))
        original = _reference(auto_class, text)
        if reference is not None and original is not None and reference.module != original.module:
            yield reference._replace(derived=True)


def _short(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return type(value).__name__
    return str(value)[:80]
