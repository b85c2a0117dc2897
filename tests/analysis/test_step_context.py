"""A change belongs to the statement that made it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.data.demo.store import unpack
from tests.support.assigning import can_make
from tracer.analysis.step_context import changing_step, statement_changes
from tracer.trace.reading import Trace, open_trace
from tracer.views.show import step_lines


@pytest.fixture(scope="module", params=["4.44.2", "5.23.0"])
def demo_load(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    with open_trace(unpack(request.param, tmp_path_factory.mktemp("demo"))) as trace:
        yield trace


def test_each_change_belongs_to_a_statement_that_can_make_it(demo_load: Trace) -> None:
    wrong = []
    for step in demo_load.steps():
        maker = changing_step(demo_load, step)
        for change in step.changes:
            assert maker.source is not None
            assert maker.line is not None
            if not can_make(demo_load, maker.source, maker.line, change):
                wrong.append((step.number, maker.line, change.name))
    assert not wrong


def test_the_changes_of_all_statements_are_all_changes(demo_load: Trace) -> None:
    told = [(changing_step(demo_load, step).number, change) for step in demo_load.steps() for change in step.changes]
    given = [(step.number, change) for step in demo_load.steps() for change in statement_changes(demo_load, step)]
    assert len(given) > 1000
    assert sorted(given, key=repr) == sorted(told, key=repr)


def test_show_prints_changes_after_the_statement_that_made_them(demo_load: Trace) -> None:
    shown = 0
    for step, text in zip(demo_load.steps(), step_lines(demo_load), strict=True):
        made = statement_changes(demo_load, step)
        last = text.spans[-1]
        assert (last.style == "yellow") == bool(made)
        if made:
            assert text.plain[: last.start].endswith("  # ")
            first = re.match(r"(?:del )?(\w+)", text.plain[last.start :])
            assert first is not None
            assert first[1] == made[0].name
            assert step.source is not None
            assert step.line is not None
            assert all(can_make(demo_load, step.source, step.line, change) for change in made)
            shown += 1
    assert shown > 500
