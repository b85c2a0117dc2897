"""Bundled model directories, written out for a person."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Final

from tracer.launch.full_geometry import write_full_geometry
from tracer.trace.errors import TracerError

FULL: Final = "glm-4v-9b"
_TINY: Final = "glm-4v-tiny"


def names(fixtures: Path) -> list[str]:
    """Every fixture's name; the broken ones as ``broken/NAME``."""
    own = [path.name for path in fixtures.iterdir() if path.is_dir() and path.name not in ("broken", "__pycache__")]
    broken = [f"broken/{path.name}" for path in (fixtures / "broken").iterdir() if path.is_dir()]
    return sorted([*own, FULL]) + sorted(broken)


def write_fixture(fixtures: Path, name: str, folder: Path) -> Path:
    """Write a fixture; returns its folder, absolute.

    An adapter's base is named by its absolute path, so that it loads from anywhere.

    Raises:
        TracerError: there is none of that name, the folder is not empty, or it can't be written.
    """
    folder = Path(os.path.abspath(folder))
    there = folder.exists()
    try:
        return _write(fixtures, name, folder)
    except OSError as error:
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror or str(error)
        if not there:  # half a model is worse than none
            shutil.rmtree(folder, ignore_errors=True)
        raise TracerError(f"The fixture {name} can't be written to {folder}: {why}. Name another folder.") from error


def _write(fixtures: Path, name: str, folder: Path) -> Path:
    if name not in names(fixtures):
        raise TracerError(f"There is no fixture {name}. The names are: {', '.join(names(fixtures))}.")
    if name == FULL:
        write_full_geometry(fixtures / _TINY, folder)
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TracerError(f"{folder} exists and is not an empty folder, so nothing is written there. Name another.")
    shutil.copytree(fixtures / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        config = json.loads(adapter.read_text(encoding="utf-8"))
        base = fixtures / name / str(config.get("base_model_name_or_path"))
        if base.is_dir():
            config["base_model_name_or_path"] = str(base.resolve())
            adapter.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return folder
