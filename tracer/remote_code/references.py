"""Find what a model refers to: the code that its JSON files name, and the files that its Python files import.

``auto_map`` is read in every form that releases have written. Imports are found as transformers does, and by syntax.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from tracer.remote_code.scan import parse

_DEEPEST: Final = 12
_MOST: Final = 2_000
_KERNEL_KEYS: Final = ("attn_implementation", "_attn_implementation", "experts_implementation")
_KERNEL: Final = re.compile(r"^[^/:]+/[^/:]+(?:@[^/:]+)?(?::[^/:]+)?$")
_GUESSES: Final = {
    "AutoFeatureExtractor": (("FeatureExtractor", "ImageProcessor"),),
    "AutoImageProcessor": (("ImageProcessor", "VideoProcessor"),),
}


class Reference(NamedTuple):
    """A class named as code of a repository: ``repo--module.Class``.

    Attributes:
        auto_class: the auto class that it is for, such as ``AutoModel``.
        text: the reference as written.
        repository: the other repository that it names, or empty.
        module: the file without ``.py``; empty if it names no file.
        regular: whether transformers accepts it; any other spelling makes the load fail.
        derived: whether it is not written, but transformers would derive it from another entry.
    """

    auto_class: str
    text: str
    repository: str
    module: str
    regular: bool
    derived: bool = False


class Odd(NamedTuple):
    """An entry in a form that transformers does not know."""

    entry: str
    value: str


def references(config: Any) -> Iterator[Reference | Odd]:
    """Yield every class that a parsed JSON file names, at any depth, and every entry that is not understood."""
    for part in _dictionaries(config):
        auto_map = part.get("auto_map")
        if isinstance(auto_map, dict):
            for auto_class, value in auto_map.items():
                yield from _entry(str(auto_class), value)
        elif isinstance(auto_map, list):  # an old form for tokenizers: [slow, fast]
            yield from _entry("AutoTokenizer", auto_map)
        elif auto_map is not None:
            yield Odd("auto_map", _short(auto_map))


def versioned_configs(config: Any) -> list[str]:
    """Return the files that newer releases read in place of a ``config.json`` that names them."""
    names = config.get("configuration_files") if isinstance(config, dict) else None
    return [name for name in names[:100] if isinstance(name, str)] if isinstance(names, list) else []


def hub_kernels(config: Any) -> list[str]:
    """Return the hub kernels that a config requests (transformers 5): not called remote code, but still code."""
    found = [value for part in _dictionaries(config) for value in map(part.get, _KERNEL_KEYS)]
    return [value for value in found if isinstance(value, str) and _KERNEL.search(value)]


def base_model(adapter: Any) -> str | None:
    """Return the base model of an adapter."""
    base = adapter.get("base_model_name_or_path") if isinstance(adapter, dict) else None
    return base if isinstance(base, str) and base else None


def imported_by_peft(adapter: Any) -> str | None:
    """Return the installed module, of any kind, that peft before 0.21 imports because an adapter names it."""
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
            yield _parse_reference(auto_class, part) or Odd(auto_class, _short(part))
            yield from _derived(auto_class, part)
        elif isinstance(part, (list, dict)) and depth < _DEEPEST:
            inner = part if isinstance(part, list) else list(part.values())
            todo.extend((item, depth + 1) for item in reversed(inner))
        elif part is not None:
            yield Odd(auto_class, _short(part))


def _parse_reference(auto_class: str, text: str) -> Reference | None:
    repository, dashes, rest = text.rpartition("--")
    module, _, class_name = rest.rpartition(".")
    if not module or not class_name:
        return None
    regular = text.count("--") <= 1 and rest.count(".") == 1 and bool(repository or not dashes)
    return Reference(auto_class, text, repository, module, regular)


def _derived(auto_class: str, text: str) -> Iterator[Reference]:
    """Yield the references that transformers derives by replacing words, such as an image processor's from a feature
    extractor's.

    Another class of the same file adds no file, and is not reported.
    """
    for known, guessed in _GUESSES.get(auto_class, ()):
        reference = _parse_reference(f"Auto{guessed}", text.replace(known, guessed))
        original = _parse_reference(auto_class, text)
        if reference is not None and original is not None and reference.module != original.module:
            yield reference._replace(derived=True)


def _short(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return type(value).__name__
    return str(value)[:80]


# Both as in transformers/dynamic_module_utils.py, get_relative_imports; they also match inside strings.
_IMPORT: Final = re.compile(r"^\s*import\s+\.(\S+)\s*$", re.MULTILINE)
_FROM: Final = re.compile(r"^\s*from\s+\.(\S+)\s+import", re.MULTILINE)

MODULES_CACHE: Final = "transformers_modules"


class Import(NamedTuple):
    """An import, as paths to try below the folder of the importing file.

    Attributes:
        tries: relative paths; any of them that exists may run.
        required: whether the load fails if none exists. Plain imports usually mean an installed package.
        plain: whether it is ``import helper`` instead of ``from .helper import x``.
        module: dotted name, for a plain import.
    """

    tries: tuple[str, ...]
    required: bool
    plain: bool = False
    module: str = ""


def imports(text: str) -> list[Import]:
    """Return all imports that may lead to files beside this file, and those from the modules cache."""
    return list(dict.fromkeys([*_by_pattern(text), *_by_syntax(text)]))


def _by_pattern(text: str) -> Iterator[Import]:
    for found in (*_IMPORT.findall(text), *_FROM.findall(text)):
        yield Import(tuple(dict.fromkeys([f"{found}.py", *_of_module(found)])), required=True)


def _by_syntax(text: str) -> Iterator[Import]:
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _plain(alias.name)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node)


def _from(node: ast.ImportFrom) -> Iterator[Import]:
    names = [alias.name for alias in node.names if alias.name != "*"]
    if not node.level:
        for name in ("", *names):
            yield _plain(f"{node.module}.{name}".rstrip("."))
        return
    up = "../" * (node.level - 1)
    if node.module:
        yield Import(tuple(up + path for path in _of_module(node.module)), required=True)
    for name in names:
        inner = f"{node.module}.{name}" if node.module else name
        yield Import(tuple(up + path for path in _of_module(inner)), required=not node.module)


def _plain(module: str) -> Import:
    return Import(tuple(_of_module(module)), required=False, plain=True, module=module)


def _of_module(dotted: str) -> list[str]:
    """Return a module's file, its package's file, and those of the enclosing packages."""
    parts = [part for part in dotted.split(".") if part]
    if not parts or any("/" in part or "\\" in part for part in parts):
        return []
    path = PurePosixPath(*parts)
    around = [parent for parent in path.parents if parent.name]
    return [f"{path}.py", f"{path}/__init__.py", *(f"{parent}/__init__.py" for parent in around)]
