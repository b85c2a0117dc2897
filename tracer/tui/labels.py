"""What a step says of itself in a few words: the one fact of its data that tells it from others."""

from __future__ import annotations

from typing import Any, Final

from tracer.text.visible import one_line

# For a kind of step the keys of its data to name, the first that is there.
_TELLING: Final[dict[str, tuple[str, ...]]] = {
    "module-built": ("name", "class"),
    "module-entered": ("path",),
    "module-left": ("path",),
    "tensor-loaded": ("parameter",),
    "conversion-failed": ("reason",),
    "token-generated": ("text",),
    "operator": ("name",),
    "file-missing": ("name",),
    "trust-asked": ("decision",),
    "class-resolved": ("class", "reference"),
    "class-registered": ("class",),
    "module-copied": ("file", "path", "source"),
    "module-imported": ("module",),
    "weights-report": ("loaded",),
    "text-prepared": ("prompt",),
}
_ANY: Final = ("path", "class", "name", "message", "text", "in", "why", "decision", "commit")
_LAST_PART: Final = ("class", "module")


def label(kind: str, data: dict[str, Any], limit: int = 60) -> str:
    """A few words about a step; empty where its data say nothing."""
    for key in (*_TELLING.get(kind, ()), *_ANY):
        value = data.get(key)
        if value is None or value == "":
            continue
        if key in _LAST_PART and isinstance(value, str):
            value = value.rpartition(".")[2]
        shown = repr(value) if key == "text" else str(value)
        return one_line(shown, limit)
    return ""
