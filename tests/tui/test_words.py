"""What the player says, in both languages alike."""

from __future__ import annotations

from string import Formatter

from tracer.analysis.search import SORTS
from tracer.tui.words import WORDS


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_fill_in_the_same() -> None:
    assert {key for key, (en, zh) in WORDS.items() if placeholders(en) != placeholders(zh)} == set()
    assert {key for key, (en, zh) in WORDS.items() if not en or not zh} == set()


def test_every_sort_of_hit_has_a_name() -> None:
    assert {f"sort:{sort}" for sort in SORTS} <= set(WORDS)
