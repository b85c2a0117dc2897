"""The labels of the player whose keys are made from data."""

from __future__ import annotations

from tracer.analysis.search import SORTS
from tracer.tui.words import LABELS


def test_every_sort_of_hit_has_a_name() -> None:
    assert {f"sort:{sort}" for sort in SORTS} <= set(LABELS)
