"""The panes are updated when what they show changes, and only then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from tests.tui.conftest import START, notifications, play, settled
from tests.tui.course import reading
from tracer.analysis.syntax import header_names
from tracer.trace.errors import TracerError
from tracer.trace.events import EVENT_TYPES
from tracer.trace.reading import Trace
from tracer.trace.steps import Step
from tracer.tui.calls_view import CallsView
from tracer.tui.player_state import PlayerState
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar
from tracer.tui.step_text import _DESCRIPTIVE_KEYS, step_summary
from tracer.tui.tabs.decisions import DecisionsTab
from tracer.tui.tabs.kwargs import KwargsTab
from tracer.tui.tabs.notes import NotesTab
from tracer.tui.variables_view import VariablesView

VIEWS = (StageBar, SourceView, VariablesView, CallsView, DecisionsTab, KwargsTab, NotesTab)


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the updates of each view."""
    counts: Counter[str] = Counter()

    def counted(name: str, update: Callable[[Any], None]) -> Callable[[Any], None]:
        def update_view(view: Any) -> None:
            counts[name] += 1
            update(view)

        return update_view

    for view in VIEWS:
        monkeypatch.setattr(view, "update_view", counted(view.__name__, view.update_view))
    return counts


def test_every_view_is_updated_once_for_the_first_screen_and_once_for_a_step(
    player: Any, updates: Counter[str]
) -> None:
    app = player(start=1037)

    async def work(pilot: Pilot[None]) -> None:
        # The source is shown before it is annotated.
        assert updates == {"StageBar": 1, "SourceView": 2, "VariablesView": 1, "CallsView": 1, "DecisionsTab": 1}
        updates.clear()
        await pilot.press("right")
        await settled(pilot)
        assert updates == {"StageBar": 1, "SourceView": 1, "VariablesView": 1, "CallsView": 1, "DecisionsTab": 1}
        updates.clear()
        await pilot.press("L")
        await settled(pilot)
        assert updates == {"StageBar": 1, "SourceView": 1, "VariablesView": 1, "CallsView": 1, "DecisionsTab": 1}

    play(app, work)


def test_nothing_is_updated_where_a_key_goes_nowhere(player: Any, updates: Counter[str]) -> None:
    app = player(start=0)

    async def work(pilot: Pilot[None]) -> None:
        updates.clear()
        await pilot.press("left", "m", "b")
        app.go(0)
        await settled(pilot)
        assert updates == {}

    play(app, work)


def named(trace: Trace, step: Step) -> list[str]:
    """Return the variables that the statement at a step names."""
    state = PlayerState(trace, step.number)
    statement = state.statement()
    names = [] if statement is None else header_names(statement.node)
    return [name for name in names if state.frame_state and name in state.frame_state.variables]


def test_the_variables_are_not_listed_again_where_none_has_changed(
    player: Any, demo: Trace, updates: Counter[str]
) -> None:
    quiet = next(
        after.number
        for before, after in zip(demo.steps(START), demo.steps(START + 1), strict=False)
        if before.frame == after.frame is not None
        and before.event == after.event == "line"
        and not before.changes
        and not after.changes
        and named(demo, before) == named(demo, after)
    )
    app = player(start=quiet - 1)

    async def work(pilot: Pilot[None]) -> None:
        view = app.query_one(VariablesView)
        node = view.root.children[0]
        updates.clear()
        await pilot.press("right")
        await settled(pilot)
        assert app.state.number == quiet
        assert updates["SourceView"] == 1
        assert updates["VariablesView"] == 0
        assert view.root.children[0] is node

    play(app, work)


@pytest.mark.slow
def test_a_hidden_tab_waits_until_it_is_shown(demo: Trace, updates: Counter[str]) -> None:
    app = reading(demo, start=START)

    async def work(pilot: Pilot[None]) -> None:
        for key in ("3", "1", "2"):
            await pilot.press(key)
            await settled(pilot)
        assert min(updates[name] for name in ("KwargsTab", "NotesTab", "DecisionsTab")) > 0
        updates.clear()
        await pilot.press("l", "L")  # the arrow keys belong to the table
        await settled(pilot)
        assert (updates["KwargsTab"], updates["NotesTab"], updates["DecisionsTab"]) == (0, 0, 2)
        await pilot.press("3")
        await settled(pilot)
        assert (updates["KwargsTab"], updates["NotesTab"], updates["DecisionsTab"]) == (1, 0, 2)
        heads = [str(column.label).strip() for column in app.tabs.tab_shown().ordered_columns]
        assert heads[:2] == ["步", "参数"]  # it has caught up with the language

    play(app, work)


def test_damage_that_several_panes_meet_is_reported_once(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> None:
        raise TracerError("made.glmtrace is damaged.")

    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        for view in (SourceView, VariablesView, CallsView):
            monkeypatch.setattr(view, "update_view", damaged)
        for times in (1, 2):
            await pilot.press("down")
            await pilot.pause()
            assert await notifications(pilot) == ["made.glmtrace is damaged."] * times
        assert app.query_one(StageBar).number == app.state.number > START

    play(app, work)


def test_the_keys_that_describe_a_step_are_fields_of_its_kind() -> None:
    types = {type_.kind: type_ for type_ in EVENT_TYPES}
    for kind, keys in _DESCRIPTIVE_KEYS.items():
        fields = {field.encode_name for field in msgspec.structs.fields(types[kind])}
        assert set(keys) <= fields, kind


def test_copied_code_is_described_by_its_file() -> None:
    data = {"from": "<model>/modeling_x.py", "into": "<modules-cache>/x", "module": "x/modeling_x.py"}
    assert step_summary("module-copied", data) == "<model>/modeling_x.py"
