"""Check a model directory without loading it: what its files, references and imports need, and whether it is there.

Nothing is imported and nothing runs. What a release of transformers has is looked up in :mod:`tracer.releases`.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tracer.analysis.check import construction, neighbours, settings
from tracer.analysis.check.code import OwnCode
from tracer.analysis.check.overrides import overrides
from tracer.analysis.check.pickles import suspicious_globals
from tracer.analysis.check.problem import Problem
from tracer.analysis.check.templates import suspicious_attributes, templates_in
from tracer.analysis.check.used_names import used_names
from tracer.releases import library
from tracer.trace.code_outline import CodeOutline, code_outlines
from tracer.trace.directory import DirectoryFile, read_directory

_CONFIGS: Final = (
    "config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json",
    "video_preprocessor_config.json",
)  # fmt: skip
_INDEXES: Final = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_OBJECTS: Final = (*_CONFIGS, "generation_config.json", "adapter_config.json", *_INDEXES)
_PICKLES: Final = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_WEIGHTS: Final = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
_VOCABULARIES: Final = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "tekken.json", "spiece.model")
_READ: Final = {
    "config.json", "tokenizer_config.json", "adapter_config.json", "special_tokens_map.json", "added_tokens.json",
    "merges.txt", *_VOCABULARIES,
}  # fmt: skip
"""What a load reads by its name, if it is there, and does not do without if it can't read it. generation_config.json
is not one of them: the library takes its defaults in place of one that it can't read."""
_CHECKS: Final = "transformers.utils.import_utils"
_LONGEST: Final = 1_000_000  # bytes of a Python file that is searched for imports
_MODEL_WEIGHTS: Final = ("model.safetensors", _INDEXES[0], "pytorch_model.bin", _INDEXES[1])
_ADAPTER_WEIGHTS: Final = ("adapter_model.safetensors", "adapter_model.bin")
"""In the order in which from_pretrained looks for them: it takes the first that is there."""


def check_directory(folder: Path, releases: Iterable[str], *, installed: bool) -> list[Problem]:
    """Return what is wrong with a model directory, for releases of transformers.

    Args:
        folder: the directory.
        releases: the releases to look names up in.
        installed: whether packages have to be installed in this Python.
    """
    releases = list(releases)
    found = read_directory(folder)
    outlines = {Path(path).name: outline for path, outline in code_outlines(str(folder)).items()}
    names = {file.name for file in found.files} | _directly_in(folder)  # the listing of a large directory is not whole
    documents = {name: value for name in _OBJECTS if (value := _parsed(found.texts.get(name))) is not None}
    config = documents.get("config.json")
    problems: list[Problem] = []
    used: set[str] = set()
    for name in _CONFIGS:
        if isinstance(documents.get(name), dict):
            problems += _of_auto_map(name, documents[name], names, outlines, used)
    code = _reachable(outlines, used)
    read = {*_READ, *_weights_read(names, documents), *code}
    for file in found.files:
        problems += _of_file(file, is_read=file.name in read)
    problems += [
        Problem("not-object", name, {"type": type(value).__name__}, fails=name not in _INDEXES or name in read)
        for name, value in documents.items()
        if not isinstance(value, dict)
    ]
    problems += _of_weights(names, documents)
    for path, outline in code.items():
        problems += _of_code(path, outline, names, folder)
        for release in releases:
            problems += _of_release(path, outline, release)
            if installed:
                problems += _of_packages(path, outline, names, folder, release)
    if isinstance(config, dict):
        for release in releases:
            problems += _of_model_type(config, folder, release)
    objects = {name: value for name, value in documents.items() if isinstance(value, dict)}
    own = OwnCode(folder, code)
    generates = _generates(own, objects)
    problems += _of_settings(folder, objects, names, releases, installed=installed, generates=generates)
    problems += _of_uses(folder, objects, own, releases)
    problems += _of_hidden_code(folder, found.files, objects, names, read)
    said = {(one.file, one.line) for one in problems if one.kind == "neighbour-looked-for"}
    return [one for one in problems if one.kind != "neighbour-missing" or one.fails or (one.file, one.line) not in said]


