"""The metadata of a trace: what was loaded, and where."""

from __future__ import annotations

import re
from typing import Any


def model_folder(meta: dict[str, Any]) -> str | None:
    """Return the folder that the trace calls ``<model>``."""
    roots = meta.get("roots")
    folder = roots.get("model") if isinstance(roots, dict) else None
    return folder if isinstance(folder, str) else None


def model_name(meta: dict[str, Any]) -> str:
    """Return a short name for what was loaded: the directory's name, or the requested name."""
    asked = meta.get("asked")
    if asked == "<model>" and (folder := model_folder(meta)) is not None:
        return re.split(r"[/\\]", folder.rstrip("/\\"))[-1] or "<model>"
    if isinstance(asked, list):
        return " ".join(map(str, asked))
    return str(asked or meta.get("work") or "trace")
