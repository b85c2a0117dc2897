"""The tables: what they begin with, how they open, fold, sort, and lead to their steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.trace import made
from tests.tui.conftest import START, notifications, play, settled
from tracer.trace.reading import open_trace
from tracer.tui.player import Player
from tracer.tui.player_state import PlayerState
from tracer.tui.screens import TextScreen
from tracer.tui.source_view import SourceView, keep_end
from tracer.tui.stage_bar import names_that_fit
from tracer.tui.tabs.forward import ForwardTable
from tracer.tui.tabs.table_tab import Row, TableTab, sorted_rows, unfolded_rows


def column(table: TableTab, number: int) -> list[str]:
    return [str(table.get_row_at(row)[number]).strip() for row in range(table.row_count)]


def head(table: TableTab, number: int) -> str:
    return str(table.ordered_columns[number].label).strip()


def test_decisions_begin_with_what_they_mean(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        table = app.tabs.tab_shown()
        assert "the directory's code is needed, and you allowed it" in column(table, 1)
        assert head(table, 1) == f"{table.row_count} decisions that explain the load · a: all of this function"

    play(app, work)


@pytest.mark.slow
def test_all_decisions_of_the_function(player: Any, demo: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        explaining = column(app.tabs.tab_shown(), 0)
        await pilot.press("a")
        await settled(pilot)
        assert head(app.tabs.tab_shown(), 1).startswith("all ")
        assert head(app.tabs.tab_shown(), 1).endswith("decisions of this function · a: those of the load")
        steps = [int(step) for step in column(app.tabs.tab_shown(), 0)]
        assert steps == [one.step for one in app.state.decisions_of(demo.step(START).frame)]
        await pilot.press("a")
        await settled(pilot)
        assert column(app.tabs.tab_shown(), 0) == explaining

    play(app, work)


@pytest.mark.slow
def test_an_argument_opens_and_leads_to_its_stops(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await settled(pilot)
        table = app.tabs.tab_shown()
        assert column(table, 1)[0] == "▸ trust_remote_code"
        folded = table.row_count
        await pilot.press("home", "space")
        await pilot.pause()
        assert column(table, 1)[0] == "▾ trust_remote_code"
        assert app.state.number == START
        assert table.row_count > folded
        await pilot.press("home", "down", "down", "enter")
        await pilot.pause()
        assert app.state.number == int(column(table, 0)[2])
        await pilot.press("home", "space")
        await pilot.pause()
        assert table.row_count == folded

    play(app, work)


@pytest.mark.parametrize("start", [0, START, 2_100])
def test_the_users_arguments_come_first_and_are_in_view_and_the_librarys_folded(player: Any, start: int) -> None:
    app = player(start=start)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await settled(pilot)
        table = app.tabs.tab_shown()
        assert column(table, 1) == ["▸ trust_remote_code", "▸ 10 added by the library"]
        assert (table.scroll_y, column(table, 0)[1]) == (0, "")
        await pilot.press("down", "enter")  # there is no step to go to
        await pilot.pause()
        assert app.state.number == start
        assert column(table, 1)[1:3] == ["▾ 10 added by the library", "▸ _from_auto"]
        assert table.row_count == 12
        await pilot.press("s")  # its arguments are sorted, and stay below it
        names = column(table, 1)
        assert names[:2] == ["▸ trust_remote_code", "▾ 10 added by the library"]
        assert names[2:] == sorted(names[2:])

    play(app, work, (80, 24))


@pytest.mark.slow
def test_weights_sorted_by_key_and_back(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settled(pilot)
        table = app.tabs.tab_shown()
        recorded = column(table, 0)
        await pilot.press("s")
        assert column(table, 1) == sorted(column(table, 1))
        assert "▲" in str(table.ordered_columns[1].label)
        await pilot.press(*"ssss")
        sizes = [int(size.replace(",", "")) for size in column(table, 5)]
        assert sizes == sorted(sizes)
        await pilot.press(*"ss")
        assert column(table, 0) == recorded

    play(app, work)


@pytest.mark.slow
def test_zoom(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        small = app.tabs.tab_shown().size.height
        await pilot.press("z")
        await pilot.pause()
        assert app.tabs.tab_shown().size.height > small + 8
        assert app.tabs.tab_shown().has_focus
        await pilot.press("z")
        await pilot.pause()
        assert app.tabs.tab_shown().size.height == small
        assert app.query_one(SourceView).has_focus

    play(app, work, (80, 24))


@pytest.mark.slow
def test_the_evidence_of_a_diagnosis_leads_to_its_steps(loads: Any, fixtures: Path) -> None:
    with loads.trace(fixtures / "broken" / "misspelt-class") as trace:
        app = Player(trace, "en", 0)

        async def work(pilot: Pilot[None]) -> None:
            await pilot.press("7")
            await settled(pilot)
            table = app.query_one("EvidenceTable", TableTab)
            steps = [int(step) for step in column(table, 0)]
            assert trace.outcome.step in steps
            table.focus()
            await pilot.press("end", "enter")
            await pilot.pause()
            assert app.state.number == steps[-1]

        play(app, work)


@pytest.mark.slow
def test_opening_a_value_without_a_variable_says_how_to_choose_one(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("v")
        assert not isinstance(app.screen, TextScreen)
        assert ["Choose a variable" in text for text in await notifications(pilot)] == [True]

    play(app, work)


ROWS = [Row(5, ("b",), opens=True), Row(1, ("in b",), depth=1), Row(3, ("a", "1,000")), Row(9, ("c", "20"))]


def test_rows_below_a_folded_row_are_left_out() -> None:
    assert list(unfolded_rows(ROWS, set())) == [0, 2, 3]
    assert list(unfolded_rows(ROWS, {0})) == [0, 1, 2, 3]


def test_rows_are_sorted_with_those_below_them() -> None:
    assert sorted_rows(ROWS, 0, descending=False) == [2, 0, 1, 3]
    assert sorted_rows(ROWS, 1, descending=True) == [3, 0, 1, 2]
    assert sorted_rows(ROWS[2:], 2, descending=False) == [1, 0]


def test_stages_around_the_cursor_are_named_first() -> None:
    assert names_that_fit([5, 5, 5, 5], 1, 100) == (0, 3)
    assert names_that_fit([5, 5, 5, 5], 2, 11) == (2, 3)
    assert names_that_fit([5, 5, 5, 5], 3, 2) == (3, 3)


def test_the_end_of_a_text_is_kept_by_its_width() -> None:
    assert keep_end("abcdef", 6) == "abcdef"
    assert keep_end("abcdef", 4) == "…def"
    assert keep_end("变量变量", 5) == "…变量"


def test_a_module_on_a_gpu_shows_the_time_and_memory_of_the_device(tmp_path: Path) -> None:
    records = made.ordinary_records(1)
    for record in (
        made.step(1, stage="forward", kind="module-entered", data={"call": 0, "path": "layer", "cuda_before": 1}),
        made.step(
            2, stage="forward", kind="module-left", data={"call": 0, "nanoseconds": 90_000, "cuda_after": 5_300_000}
        ),
        made.step(3, stage="forward", kind="device-times", data={"milliseconds": {"0": 1.25}}),
    ):
        records.insert(-1, made.step_record(record))
    with open_trace(made.sealed(tmp_path, records)) as trace:
        [row] = ForwardTable(PlayerState(trace), "en").table_rows(trace, "en", None)
    assert [str(cell) for cell in row.cells][3:5] == ["1.25", "5.3 MB"]