def _of_settings(
    folder: Path,
    documents: dict[str, dict[str, Any]],
    names: set[str],
    releases: list[str],
    *,
    installed: bool,
    generates: bool,
) -> Iterator[Problem]:
    """Yield what is wrong with keys and values."""
    config, tokenizer = documents.get("config.json", {}), documents.get("tokenizer_config.json")
    for name, document in documents.items():
        yield from settings.reaching_keys(name, document)
    for release in releases:
        yield from settings.misspelt_keys(config, release)
        yield from settings.unread_rope(config, release)
        generation = documents.get("generation_config.json", {})
        yield from settings.refused_generation(generation, release, read=settings.generates(config) or generates)
        yield from settings.quantization(config, release)
        yield from settings.unreadable_tokenizer(folder, tokenizer, release)
        yield from settings.unread_template(names, tokenizer, release)
    if installed and "adapter_config.json" in documents:
        yield from settings.newer_adapter_keys(documents["adapter_config.json"])


def _generates(code: OwnCode, documents: dict[str, dict[str, Any]]) -> bool:
    """Return whether a model of the directory's own is one that generates text, by its methods."""
    named = (code.named(file, name) for auto, file, name in _references(documents) if auto.startswith("AutoModel"))
    lines = (one for own in named if own is not None for one in code.line_of(own))
    return any(one.method("prepare_inputs_for_generation") is not None for one in lines)


def _of_uses(
    folder: Path, documents: dict[str, dict[str, Any]], code: OwnCode, releases: list[str]
) -> Iterator[Problem]:
    """Yield what the code uses and does that a release has no place for."""
    references = list(_references(documents))
    mains = [file for file in dict.fromkeys(file for _, file, _ in references) if (folder / file).is_file()]
    try:
        named = [(auto_class, code.named(file, name)) for auto_class, file, name in references]
        models = [own for auto_class, own in named if own is not None and auto_class.startswith("AutoModel")]
        configs = [own for auto_class, own in named if own is not None and auto_class == "AutoConfig"]
        built, running = code.running(models), code.running(own for _, own in named if own is not None)
        config = documents.get("config.json", {})
        problems = [*neighbours.circles(mains, code), *neighbours.opened_files(folder, code, running)]
        for release in releases:
            problems += neighbours.copied_neighbours(folder, mains, code, release)
            problems += used_names(code, running, release)
            fitting = [(auto_class, own) for auto_class, own in named if own is not None]
            problems += overrides(code, fitting, release)
            problems += construction.constructors(code, models, built, config, release)
            own_config = configs[0] if len(configs) == 1 else None
            problems += construction.config_attributes(code, own_config, models, built, config, release)
    except RecursionError:  # it is nested too deeply for us, not necessarily for Python
        return
    yield from problems


