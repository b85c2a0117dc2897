"""Python files that must never run: each leaves a mark if it does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

NAMES: Final = (
    "torch", "transformers", "tracer", "textual", "rich", "typer", "click", "yaml", "msgspec", "numpy", "safetensors",
    "sitecustomize", "usercustomize", "random", "json", "re", "logging", "tempfile", "subprocess", "multiprocessing",
    "platformdirs", "aiohttp", "importlib_metadata", "readline", "conftest",
)  # fmt: skip
"""Modules that glm-trace imports, that Python imports by itself, and that a test runner would import."""

_TRAP: Final = "open({mark!r}, 'w').close(); raise SystemExit('a trap was run: {name}')\n"  # imports nothing


class Traps:
    """Put traps into folders; ``sprung`` are the names of those that ran."""

    def __init__(self, marks: Path) -> None:
        self._marks = marks
        marks.mkdir()

    def lay(self, folder: Path) -> Path:
        for name in NAMES:
            mark = self._marks / f"{folder.name}-{name}"
            (folder / f"{name}.py").write_text(_TRAP.format(mark=str(mark), name=name), encoding="utf-8")
        line = f"import sys; open({str(self._marks / f'{folder.name}-pth')!r}, 'w').close()\n"
        (folder / "trap.pth").write_text(line, encoding="utf-8")
        return folder

    @property
    def sprung(self) -> list[str]:
        return sorted(path.name for path in self._marks.iterdir())
