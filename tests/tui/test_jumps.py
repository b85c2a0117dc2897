"""Going back to where a jump began, and forth again."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.conftest import START, notifications, play, settled
from tests.tui.course import reading
from tracer.analysis.cursor import Cursor
from tracer.trace.reading import Trace
from tracer.tui.player_state import JumpList
from tracer.tui.stage_bar import StageBar

NO_WAY_BACK = "There is no earlier place to go back to."
NO_WAY_FORTH = "There is no later place to go forward to."


def test_back_and_forth_as_a_browser_does() -> None:
    jumps = JumpList()
    assert jumps.back(0) is None
    for left in (0, 10, 20):
        jumps.leave(left)
    assert [jumps.back(30), jumps.back(20), jumps.forth(10)] == [20, 10, 20]
    jumps.leave(20)  # another jump: 30 is no longer ahead
    assert jumps.forth(25) is None
    assert [jumps.back(25), jumps.back(20), jumps.back(10), jumps.back(0)] == [20, 10, 0, None]


def test_a_place_that_the_reader_is_at_is_passed_over() -> None:
    jumps = JumpList()
    jumps.leave(5)
    jumps.leave(9)
    assert jumps.back(9) == 5  # the reader had stepped back to 9


def test_the_list_is_bounded() -> None:
    jumps = JumpList(limit=3)
    for left in range(10):
        jumps.leave(left)
    here, seen = 10, []
    while (number := jumps.back(here)) is not None:
        seen.append(number)
        here = number
    assert seen == [9, 8, 7]


def test_every_jump_is_remembered_and_no_step(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("backspace")
        assert await notifications(pilot) == [NO_WAY_BACK]
        await pilot.press("right", "down", "left", "o", "u")  # steps
        here = app.state.number
        app.clear_notifications()
        await pilot.press("ctrl+o")
        assert await notifications(pilot) == [NO_WAY_BACK]
        for key in ("G", "g", "right_square_bracket", "d", "end", "left_square_bracket"):
            before = app.state.number
            await pilot.press(key)
            there = app.state.number
            assert there != before, key
            await pilot.press("backspace")
            assert app.state.number == before, key
            await pilot.press("full_stop")
            assert app.state.number == there, key
            app.clear_notifications()
            await pilot.press("full_stop")
            assert await notifications(pilot) == [NO_WAY_FORTH]
            app.clear_notifications()
            await pilot.press("comma")
            assert app.state.number == before, key
            await pilot.press("full_stop")
        for _ in range(6):
            await pilot.press("backspace")
        assert app.state.number == here

    play(app, work)


@pytest.mark.slow
def test_jumps_by_mouse_search_number_row_and_note_are_remembered(demo: Trace) -> None:
    app = reading(demo, start=START)

    async def row() -> None:
        await pilot_.press("4")
        await settled(pilot_)
        await pilot_.click(app.tabs.tab_shown(), offset=(12, 5))

    async def bar() -> None:
        await pilot_.click(StageBar, offset=(100, app.query_one(StageBar).size.height - 1))

    async def search() -> None:
        await pilot_.press("slash", *"query_key_value")
        await pilot_.pause(0.3)
        await pilot_.press("enter")

    async def goto() -> None:
        await pilot_.press("colon")
        app.screen.query_one(Input).value = "77"
        await pilot_.press("enter")

    async def note() -> None:
        await pilot_.press("w")

    async def hit() -> None:
        app.state.hits = [3, 2000]
        await pilot_.press("n")

    async def bookmark() -> None:
        app.state.bookmarks = {1500}
        await pilot_.press("apostrophe")

    async def breakpoint_reached() -> None:
        place = demo.step(1300)
        app.state.breakpoints = {(place.source or 0, place.line or 0)}
        await pilot_.press("r")

    async def change() -> None:
        app.state.selected_variable = "kwargs"
        await pilot_.press("C")

    async def line() -> None:
        again = next(
            step.number
            for step in demo.steps(START)
            if step.source is not None
            and step.line is not None
            and Cursor(demo, step.number).next_line(step.source, step.line) is not None
        )
        app.go(again, jumped=False)
        await pilot_.press("e")
        await pilot_.press("backspace")
        assert app.state.number == again
        await pilot_.press("full_stop")
        app.state.jumps.leave(START)

    async def work(pilot: Pilot[None]) -> None:
        nonlocal pilot_
        pilot_ = pilot
        for jump in (row, bar, search, goto, note, hit, bookmark, breakpoint_reached, change, line):
            app.go(START, jumped=False)
            await pilot.press("escape")
            await jump()
            await settled(pilot)
            there = app.state.number
            assert there != START, jump.__name__
            await pilot.press("backspace")
            await settled(pilot)
            assert app.state.number == START, jump.__name__
            await pilot.press("full_stop")
            await settled(pilot)
            assert app.state.number == there, jump.__name__

    pilot_: Pilot[None]
    play(app, work)
