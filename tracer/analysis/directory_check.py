"""Check a model directory without loading it: what its files, references and imports need, and whether it is there.

Nothing is imported and nothing runs. What a release of transformers has is looked up in :mod:`tracer.releases`.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tracer.releases import library
from tracer.trace.code_outline import CodeOutline, code_outlines
from tracer.trace.directory import DirectoryFile, read_directory

_CONFIGS: Final = ("config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json")
_OBJECTS: Final = (*_CONFIGS, "generation_config.json", "adapter_config.json", "model.safetensors.index.json")
_INDEXES: Final = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_WEIGHTS: Final = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
_VOCABULARIES: Final = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "tekken.json", "spiece.model")


class Problem(msgspec.Struct, frozen=True):
    """Something that makes a load fail or go wrong.

    Attributes:
        kind: its kind, which is the key of its sentence.
        file: the file that it is in.
        values: what the sentence is filled with.
        line: the line in that file.
        fails: whether a load of the directory fails by it; otherwise it may only surprise.
        release: the release of transformers that it is about; None if about all.
    """

    kind: str
    file: str
    values: dict[str, Any] = {}
    line: int | None = None
    fails: bool = True
    release: str | None = None


def check_directory(folder: Path, releases: Iterable[str], *, installed: bool) -> list[Problem]:
    """Return what is wrong with a model directory, for releases of transformers.

    Args:
        folder: the directory.
        releases: the releases to look names up in.
        installed: whether packages have to be installed in this Python.
    """
    found = read_directory(folder)
    outlines = {Path(path).name: outline for path, outline in code_outlines(str(folder)).items()}
    names = {file.name for file in found.files}
    documents = {name: value for name in _OBJECTS if (value := _parsed(found.texts.get(name))) is not None}
    config = documents.get("config.json")
    problems = [problem for file in found.files for problem in _of_file(file)]
    problems += [
        Problem("not-object", name, {"type": type(value).__name__})
        for name, value in documents.items()
        if not isinstance(value, dict)
    ]
    problems += _of_weights(names, documents)
    used: set[str] = set()
    for name in _CONFIGS:
        if isinstance(documents.get(name), dict):
            problems += _of_auto_map(name, documents[name], outlines, used)
    for file, outline in _reachable(outlines, used).items():
        problems += _of_code(file, outline, set(outlines), folder, installed=installed)
        for release in releases:
            problems += _of_release(file, outline, release)
    if isinstance(config, dict):
        for release in releases:
            problems += _of_model_type(config, folder, release)
    return problems


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _of_file(file: DirectoryFile) -> Iterator[Problem]:
    is_weights = file.name.endswith(_WEIGHTS)
    if file.kind == "lfs-pointer":
        yield Problem("lfs-pointer", file.name)
    elif file.kind == "html" and (is_weights or file.name.endswith((".json", ".py", ".model"))):
        yield Problem("web-page", file.name)
    elif file.kind == "empty" and (is_weights or file.name.endswith(".json")):
        yield Problem("empty-file", file.name)
    elif file.name.endswith(".safetensors") and file.kind not in ("safetensors",):
        yield Problem("not-safetensors", file.name)
    for note in file.notes:
        head, _, rest = note.partition(":")
        if head == "truncated":
            yield Problem("truncated", file.name, {"size": file.size, "told": rest.strip()})
        elif head in ("not-safetensors", "not-json", "not-utf-8", "broken-link", "unreadable"):
            yield Problem(head, file.name, {"place": rest.strip()})
        elif head == "bom" and file.name in _OBJECTS:
            yield Problem("bom", file.name)
        elif head in ("duplicate-keys", "constants") and file.kind == "json":
            yield Problem(head, file.name, {"names": rest.strip()}, fails=False)


def _of_weights(names: set[str], documents: dict[str, Any]) -> Iterator[Problem]:
    if "config.json" not in names and "adapter_config.json" not in names and "model_index.json" not in names:
        yield Problem("config-missing", "config.json")
    for name in _INDEXES:
        index = documents.get(name)
        shards = index.get("weight_map") if isinstance(index, dict) else None
        if isinstance(shards, dict):
            wanted = {shard for shard in shards.values() if isinstance(shard, str)}
            if missing := sorted(wanted - names):
                yield Problem("shards-missing", name, {"names": missing, "count": len(wanted)})
    if not any(name.endswith(_WEIGHTS) for name in names):
        yield Problem("no-weights", "config.json", fails=False)
    settings = documents.get("tokenizer_config.json")
    own = isinstance(settings, dict) and "auto_map" in settings
    if isinstance(settings, dict) and not own and not names & {*_VOCABULARIES} and not _small_vocabulary(settings):
        yield Problem("no-vocabulary", "tokenizer_config.json", fails=False)


def _small_vocabulary(settings: dict[str, Any]) -> bool:
    """Return whether the tokenizer works on bytes or characters and has no file of words."""
    return any(part in str(settings.get("tokenizer_class")) for part in ("ByT5", "Canine", "Perceiver"))


def _of_auto_map(
    config: str, document: dict[str, Any], outlines: dict[str, CodeOutline], used: set[str]
) -> Iterator[Problem]:
    """Yield what is wrong with the references to code; collect the files that they name."""
    auto_map = document.get("auto_map")
    if auto_map is None:
        return
    if isinstance(auto_map, list) and config == "tokenizer_config.json":  # an old form: [slow, fast]
        auto_map = {"AutoTokenizer": auto_map}
    if not isinstance(auto_map, dict):
        yield Problem("auto-map-not-object", config, {"type": type(auto_map).__name__})
        return
    for auto_class, entry in auto_map.items():
        several = entry if isinstance(entry, list) and auto_class == "AutoTokenizer" else [entry]
        for reference in several:
            if reference is None and len(several) > 1:
                continue
            yield from _of_reference(config, str(auto_class), reference, outlines, used)


def _of_reference(
    config: str, auto_class: str, reference: Any, outlines: dict[str, CodeOutline], used: set[str]
) -> Iterator[Problem]:
    values: dict[str, Any] = {"auto_class": auto_class, "reference": str(reference)}
    if not isinstance(reference, str):
        yield Problem("reference-not-text", config, values | {"type": type(reference).__name__})
        return
    repository, _, own = reference.rpartition("--")
    module, _, name = own.rpartition(".")
    if own.count(".") != 1 or not module or not name:
        yield Problem("reference-malformed", config, values)
    elif repository:
        yield Problem("other-repository", config, values | {"repository": repository}, fails=False)
    elif f"{module}.py" not in outlines:
        yield Problem("class-file-missing", config, values | {"needed": f"{module}.py"})
    else:
        used.add(f"{module}.py")
        outline = outlines[f"{module}.py"]
        if (
            outline.problem is None
            and name not in outline.names
            and not any("*" in one.names for one in outline.imports)
        ):
            yield Problem("class-missing", config, values | {"needed": f"{module}.py", "class": name})


def _reachable(outlines: dict[str, CodeOutline], used: set[str]) -> dict[str, CodeOutline]:
    """Return the files that a load would import: those named, and their neighbours, without the others beside them."""
    found: dict[str, CodeOutline] = {}
    waiting = sorted(used)
    while waiting:
        file = waiting.pop()
        if file in found or file not in outlines:
            continue
        found[file] = outlines[file]
        waiting += [f"{name}.py" for one in outlines[file].imports for name in one.neighbours]
    return found


def _of_code(file: str, outline: CodeOutline, files: set[str], folder: Path, *, installed: bool) -> Iterator[Problem]:
    if outline.problem == "not-python":
        yield Problem("not-python", file, line=outline.line)
    for one in outline.imports:
        guarded = one.inside == "try"
        top = one.module.partition(".")[0]
        if one.relative and not one.module.startswith(".."):
            there = [name for name in one.neighbours if f"{name}.py" in files or (folder / name).is_dir()]
            if not there and one.neighbours and one.module != ".":
                yield Problem("neighbour-missing", file, {"needed": f"{one.neighbours[0]}.py"}, one.line, not guarded)
        elif not one.relative and f"{top}.py" in files:
            yield Problem("neighbour-absolute", file, {"module": top}, one.line, not guarded)
        elif installed and not one.relative and not guarded and not _is_installed(top):
            # transformers looks for every package that is not inside a try, whatever the condition around it.
            yield Problem("package-missing", file, {"module": top}, one.line)


def _is_installed(module: str) -> bool:
    if module in sys.stdlib_module_names or module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _of_release(file: str, outline: CodeOutline, release: str) -> Iterator[Problem]:
    known = library()
    for one in outline.imports:
        if one.inside is None and one.condition is None:
            for thing, presence in known.missing(one.module, one.names, release):
                values: dict[str, Any] = {"thing": thing, "since": presence.since, "until": presence.until}
                values |= {"gone": presence.gone, "instead": presence.instead(thing.rpartition(".")[2])}
                is_new = known.is_new(presence, release)
                kind = "name-new" if is_new else "name-gone" if values["instead"] is None else "name-replaced"
                yield Problem(kind, file, values, one.line, release=release)


def _of_model_type(config: dict[str, Any], folder: Path, release: str) -> Iterator[Problem]:
    known, model_type, auto_map = library(), config.get("model_type"), config.get("auto_map")
    if isinstance(auto_map, dict) and "AutoConfig" in auto_map:
        return
    tables = known.tables("CONFIG_MAPPING_NAMES")  # it moved to another module in a later release
    if not isinstance(model_type, str):
        # Up to 5.1, a type that is part of the directory's path is taken instead.
        types = {name for table in tables for name in known.entries(table, release)}
        is_old = (known.index(release) or 0) <= known.releases.index("5.1")
        guessed = is_old and any(name in str(folder.absolute()) for name in types)
        yield Problem("model-type-missing", "config.json", fails=not guessed, release=release)
        return
    present = [one for table in tables if (one := known.entry(table, model_type)) is not None]
    values: dict[str, Any] = {"model_type": model_type}
    if present and all(known.is_new(one, release) for one in present):
        since = min((one.since or "" for one in present), key=lambda one: known.index(one) or 0)
        yield Problem("model-type-new", "config.json", values | {"since": since}, release=release)
    elif not present and known.module(f"transformers.models.{model_type.replace('-', '_')}") is None:
        yield Problem("model-type-unknown", "config.json", values, release=release)
