"""The fixtures and walkthroughs shipped with the package, and writing a fixture to a folder.

``glm-4v-9b`` is the full model without its weights: configuration, code and tokenizer, a few kilobytes. Its numbers are
those of the publishers; the code is that of the bundled tiny model.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

from tracer.i18n import N_, reason_of
from tracer.trace.errors import TracerError


def bundled(kind: str) -> Path:
    """Return the folder ``fixtures`` or ``walkthroughs``: inside an installed package, or at the top of a checkout.

    Raises:
        TracerError: the installation is incomplete.
    """
    package = Path(__file__).parent
    for folder in (package / "_bundled" / kind, package.parent / kind):
        if folder.is_dir():
            return folder
    raise TracerError(
        N_("This installation of glm-trace lacks its {kind}. Reinstall it: pip install --force-reinstall glm-trace"),
        kind=kind,
    )


FULL: Final = "glm-4v-9b"
_TINY: Final = "glm-4v-tiny"


def fixture_names(fixtures: Path) -> list[str]:
    """Return the name of every fixture; broken fixtures are ``broken/NAME``."""
    own = [path.name for path in fixtures.iterdir() if path.is_dir() and path.name not in ("broken", "__pycache__")]
    broken = [f"broken/{path.name}" for path in (fixtures / "broken").iterdir() if path.is_dir()]
    return sorted([*own, FULL]) + sorted(broken)


def write_fixture(fixtures: Path, name: str, folder: Path) -> Path:
    """Write a fixture and return its folder as an absolute path.

    An adapter's base is named by its absolute path, so that it loads from anywhere.

    Raises:
        TracerError: no fixture has that name, the folder is not empty, or it can't be written.
    """
    folder = Path(os.path.abspath(folder))
    there = folder.exists()
    try:
        return _write(fixtures, name, folder)
    except OSError as error:
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else reason_of(error)
        if not there:  # half a model is worse than none
            shutil.rmtree(folder, ignore_errors=True)
        raise TracerError(
            N_("The fixture {name} can't be written to {folder}: {why}. Name another folder."),
            name=name,
            folder=folder,
            why=why,
        ) from error


def _write(fixtures: Path, name: str, folder: Path) -> Path:
    if name not in fixture_names(fixtures):
        raise TracerError(
            N_("There is no fixture {name}. The names are: {fixtures}."),
            name=name,
            fixtures=", ".join(fixture_names(fixtures)),
        )
    if name == FULL:
        write_full_geometry(fixtures / _TINY, folder)
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TracerError(
            N_("{folder} exists and is not an empty folder, so nothing is written there. Name another."), folder=folder
        )
    shutil.copytree(fixtures / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        config = json.loads(adapter.read_text(encoding="utf-8"))
        base = fixtures / name / str(config.get("base_model_name_or_path"))
        if base.is_dir():
            config["base_model_name_or_path"] = str(base.resolve())
            adapter.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return folder


GEOMETRY: Final[dict[str, Any]] = {
    "num_layers": 40,
    "num_hidden_layers": 40,
    "hidden_size": 4096,
    "ffn_hidden_size": 13696,
    "kv_channels": 128,
    "num_attention_heads": 32,
    "multi_query_group_num": 2,
    "padded_vocab_size": 151552,
    "vocab_size": 151552,
    "seq_length": 8192,
    "boi_token_id": 151339,
    "eoi_token_id": 151340,
    "eos_token_id": [151329, 151336, 151338],
    "pad_token_id": 151329,
}
VISION: Final[dict[str, Any]] = {
    "num_hidden_layers": 63,
    "hidden_size": 1792,
    "num_heads": 16,
    "intermediate_size": 15360,
    "num_positions": 6401,
    "image_size": 1120,
}
FIRST_SPECIAL_TOKEN: Final = 151329
_BYTES: Final = 256


def write_full_geometry(tiny: Path, folder: Path) -> None:
    """Write ``glm-4v-9b``, based on the bundled tiny model; an existing folder must be empty.

    Raises:
        TracerError: the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TracerError(
            N_("{folder} exists and is not an empty folder, so nothing is written there. Name another."), folder=folder
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path in tiny.glob("*.py"):
        shutil.copyfile(path, folder / path.name)
    config = _read_json(tiny / "config.json")
    config["vision_config"] = {**config["vision_config"], **VISION}
    _write_json(folder / "config.json", {**config, **GEOMETRY})
    tokenizer = _read_json(tiny / "tokenizer_config.json")
    _write_json(folder / "tokenizer_config.json", {**tokenizer, "image_size": VISION["image_size"]})
    vocabulary = _read_json(tiny / "vocab.json")
    shift = FIRST_SPECIAL_TOKEN - _BYTES
    _write_json(
        folder / "vocab.json",
        {token: number if number < _BYTES else number + shift for token, number in vocabulary.items()},
    )
    if (tiny / "generation_config.json").is_file():
        generation = _read_json(tiny / "generation_config.json")
        known = {name: GEOMETRY[name] for name in ("eos_token_id", "pad_token_id") if name in generation}
        _write_json(folder / "generation_config.json", {**generation, **known})


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
