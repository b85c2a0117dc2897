"""Two loads side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from textual.pilot import Pilot

from tests.conftest import ROOT
from tests.support.loads import Loads
from tests.tui.conftest import SMALL, WIDE
from tracer.trace.reading import Trace
from tracer.tui.side_by_side import DifferencesTable, SideBySide
from tracer.tui.source_view import SourceView

MODEL = ROOT / "fixtures" / "bert-tiny"
MADE = "self.pooler = BertPooler(config) if add_pooling_layer else None"


@pytest.fixture
def both(loads: Loads) -> Iterator[tuple[Trace, Trace]]:
    with (
        loads.trace(MODEL, forward=False) as a,
        loads.trace(MODEL, forward=False, kwargs={"add_pooling_layer": False}) as b,
    ):
        yield a, b


def play(app: SideBySide, work: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = WIDE) -> None:
    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            for _ in range(600):
                await pilot.pause(0.02)
                if app.aligned is not None and app.query_one(DifferencesTable).row_count:
                    break
            await work(pilot)

    asyncio.run(run())


def statements(app: SideBySide) -> tuple[str, str]:
    found = []
    for state in app.states.values():
        step = state.step
        text = state.trace.source(step.source or 0).text
        found.append(text.splitlines()[(step.line or 1) - 1].strip())
    return found[0], found[1]


def title(app: SideBySide) -> str:
    return str(app.query_one("#titles").render())


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_a_key_goes_to_the_next_place_where_they_part(both: tuple[Trace, Trace], size: tuple[int, int]) -> None:
    app = SideBySide(*both, "en")

    async def work(pilot: Pilot[None]) -> None:
        seen = []
        for _ in range(6):
            await pilot.press("n")
            await pilot.pause()
            seen.append(statements(app))
            assert "here the two part" in title(app)
            if seen[-1] == (MADE, MADE):
                break
        assert (MADE, MADE) in seen
        await pilot.press("N")
        await pilot.pause()
        assert statements(app) == seen[-2]

    play(app, work, size)


def test_the_other_side_follows_the_one_that_has_the_focus(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(*both, "en")

    async def work(pilot: Pilot[None]) -> None:
        before = app.number_a, app.number_b
        await pilot.press("right", "right")
        await pilot.pause()
        assert app.number_a == before[0] + 2
        assert app.number_b == before[1] + 2
        assert "the same step in both" in title(app)
        app.query_one("#side-b SourceView", SourceView).focus()
        await pilot.pause()
        await pilot.press("left")
        await pilot.pause()
        assert (app.number_a, app.number_b) == (before[0] + 1, before[1] + 1)

    play(app, work)


def test_a_step_that_only_one_load_has_is_told(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(*both, "en")

    async def work(pilot: Pilot[None]) -> None:
        assert app.aligned is not None
        parted = {one.a for one in app.places}
        alone = next(
            number for number in range(len(both[0])) if number not in parted and not app.aligned.in_b(number).exact
        )
        app.states["a"].cursor.go(alone - 1)
        await pilot.press("right")
        await pilot.pause()
        assert app.number_a == alone
        assert "only in A" in title(app)

    play(app, work)


def test_the_differences_lead_to_their_steps(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(*both, "zh")

    async def work(pilot: Pilot[None]) -> None:
        table = app.query_one(DifferencesTable)
        rows = [[str(cell) for cell in table.get_row_at(at)] for at in range(table.row_count)]
        at = next(at for at, row in enumerate(rows) if "conditional add_pooling_layer" in row[1])
        assert rows[at][2:] == ["成立", "不成立"]
        table.focus()
        table.move_cursor(row=at)
        await pilot.press("enter")
        await pilot.pause()
        assert statements(app) == (MADE, MADE)

    play(app, work)


def test_what_the_same_statement_made_differently_is_a_place_too(loads: Loads) -> None:
    with (
        loads.trace(MODEL, forward=False) as a,
        loads.trace(MODEL, forward=False, kwargs={"hidden_dropout_prob": 0.25}) as b,
    ):
        app = SideBySide(a, b, "en")

        async def work(pilot: Pilot[None]) -> None:
            built = [
                [step.number for step in state.trace.steps(kinds=["config-built"])] for state in app.states.values()
            ]
            assert set(app.places) & set(zip(*built, strict=True))
            seen = []
            await pilot.press("home")
            for _ in app.places:
                await pilot.press("n")
                await pilot.pause()
                seen.append((app.number_a, app.number_b))
            assert seen == sorted(seen)
            assert seen == [tuple(one) for one in app.places if tuple(one) > (0, 0)]

        play(app, work)


def test_loads_that_went_the_same_way(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(both[0], both[0], "en")

    async def run() -> None:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            for _ in range(600):
                await pilot.pause(0.02)
                if app.aligned is not None:
                    break
            await pilot.press("n")
            await pilot.pause()
            assert [one.message for one in app._notifications] == ["The two loads went the same way."]

    asyncio.run(run())
