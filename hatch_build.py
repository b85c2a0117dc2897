"""Compile the translations whenever the package is built or installed, editable installs included."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTranslations(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        spec = importlib.util.spec_from_file_location("translations", root / "translations.py")
        assert spec is not None
        assert spec.loader is not None
        translations = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(translations)
        made = translations.compile_all(root)
        build_data["artifacts"].extend(f"/{path.relative_to(root).as_posix()}" for path in made)
