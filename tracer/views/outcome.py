"""How a load ended, as a person reads it: the one place that turns an outcome's status into words."""

from __future__ import annotations

from typing import Any, Final

from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.views.phrases import PHRASES, say

GOOD: Final = ("loaded", "stopped")
"""The statuses that are an end as it was meant to be."""


def outcome_text(outcome: dict[str, Any], lang: Lang) -> str:
    """Return how a load ended; a status of a newer release is told as it is written."""
    status, part = str(outcome.get("status", "unfinished")), outcome.get("part")
    for key in (f"outcome:{status}:{part}", f"outcome:{status}"):
        if key in PHRASES:
            return say(lang, key)
    return visible(status)


def undone_texts(trace: Trace, lang: Lang) -> list[str]:
    """Return what was to be done after the load and could not be tried, though nothing failed."""
    kinds = ("not-fed", "not-generated")
    return [say(lang, f"undone:{kind}") for kind in kinds if trace.nearest(-1, kind=kind) is not None]


def outcome_style(outcome: dict[str, Any]) -> str:
    """Return the colour that says the same."""
    status = outcome.get("status")
    return "bold green" if status in GOOD else "bold yellow" if status == "no-load" else "bold red"
