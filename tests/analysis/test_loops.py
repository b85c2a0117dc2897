"""The turns of loops."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trace import made
from tracer.analysis.locals import LocalsHistory
from tracer.analysis.loops import Loop, loop_around, turns, values_in_turns
from tracer.analysis.syntax import SyntaxTrees
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound
from tracer.trace.values import Plain

SOURCE = """\
def load(path):
    for a in (
        path,
    ):
        for b in a:
            use(b)
            use(a)
    else:
        done()
    while path:
        path = rest(path)
"""
# Two turns of the outer loop, with two turns of the inner one and with none; then a ``while`` that is left in a turn.
LINES = [3, 2, 5, 6, 7, 5, 6, 7, 5, 2, 5, 2, 9, 10, 11, 10, 11]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    bound = {2: [Bound("a", 1)], 3: [Bound("b", 0)], 6: [Bound("b", 1)], 10: [Bound("a", 0)], 15: [Bound("path", 2)]}
    records = [
        made.meta_record(),
        made.source_record(0, "own.py", SOURCE),
        made.frame_record_of(0, function="load", line=1),
        *(made.value_record(number, Plain(number)) for number in range(3)),
        *(made.step_record(made.step(n, line=line, changes=bound.get(n, []))) for n, line in enumerate(LINES)),
        made.end_record(status="loaded"),
    ]
    return open_trace(made.sealed(tmp_path, records))


def loop_at(trace: Trace, line: int) -> Loop | None:
    syntax = SyntaxTrees(trace)(0)
    assert syntax is not None
    function = syntax.function(trace.frame(0))
    assert function is not None
    return loop_around(0, syntax.statements_by_line(function)[line])


def test_the_innermost_loop_of_a_line(trace: Trace) -> None:
    found = {line: loop.names if (loop := loop_at(trace, line)) else None for line in (2, 3, 5, 6, 7, 9, 10, 11)}
    outer, inner, other = ("a",), ("b",), ("path",)
    assert found == {2: outer, 3: outer, 5: inner, 6: inner, 7: inner, 9: None, 10: other, 11: other}


def test_turns_of_nested_loops(trace: Trace) -> None:
    outer, inner, other = (loop_at(trace, line) for line in (2, 5, 10))
    assert outer is not None
    assert inner is not None
    assert other is not None
    assert [*turns(trace, outer).began] == [2, 10]
    found = turns(trace, inner)
    assert [*found.entered] == [2, 10]
    assert [(turn, len(began)) for turn, began in map(found.at, (2, 3, 5, 6, 8, 10))] == [
        (0, 2), (1, 2), (1, 2), (2, 2), (2, 2), (0, 0),
    ]  # fmt: skip
    assert [*turns(trace, other).began] == [14, 16]


def test_values_of_turns(trace: Trace) -> None:
    inner = loop_at(trace, 5)
    assert inner is not None
    began = turns(trace, inner).began
    values = values_in_turns(trace, inner, began)
    assert [{name: one.value(trace) for name, one in turn.items()} for turn in values] == [
        {"b": Plain(0)},
        {"b": Plain(1)},
    ]
    states = map(LocalsHistory(trace).innermost, began)
    assert [state.variables["b"] for state in states if state] == [turn["b"] for turn in values]
