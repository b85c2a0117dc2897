"""The landing page of the player, and the same lines at the beginning of ``show``."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import SMALL, play, settled
from tracer.analysis.kwargs.hops import USER
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.loads import model_loads
from tracer.analysis.stage_summary import summarize_stages
from tracer.trace.reading import Trace
from tracer.tui.player import Player
from tracer.tui.source_view import SourceView
from tracer.tui.tabs.overview import OverviewTab
from tracer.views.overview import OverviewLine, overview


@pytest.fixture
def lines(demo: Trace) -> list[OverviewLine]:
    return overview(demo, summarize_stages(demo), "en")


def on(topic: str, lines: list[OverviewLine]) -> list[str]:
    return [line.text.plain for line in lines if line.topic == topic]


def test_the_class_stands_beside_the_decision_that_chose_it(demo: Trace, lines: list[OverviewLine]) -> None:
    assert on("class", lines) == [
        "ChatGLMForConditionalGeneration, the directory's own class",
        "the model class is the directory's own, named in auto_map",
    ]
    decided = [line.step for line in lines if line.topic == "class"][1]
    step = demo.step(decided or 0)
    asked = demo.source(step.source or 0).text.splitlines()[(step.line or 0) - 1]
    assert "has_remote_code and trust_remote_code" in asked


def test_every_argument_of_the_users_has_its_end(demo: Trace, lines: list[OverviewLine]) -> None:
    given = [path for path in keyword_paths(demo, call=model_loads(demo)[0].call.step) if path.origin == USER]
    assert [path.name for path in given] == ["trust_remote_code"]
    told = on("argument", lines)
    assert len(told) == len(given)
    assert told[0].startswith("trust_remote_code=True → taken by PreTrainedModel.from_pretrained")


def test_the_weights_are_told_with_the_dtype_that_they_have(lines: list[OverviewLine]) -> None:
    assert on("weights", lines)[-1] == "bfloat16: 62 tensors"


def test_each_line_leads_to_its_step(demo: Trace) -> None:
    app = Player(demo, "en")

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        page = app.query_one(OverviewTab)
        assert app.tabs.active == "tab-overview"
        assert page.has_focus
        assert not app.query_one("#upper").display
        await pilot.press("down", "enter")  # the class
        await settled(pilot)
        assert app.state.number == next(step for step in page.steps[1:] if step is not None)
        assert app.tabs.active == "tab-decisions"
        assert app.query_one("#upper").display
        assert app.query_one(SourceView).has_focus
        await pilot.press("0")
        await settled(pilot)
        assert app.tabs.active == "tab-overview"
        await pilot.press("escape")
        await settled(pilot)
        assert app.query_one("#upper").display
        assert app.query_one(SourceView).has_focus

    play(app, work, size=SMALL)


def test_a_step_from_the_overview_shows_the_source(demo: Trace) -> None:
    app = Player(demo, "en")

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        before = app.state.number
        await pilot.press("right")
        await settled(pilot)
        assert app.state.number == before + 1
        assert app.query_one(SourceView).has_focus

    play(app, work, size=SMALL)


def test_the_player_opens_at_the_call_that_loads_the_model(demo: Trace) -> None:
    app = Player(demo, "en")
    assert app.state.step.kind == "call"
    assert demo.frame(app.state.step.frame or 0).function == "_BaseAutoModelClass.from_pretrained"
