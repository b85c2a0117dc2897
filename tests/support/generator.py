"""The generator of the small fixtures, loaded from its folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

_PATH = Path(__file__).parents[2] / "fixtures" / "make_small_fixtures.py"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(_PATH.stem, _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
