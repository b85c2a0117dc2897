"""Repairs of a model's JSON files."""

from __future__ import annotations

import json
from typing import Any, Final

from tracer.analysis.repair.edits import json_with, without_trailing_commas
from tracer.analysis.repair.model_files import Edits, MakeRepair, ModelFiles

CONFIG: Final = "config.json"


def valid_json(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Remove a byte order mark and commas before a closing bracket."""
    name = str(values.get("file") or values.get("config")).rpartition("/")[2]
    text = files.text(name)
    repaired = without_trailing_commas(text) if text is not None else None
    return {name: repaired} if repaired is not None else None


def write_reference(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Write the reference that was meant into ``auto_map``, if the diagnosis found the class."""
    meant = values.get("meant") or values.get("reference")
    if not isinstance(meant, str) or not _exists(meant, files):
        return None
    return _in_auto_map(values, files, meant)


def write_pair(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Write the entry for a tokenizer as a pair: the slow one and the fast one."""
    reference = values.get("reference")
    if not isinstance(reference, str) or not _exists(reference, files):
        return None
    return _in_auto_map(values, files, [None, reference] if reference.endswith("Fast") else [reference, None])


def move_to_top(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Put a file of a subfolder into the directory itself, and name it there."""
    reference, file = str(values.get("reference")), str(values.get("file"))
    if _exists(reference, files):
        return _in_auto_map(values, files, reference)
    text = files.text(f"{values.get('folder')}/{file}")
    class_ = reference.rpartition(".")[2]
    if text is None or f"class {class_}" not in text or files.text(file) is not None:
        return None
    edits = _in_auto_map(values, files, reference)
    return None if edits is None else {**edits, file: text}


def without_repository(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    """Take the code from the directory itself, if it has the class that ``auto_map`` takes from elsewhere."""
    reference = f"{values.get('module')}.{values.get('class')}"
    if not _exists(reference, files):
        return None
    edits: Edits = {}
    for name in (CONFIG, "tokenizer_config.json", "preprocessor_config.json", "processor_config.json"):
        text = files.text(name)
        prefix = f'"{values.get("repository")}--'
        if text is not None and prefix in text:
            edits[name] = text.replace(prefix, '"')
    return edits or None


def tie(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    return _with(files, CONFIG, ["tie_word_embeddings"], True)


def do_not_tie(values: dict[str, Any], files: ModelFiles) -> Edits | None:
    return _with(files, CONFIG, ["tie_word_embeddings"], False)


def _exists(reference: str, files: ModelFiles) -> bool:
    module, _, class_ = reference.rpartition(".")
    return f"class {class_}" in (files.text(f"{module}.py") or "")


def _in_auto_map(values: dict[str, Any], files: ModelFiles, entry: Any) -> Edits | None:
    auto_class = values.get("auto_class")
    for name in dict.fromkeys((str(values.get("config") or CONFIG), CONFIG, "tokenizer_config.json")):
        try:
            held = json.loads(files.text(name) or "null")
        except (ValueError, RecursionError):
            continue
        auto_map = held.get("auto_map") if isinstance(held, dict) else None
        if isinstance(auto_map, dict) and auto_class in auto_map:
            return _with(files, name, ["auto_map", str(auto_class)], entry)
    return None


def _with(files: ModelFiles, name: str, path: list[str], value: Any) -> Edits | None:
    text = files.text(name)
    new = json_with(text, path, value) if text is not None else None
    return {name: new} if new is not None and new != text else None


REPAIRS: Final[dict[str, MakeRepair]] = {
    "not-json": valid_json,
    "reference-not-text": write_reference,
    "reference-without-dot": write_reference,
    "reference-with-ending": write_reference,
    "reference-with-dots": move_to_top,
    "reference-into-folder": move_to_top,
    "tokenizer-entry-not-pair": write_pair,
    "class-file-missing": write_reference,
    "class-missing": write_reference,
    "class-repository-missing": without_repository,
    "tie-not-said": tie,
    "tie-in-nested-config": tie,
    "tied-overwritten": do_not_tie,
}
"""The repair for each kind of cause."""
