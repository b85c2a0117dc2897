"""A change belongs to the statement that made it."""

from __future__ import annotations

import re

from tests.support.assigning import can_make
from tracer.analysis.step_context import changing_step, statement_changes
from tracer.trace.reading import Trace
from tracer.views.show import step_lines


def test_each_change_belongs_to_a_statement_that_can_make_it(stored_demo: Trace) -> None:
    wrong = []
    for step in stored_demo.steps():
        maker = changing_step(stored_demo, step)
        for change in step.changes:
            assert maker.source is not None
            assert maker.line is not None
            if not can_make(stored_demo, maker.source, maker.line, change):
                wrong.append((step.number, maker.line, change.name))
    assert not wrong


def test_the_changes_of_all_statements_are_all_changes(stored_demo: Trace) -> None:
    told = [
        (changing_step(stored_demo, step).number, change) for step in stored_demo.steps() for change in step.changes
    ]
    given = [(step.number, change) for step in stored_demo.steps() for change in statement_changes(stored_demo, step)]
    assert len(given) > 1000
    assert sorted(given, key=repr) == sorted(told, key=repr)


def test_show_prints_changes_after_the_statement_that_made_them(stored_demo: Trace) -> None:
    shown = 0
    for step, text in zip(stored_demo.steps(), step_lines(stored_demo), strict=True):
        made = statement_changes(stored_demo, step)
        last = text.spans[-1]
        assert (last.style == "yellow") == bool(made)
        if made:
            assert text.plain[: last.start].endswith("  # ")
            first = re.match(r"(?:del )?(\w+)", text.plain[last.start :])
            assert first is not None
            assert first[1] == made[0].name
            assert step.source is not None
            assert step.line is not None
            assert all(can_make(stored_demo, step.source, step.line, change) for change in made)
            shown += 1
    assert shown > 500
