"""The landing page of the player, and the same lines at the beginning of ``show``."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console
from textual.pilot import Pilot

from tests.conftest import ROOT
from tests.support.loads import Loads
from tests.tui.conftest import SMALL, play, settled
from tracer.analysis.kwargs.hops import USER
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.loads import model_loads
from tracer.analysis.stage_summary import summarize_stages
from tracer.i18n import Lang, tr
from tracer.trace.reading import Trace
from tracer.tui.player import Player
from tracer.tui.source_view import SourceView
from tracer.tui.tabs.kwargs import KwargsTab
from tracer.tui.tabs.overview import OverviewTab
from tracer.views.overview import OverviewLine, overview
from tracer.views.show import load_report


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


@pytest.fixture
def two_loads(loads: Loads) -> Iterator[Trace]:
    """A script that loads one model after the other, each with its tokenizer."""
    with loads.trace("", work="script", script=[str(ROOT / "tests" / "data" / "two_loads.py")]) as trace:
        yield trace


def test_each_of_several_loads_has_its_own_lines(two_loads: Trace) -> None:
    loads = model_loads(two_loads)
    assert [loads[0].since, loads[0].until, loads[1].until] == [0, loads[1].since, len(two_loads)]
    assert two_loads.frame(two_loads.step(loads[1].since).frame or 0).function == "AutoTokenizer.from_pretrained"
    told = overview(two_loads, summarize_stages(two_loads), "en")
    assert [line.load for line in told if line.topic == "call"] == [1, 2]
    assert [line.load for line in told if line.topic == "argument"] == [2]


def test_the_stages_of_several_loads_stand_apart(two_loads: Trace) -> None:
    console = Console(width=100, file=StringIO())
    console.print(load_report(two_loads, "en"))
    first, second = console.file.getvalue().split("Load 1 of 2")[1].split("Load 2 of 2")
    for part in (first, second):
        assert part.count("Tokenizer  tokenizer") == part.count("Weights  weights") == 1
    counted = [
        stage.steps for load in model_loads(two_loads) for stage in summarize_stages(two_loads, load.since, load.until)
    ]
    assert sum(counted) == len(two_loads)


def test_a_key_goes_from_load_to_load(two_loads: Trace) -> None:
    app = Player(two_loads, "en")

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        first, second = app.state.loads
        assert app.state.number == first
        await pilot.press("right_curly_bracket")
        await settled(pilot)
        assert app.state.number == second
        await pilot.press("left_curly_bracket")
        await settled(pilot)
        assert app.state.number == first

    play(app, work)


def test_the_arguments_stand_below_their_loads(two_loads: Trace) -> None:
    app = Player(two_loads, "en")

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("3")
        await settled(pilot)
        table = app.query_one(KwargsTab)
        names = [str(table.get_row_at(at)[1]).strip() for at in range(table.row_count)]
        first, second = (names.index(f"▾ Load {number} of 2") for number in (1, 2))
        assert "▸ add_pooling_layer" in names[second:]
        assert "▸ add_pooling_layer" not in names[first:second]

    play(app, work)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_heads_of_several_loads_are_not_cut(two_loads: Trace, lang: Lang) -> None:
    app = Player(two_loads, lang)

    async def work(pilot: Pilot[None]) -> None:
        await settled(pilot)
        seen = "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
        for number in (1, 2):
            assert tr(lang, "Load {number}", number=number) in seen

    play(app, work, SMALL)
