"""The metadata of a trace: what was loaded, and where."""

from __future__ import annotations

import os
from typing import Any


def model_name(meta: dict[str, Any]) -> str:
    """Return a short name for what was loaded: the directory's name, or the requested name."""
    asked = meta.get("asked")
    roots = meta.get("roots")
    if asked == "<model>" and isinstance(roots, dict) and isinstance(roots.get("model"), str):
        return os.path.basename(roots["model"].rstrip("/\\")) or "<model>"
    if isinstance(asked, list):
        return " ".join(map(str, asked))
    return str(asked or meta.get("work") or "trace")
