"""The annotations at the end of source lines."""

from __future__ import annotations

import re

import pytest

from tests.data.demo.store import unpack
from tests.support.assigning import can_make
from tracer.trace.reading import open_trace
from tracer.tui import source_view
from tracer.tui.player_state import PlayerState
from tracer.tui.source_view import line_annotations
from tracer.tui.step_text import number_text


@pytest.mark.parametrize("release", [pytest.param("4.44.2", marks=pytest.mark.slow), "5.23.0"])
def test_a_changed_value_is_at_the_statement_that_changed_it(
    release: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    noted = changing = 0
    with open_trace(unpack(release, tmp_path_factory.mktemp("demo"))) as trace:
        state = PlayerState(trace)
        for step in trace.steps():
            if not step.changes:
                continue
            changing += 1
            state.cursor.go(step.number)
            assert step.source is not None
            changes = {change.name: change for change in step.changes}
            for line, note in line_annotations(state, "en").items():
                if note.plain.startswith("# "):
                    name = re.match(r"# (\w+)", note.plain)
                    assert name is not None
                    assert can_make(trace, step.source, line, changes[name[1]]), (step.number, line, note.plain)
                    noted += 1
    assert noted == changing > 500


def test_the_last_change_is_beside_the_returned_value(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with open_trace(unpack("5.23.0", tmp_path_factory.mktemp("demo"))) as trace:
        state = PlayerState(trace)
        step = next(step for step in trace.steps(kinds=["return"]) if step.changes)
        state.cursor.go(step.number)
        note = line_annotations(state, "en")[step.line or 0].plain
    assert note.startswith(f"# {step.changes[0].name}")
    assert "returned " in note


@pytest.mark.parametrize("sentence", ["left by {value}", "{value} ended it"])
def test_what_follows_the_value_is_shown_too(
    sentence: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(source_view._ANNOTATIONS, "returned", sentence)
    with open_trace(unpack("5.23.0", tmp_path_factory.mktemp("demo"))) as trace:
        state = PlayerState(trace)
        step = next(step for step in trace.steps(kinds=["return"]) if not step.changes)
        state.cursor.go(step.number)
        value = number_text(trace, step.value, source_view._WIDTH).plain
        assert sentence.format(value=value) in line_annotations(state, "en")[step.line or 0].plain