def _references(documents: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield what ``auto_map`` says of the directory's own code: an auto class, a file, a class in it."""
    for name in _CONFIGS:
        auto_map = documents.get(name, {}).get("auto_map")
        for auto_class, entry in auto_map.items() if isinstance(auto_map, dict) else ():
            for reference in entry if isinstance(entry, list) else [entry]:
                if isinstance(reference, str) and reference.count(".") == 1 and "--" not in reference:
                    file, _, class_ = reference.partition(".")
                    yield str(auto_class), f"{file}.py", class_


def _of_hidden_code(
    folder: Path, files: list[DirectoryFile], documents: dict[str, dict[str, Any]], names: set[str], read: set[str]
) -> Iterator[Problem]:
    """Yield what could make a load or the use of the model do more than it should."""
    for file in files:
        if file.kind in ("zip", "pickle") and file.name.endswith(_PICKLES):
            weights = file.name in read
            if found := suspicious_globals(folder / file.name, weights=weights):
                yield Problem("pickle-imports", file.name, {"names": found}, fails=weights)
        elif file.name.endswith(".jinja") and (attributes := suspicious_attributes(_text(folder / file.name))):
            yield Problem("template-reaches", file.name, {"names": attributes}, fails=False)
    for name, document in documents.items():
        for template in templates_in(document):
            if attributes := suspicious_attributes(template):
                yield Problem("template-reaches", name, {"names": attributes}, fails=False)
    if "custom_generate/generate.py" in names:
        yield Problem("custom-generate", "custom_generate/generate.py", fails=False)


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _directly_in(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def _weights_read(names: set[str], documents: dict[str, Any]) -> set[str]:
    """Return the files of weights that from_pretrained reads: the first form there, an index with its shards."""
    found = {name for form in (_MODEL_WEIGHTS, _ADAPTER_WEIGHTS) if (name := _first(form, names)) is not None}
    return found | {shard for name in found & {*_INDEXES} for shard in _shards(documents.get(name))}


def _first(wanted: Iterable[str], names: set[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _shards(index: Any) -> set[str]:
    """Return the files that an index of weights names."""
    shards = index.get("weight_map") if isinstance(index, dict) else None
    return {shard for shard in shards.values() if isinstance(shard, str)} if isinstance(shards, dict) else set()


def _of_file(file: DirectoryFile, *, is_read: bool) -> Iterator[Problem]:
    """Yield what is wrong with a file; a load fails by it only if it reads it."""
    is_weights = file.name.endswith(_WEIGHTS)
    if file.kind == "lfs-pointer":
        yield Problem("lfs-pointer", file.name, fails=is_read)
    elif file.kind == "html" and (is_weights or file.name.endswith((".json", ".py", ".model"))):
        yield Problem("web-page", file.name, fails=is_read)
    elif file.kind == "empty" and (is_weights or file.name.endswith(".json")):
        yield Problem("empty-file", file.name, fails=is_read)
    elif file.name.endswith(".safetensors") and file.kind != "safetensors" and not file.notes:
        yield Problem("not-safetensors", file.name, fails=is_read)
    for note in file.notes:
        head, _, rest = note.partition(":")
        if head == "truncated":
            yield Problem("truncated", file.name, {"size": file.size, "told": rest.strip()}, fails=is_read)
        elif head in ("not-safetensors", "not-json", "not-utf-8", "broken-link", "unreadable"):
            yield Problem(head, file.name, {"place": rest.strip()}, fails=is_read)
        elif head == "bom" and file.name in _OBJECTS:
            yield Problem("bom", file.name, fails=is_read)
        elif head in ("duplicate-keys", "constants") and file.kind == "json":
            yield Problem(head, file.name, {"names": rest.strip()}, fails=False)


def _of_weights(names: set[str], documents: dict[str, Any]) -> Iterator[Problem]:
    if "config.json" not in names and "adapter_config.json" not in names and "model_index.json" not in names:
        yield Problem("config-missing", "config.json")
    read = _first(_MODEL_WEIGHTS, names)
    if read in _INDEXES:
        wanted = _shards(documents.get(read))
        if missing := sorted(wanted - names):
            yield Problem("shards-missing", read, {"names": missing, "count": len(wanted)})
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
    config: str, document: dict[str, Any], names: set[str], outlines: dict[str, CodeOutline], used: set[str]
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
        if auto_class == "AutoTokenizer" and isinstance(entry, (str, list)) and not _is_pair(entry):
            values = {"reference": entry if isinstance(entry, str) else "".join(map(str, entry[:1])) or "FILE.CLASS"}
            yield Problem("tokenizer-not-pair", config, values, fails=config == "tokenizer_config.json")
        several = entry if isinstance(entry, list) and auto_class == "AutoTokenizer" else [entry]
        for reference in several:
            if reference is None and len(several) > 1:
                continue
            yield from _of_reference(config, str(auto_class), reference, names, outlines, used)


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) >= 2


def _of_reference(
    config: str, auto_class: str, reference: Any, names: set[str], outlines: dict[str, CodeOutline], used: set[str]
) -> Iterator[Problem]:
    values: dict[str, Any] = {"auto_class": auto_class, "reference": str(reference)}
    if not isinstance(reference, str):
        yield Problem("reference-not-text", config, values | {"type": type(reference).__name__})
        return
    repository, _, own = reference.rpartition("--")
    module, _, name = own.rpartition(".")
    if own.count(".") != 1 or not module or not name or reference.count("--") > 1:
        yield Problem("reference-malformed", config, values)
    elif repository:
        yield Problem("other-repository", config, values | {"repository": repository}, fails=False)
    elif f"{module}.py" not in names:
        yield Problem("class-file-missing", config, values | {"needed": f"{module}.py"})
    else:
        used.add(f"{module}.py")
        outline = outlines.get(f"{module}.py")  # there is none of a long file, and of those after the first sixty
        if outline is not None and outline.problem is None and not outline.may_define(name):
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


def _of_code(file: str, outline: CodeOutline, names: set[str], folder: Path) -> Iterator[Problem]:
    if outline.problem == "not-python":
        yield Problem("not-python", file, line=outline.line)
    for one in outline.imports:
        guarded = one.inside in ("try", "except")
        top = one.module.partition(".")[0]
        if one.relative and not one.module.startswith(".."):
            there = [name for name in one.neighbours if f"{name}.py" in names or (folder / name).is_dir()]
            if not there and one.neighbours and one.module != ".":
                yield Problem("neighbour-missing", file, {"needed": f"{one.neighbours[0]}.py"}, one.line, not guarded)
        elif not one.relative and f"{top}.py" in names and not _is_installed(top):
            yield Problem("neighbour-absolute", file, {"module": top}, one.line, not guarded)


def _of_packages(file: str, outline: CodeOutline, names: set[str], folder: Path, release: str) -> Iterator[Problem]:
    """Yield the packages that are not installed, and that a file needs, or that transformers looks for before."""
    text = _text(folder / file)
    tree = _tree(text)
    needed = {module: line for node in reversed(tree.body) for module, line in _modules(node)}
    for module, line in packages_looked_for(text, release).items():
        lines = [one.line for one in outline.imports if one.inside != "try" and one.module.partition(".")[0] == module]
        needed.setdefault(module, line if line is not None else min(lines, default=None))
    for module, line in needed.items():
        if f"{module}.py" not in names and not _is_installed(module):
            yield Problem("package-missing", file, {"module": module}, line)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.stat().st_size <= _LONGEST else ""
    except (OSError, ValueError):
        return ""


def _tree(text: str) -> ast.Module:
    """Return the syntax tree of a file; an empty one of what is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _modules(node: ast.AST) -> list[tuple[str, int | None]]:
    """Return the packages that a statement imports, each with its line."""
    if isinstance(node, ast.Import):
        return [(alias.name.partition(".")[0], node.lineno) for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [(node.module.partition(".")[0], node.lineno)]
    return []


def packages_looked_for(text: str, release: str) -> dict[str, int | None]:
    """Return the packages that a release looks for before it runs a file of this text, with their lines where known.

    They are those of ``get_imports``: before 4.51 it searches the text, from then on the syntax tree.
    """
    known = library()
    if known.reaches(release, "4.51"):
        return _imported_in_tree(_tree(text), {*known.names_of(_CHECKS, release)})
    text = re.sub(r"\s*try\s*:.*?except.*?:", "", text, flags=re.DOTALL)
    if known.reaches(release, "4.45"):
        text = re.sub(r"if is_flash_attn[a-zA-Z0-9_]+available\(\):\s*(from flash_attn\s*.*\s*)+", "", text)
    found = re.findall(r"^\s*import\s+(\S+)\s*$", text, flags=re.MULTILINE)
    found += re.findall(r"^\s*from\s+(\S+)\s+import", text, flags=re.MULTILINE)
    return dict.fromkeys(name.partition(".")[0] for name in found if not name.startswith("."))


def _imported_in_tree(tree: ast.Module, checks: set[str]) -> dict[str, int | None]:
    """Return the packages imported anywhere but in a ``try`` or below an ``if`` that calls a check of the library's."""
    found: dict[str, int | None] = {}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Try) or (isinstance(node, ast.If) and _calls_check(node.test, checks)):
            continue
        for module, line in _modules(node):
            found.setdefault(module, line)
        waiting += reversed([*ast.iter_child_nodes(node)])
    return found


def _calls_check(test: ast.expr, checks: set[str]) -> bool:
    called = [getattr(node.func, "id", "") for node in ast.walk(test) if isinstance(node, ast.Call)]
    flash = any(name.startswith("is_flash_attn") and name.endswith("available") for name in called)
    return flash or not checks.isdisjoint(called)


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
        is_old = not known.reaches(release, "5.2")
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
