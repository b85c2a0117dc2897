"""Two loads step by step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.support.loads import Loads
from tracer.analysis.diff.alignment import Alignment
from tracer.trace.reading import Trace

MODEL = ROOT / "fixtures" / "bert-tiny"


@pytest.fixture
def plain(loads: Loads) -> Iterator[Trace]:
    with loads.trace(MODEL, forward=False) as trace:
        yield trace


@pytest.fixture
def without_pooler(loads: Loads) -> Iterator[Trace]:
    with loads.trace(MODEL, forward=False, kwargs={"add_pooling_layer": False}) as trace:
        yield trace


def statement(trace: Trace, number: int) -> str:
    step = trace.step(number)
    assert step.source is not None
    assert step.line is not None
    return trace.source(step.source).text.splitlines()[step.line - 1].strip()


def test_a_load_is_aligned_with_itself(plain: Trace) -> None:
    aligned = Alignment(plain, plain)
    assert not aligned.partings
    assert all(aligned.in_b(number) == (number, True) for number in range(len(plain)))


def test_two_loads_part_where_they_go_different_ways(plain: Trace, without_pooler: Trace) -> None:
    aligned = Alignment(plain, without_pooler)
    assert aligned.partings == sorted(aligned.partings)
    parted = [
        (statement(plain, one.a), statement(without_pooler, one.b))
        for one in aligned.partings
        if plain.step(one.a).line
    ]
    made = "self.pooler = BertPooler(config) if add_pooling_layer else None"
    assert (made, made) in parted


def test_what_belongs_together_is_at_the_same_statement(plain: Trace, without_pooler: Trace) -> None:
    aligned = Alignment(plain, without_pooler)
    exact = 0
    for step in plain.steps(kinds=["line"]):
        found = aligned.in_b(step.number)
        if found.exact:
            exact += 1
            assert statement(plain, step.number) == statement(without_pooler, found.step)
            assert aligned.in_a(found.step) == (step.number, True)
    assert exact > 0.9 * sum(1 for _ in plain.steps(kinds=["line"]))
