"""Recorded values in a note's text: ``{{ path }}`` becomes the value, as inline code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tracer.replay.plain import short_value
from tracer.trace.reading import Trace
from tracer.trace.values import Text
from tracer.trace.visible import one_line
from tracer.walkthrough.paths import PATH, Data, Found, Place

_HOLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LONGEST: Final = 72
UNKNOWN: Final = "…"


def filled(text: str, place: Place | None) -> str:
    """A text with its values; without a place, their paths stand in their place."""

    def value(hole: re.Match[str]) -> str:
        path = hole[1].strip()
        if place is None:
            return code(f"‹{path}›")
        found = place.value(path)
        if found is None:
            return UNKNOWN
        shown = code(worded(place.trace, found))
        return shown.replace("|", r"\|") if _in_table(text, hole.start()) else shown

    return _HOLE.sub(value, text)


def _in_table(text: str, at: int) -> bool:
    """Whether a place in Markdown is in the row of a table, where a bar would end the cell."""
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("|")


def holes(text: str) -> Iterator[str]:
    """The paths that a text asks for."""
    return (hole[1].strip() for hole in _HOLE.finditer(text))


def is_path(text: str) -> bool:
    return PATH.fullmatch(text) is not None


def worded(trace: Trace, found: Found) -> str:
    """A value on one line, in a person's eyes: a text without quotes, a shape with ``×``."""
    if isinstance(found, Data):
        return one_line(_of_data(found.plain), _LONGEST)
    if isinstance(found, Text) and found.value:
        return one_line(repr(found.value[: _LONGEST * 4])[1:-1], _LONGEST)
    return one_line(short_value(trace, found, _LONGEST), _LONGEST)


def _of_data(plain: Any) -> str:
    if isinstance(plain, list):
        if plain and all(isinstance(one, int) and not isinstance(one, bool) for one in plain):
            return "×".join(map(str, plain))
        return ", ".join(_of_data(one) for one in plain) if plain else "[]"
    if isinstance(plain, int) and not isinstance(plain, bool):
        return f"{plain:,}"
    return str(plain)


def code(text: str) -> str:
    """A text as Markdown's inline code, whatever is in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" or not text.strip() else ""
    return f"{fence}{pad}{text or ' '}{pad}{fence}"
