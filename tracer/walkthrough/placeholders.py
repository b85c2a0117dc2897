"""Recorded values in a note's text: ``{{ path }}`` becomes the value, as inline code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.analysis.value_format import format_summary
from tracer.text.visible import one_line
from tracer.trace.reading import Trace
from tracer.trace.values import Plain, Text
from tracer.walkthrough.value_paths import PATH, FoundValue, PlainData, StepScope

_HOLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LONGEST: Final = 100
_LONGEST_MESSAGE: Final = 300  # the end of an error message is often what helps
_AXES: Final = 5  # a longer list of numbers isn't a shape
UNKNOWN: Final = "…"


def fill_placeholders(text: str, place: StepScope | None) -> str:
    """Return a text with its values filled in; without a scope, the paths are shown instead."""

    def value(hole: re.Match[str]) -> str:
        path = hole[1].strip()
        if place is None:
            return inline_code(f"‹{path}›")
        found = place.value(path)
        if found is None:
            return UNKNOWN
        limit = _LONGEST_MESSAGE if path.endswith("message") else _LONGEST
        shown = inline_code(format_found(place.trace, found, limit))
        return shown.replace("|", r"\|") if _in_table(text, hole.start()) else shown

    return _HOLE.sub(value, text)


def _in_table(text: str, at: int) -> bool:
    """Return whether a place in Markdown is in the row of a table, where a bar would end the cell."""
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("|")


def placeholder_paths(text: str) -> Iterator[str]:
    """Yield the paths that a text asks for."""
    return (hole[1].strip() for hole in _HOLE.finditer(text))


def is_path(text: str) -> bool:
    return PATH.fullmatch(text) is not None


def format_found(trace: Trace, found: FoundValue, limit: int = _LONGEST) -> str:
    """Return a value on one line, for people: text without quotes, a shape with ``×``, six digits of a fraction."""
    if isinstance(found, PlainData):
        return _elided(_of_data(found.plain), limit)
    if isinstance(found, Text) and found.value:
        return _elided(repr(found.value[: limit * 4])[1:-1], limit)
    if isinstance(found, Plain) and isinstance(found.value, (int, float)):
        return _of_data(found.value)
    return one_line(format_summary(trace, found, limit), limit)


def _of_data(plain: Any) -> str:
    if isinstance(plain, list):
        if 0 < len(plain) <= _AXES and all(isinstance(one, int) and not isinstance(one, bool) for one in plain):
            return "×".join(map(str, plain))
        return ", ".join(_of_data(one) for one in plain) if plain else "[]"
    if isinstance(plain, int) and not isinstance(plain, bool):
        return f"{plain:,}"
    return f"{plain:.6g}" if isinstance(plain, float) else str(plain)


def _elided(text: str, limit: int) -> str:
    """Return a long name or path without its middle, as its ends say most."""
    if len(text) <= limit or " " in text:
        return one_line(text, limit)
    return one_line(f"{text[: limit // 3]}…{text[-(limit - limit // 3 - 1) :]}", limit)


def inline_code(text: str) -> str:
    """Return a text as Markdown's inline code, whatever is in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" or not text.strip() else ""
    return f"{fence}{pad}{text or ' '}{pad}{fence}"
