"""What the shell completes: names of exercises, walkthroughs and fixtures, and traces. Read from file names alone."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from tracer.bundled import bundled, fixture_names
from tracer.cli.arguments import SUFFIX

_ID: Final = re.compile(r"^id: *(\S+)", re.MULTILINE)


def complete_trace(incomplete: str) -> list[str]:
    """Return the traces in the folder that is being typed; without any, the shell completes files as always."""
    folder = os.path.dirname(incomplete)
    found = sorted(path for path in Path(os.path.expanduser(folder or ".")).glob(f"*{SUFFIX}") if path.is_file())
    return [os.path.join(folder, path.name) for path in found]


def complete_fixture(incomplete: str) -> list[str]:
    """Return the names of the bundled model directories."""
    return fixture_names(bundled("fixtures"))


def complete_walkthrough(incomplete: str) -> list[str]:
    """Return the names of the bundled walkthroughs, in the order of the course."""
    return [_id(path) for path in sorted(bundled("walkthroughs").glob("*.yaml"))]


def complete_exercise(incomplete: str) -> list[str]:
    """Return the names of the bundled exercises."""
    return [_id(path) for path in sorted((bundled("walkthroughs") / "exercises").glob("*/task.yaml"))]


def complete_walkthrough_or_trace(incomplete: str) -> list[str]:
    """Return what a walkthrough is checked by: its name, and traces to check it with."""
    return [*complete_walkthrough(incomplete), *complete_trace(incomplete)]


def _id(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        match = _ID.search(file.read(2_000))
    return match[1] if match is not None else path.stem
