"""Two loads side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.conftest import ROOT
from tests.support.loads import Loads
from tests.trace import made
from tests.tui.conftest import SMALL, WIDE
from tracer.analysis.diff import Comparison
from tracer.i18n import Lang, tr
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace, open_trace
from tracer.tui import side_by_side
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
            table = app.query_one(DifferencesTable)
            at = next(one for one, difference in app.places.items() if difference and difference.topic == "config")
            await pilot.press("home")
            while (app.number_a, app.number_b) != at:
                await pilot.press("n")
                await pilot.pause()
            assert "Configuration · hidden_dropout_prob: A 0.1, B 0.25" in title(app)
            assert str(table.get_row_at(table.cursor_row)[1]) == "hidden_dropout_prob"

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


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_the_differences_show_both_values_without_scrolling(both: tuple[Trace, Trace], size: tuple[int, int]) -> None:
    app = SideBySide(*both, "en")

    async def work(pilot: Pilot[None]) -> None:
        table = app.query_one(DifferencesTable)
        assert table.virtual_size.width <= table.scrollable_content_region.width
        await pilot.resize_terminal(size[0] - 10, size[1])
        await pilot.pause()
        assert table.virtual_size.width <= table.scrollable_content_region.width

    play(app, work, size)


def test_another_language_leaves_the_chosen_difference(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(*both, "en")

    async def work(pilot: Pilot[None]) -> None:
        table = app.query_one(DifferencesTable)
        table.move_cursor(row=2)
        await pilot.press("L")
        await pilot.pause()
        assert table.cursor_row == 2
        assert [str(column.label) for column in table.ordered_columns][2:] == ["A", "B"]
        assert str(table.ordered_columns[0].label) == tr("zh", "topic")

    play(app, work)


def test_loads_that_cannot_be_aligned(both: tuple[Trace, Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    damage = DanglingNumber("{path} has no {table} {number}.", path="t", table="frame", number=7)

    def damaged(*_: Trace) -> Comparison:
        raise damage

    monkeypatch.setattr(side_by_side, "compare", damaged)
    app = SideBySide(*both, "en")

    async def run() -> None:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            await app.workers.wait_for_complete()
            languages: tuple[Lang, ...] = ("en", "zh")
            for lang in languages:
                assert tr(lang, "The two loads could not be aligned.") in title(app)
                [column] = app.query_one(DifferencesTable).ordered_columns
                assert str(column.label) == damage.localized(lang)
                await pilot.press("L")
                await pilot.pause()
            await pilot.press("n", "right")
            assert [one.message for one in app._notifications] == ["The two loads could not be aligned."]
            assert app.number_a == app.states["a"].number

    asyncio.run(run())


def test_what_is_still_computed_is_told_in_the_new_language(
    both: tuple[Trace, Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waits(_: SideBySide) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(SideBySide, "_align", waits)
    app = SideBySide(*both, "en")

    async def run() -> None:
        async with app.run_test(size=WIDE) as pilot:
            await pilot.press("L")
            await pilot.pause()
            [column] = app.query_one(DifferencesTable).ordered_columns
            assert str(column.label) == tr("zh", "Computing …")

    asyncio.run(run())


def test_a_damaged_step_is_no_bug_of_ours(both: tuple[Trace, Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    damage = DanglingNumber("{path} has no {table} {number}.", path="t", table="step", number=7)
    app = SideBySide(*both, "en")

    def damaged(*_: object) -> str:
        raise damage

    async def work(pilot: Pilot[None]) -> None:
        monkeypatch.setattr(side_by_side, "stage_name", damaged)
        app.simulate_key("right")
        for _ in range(100):
            await asyncio.sleep(0.02)
            if app.failure is not None:
                break
        assert app.failure is damage
        assert app.return_code == damage.exit_code

    play(app, work)


def test_control_c_says_how_to_quit(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(*both, "zh")

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+c")
        assert [one.message for one in app._notifications] == [tr("zh", "To quit, press {keys}.", keys="q")]

    play(app, work)


def test_a_trace_without_steps_is_beside_no_step(both: tuple[Trace, Trace], tmp_path: Path) -> None:
    records = [made.meta_record(releases={}), made.end_record(status="killed")]
    with open_trace(made.sealed(tmp_path, records)) as empty:
        app = SideBySide(empty, both[1], "en")

        async def work(pilot: Pilot[None]) -> None:
            assert title(app).splitlines()[2].strip() == ""
            assert "None" not in title(app)
            await pilot.press("n", "right", "tab", "tab", "right", "N")
            assert app.failure is None

        play(app, work)


def test_the_steps_of_a_difference_are_not_called_those_of_one_side(both: tuple[Trace, Trace]) -> None:
    app = SideBySide(*both, "en")

    async def work(pilot: Pilot[None]) -> None:
        app.places = []  # no step is one where they part
        last = len(both[0]) - 1
        app.on_differences_table_chosen(DifferencesTable.Chosen((0, last)))
        assert "the two steps of this difference" in title(app)
        app._source("a").focus()
        await pilot.press("right")
        assert "the two steps of this difference" not in title(app)

    play(app, work)
