"""The turns of a loop in the player: which one this is, the next one, and one that is chosen from a list."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import SMALL, WIDE, notifications, play, settled
from tracer.trace.errors import DanglingNumber
from tracer.tui import player_state
from tracer.tui.loop_turns import TurnList
from tracer.tui.search_screen import SearchScreen
from tracer.tui.source_view import SourceView

FIFTH = 365  # of 34 turns of ``for parameter_name in …``, two steps each


def words(source: SourceView) -> str:
    return f"{source.border_title} {source.border_subtitle}"


@pytest.mark.parametrize("size", [SMALL, WIDE])
@pytest.mark.parametrize("short", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_source_tells_the_turn(
    size: tuple[int, int], short: bool, player: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not short:
        monkeypatch.setattr(player_state, "_SHORT", 0)  # every loop's turns are found in the background
    app = player(start=FIFTH)

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        assert "turn 5 of 34" in words(source)
        await pilot.press("right", "right")
        await settled(pilot)
        assert "turn 6 of 34" in words(source)
        await pilot.press("L")
        await settled(pilot)
        assert "第 6 轮，共 34 轮" in words(source)
        app.go(0)
        await settled(pilot)
        assert "轮" not in words(source)

    play(app, work, size)


def test_keys_go_from_turn_to_turn(player: Any) -> None:
    app = player(start=FIFTH)

    async def work(pilot: Pilot[None]) -> None:
        at = []
        for key in ("greater_than_sign", "greater_than_sign", "less_than_sign", "right", "less_than_sign"):
            await pilot.press(key)
            await settled(pilot)
            at.append(app.state.number)
        # From the head, after turn 6, the key leads back to the beginning of that turn.
        assert at == [FIFTH + 2, FIFTH + 4, FIFTH + 2, FIFTH + 3, FIFTH + 2]
        for _ in range(40):
            await pilot.press("greater_than_sign")
        assert "turn 34 of 34" in words(app.query_one(SourceView))
        await pilot.press("backspace")
        await settled(pilot)
        assert "turn 33 of 34" in words(app.query_one(SourceView))
        app.go(0)
        app.clear_notifications()
        await pilot.press("greater_than_sign", "asterisk")
        assert await notifications(pilot) == ["This line is in no loop."] * 2
        assert len(app.screen_stack) == 1

    play(app, work)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_a_turn_is_chosen_from_the_list(size: tuple[int, int], player: Any) -> None:
    app = player(start=FIFTH)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("asterisk")
        await settled(pilot)
        turns = app.screen.query_one(TurnList)
        await app.workers.wait_for_complete()
        rows = [turns.render_line(y).text.split() for y in range(turns.size.height)]
        assert rows[0] == ["1", "357", "parameter_name", "=", "'max_length'"]
        assert rows[4] == ["▶", "5", "365", "parameter_name", "=", "'early_stopping'"]
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        assert (app.state.number, len(app.screen_stack)) == (FIFTH + 4, 1)
        await pilot.press("asterisk", "end", "up", "enter")
        assert "turn 33 of 34" in words(app.query_one(SourceView))
        await pilot.press("asterisk")
        await settled(pilot)
        turns = app.screen.query_one(TurnList)
        assert turns.scroll_offset.y == 34 - turns.size.height or size == WIDE
        inside = turns.content_region.offset - turns.region.offset
        await pilot.click(TurnList, offset=(inside.x + 3, inside.y))
        await settled(pilot)
        assert app.state.number == turns._began[turns.scroll_offset.y]
        await pilot.press("asterisk", "asterisk")
        assert len(app.screen_stack) == 1

    play(app, work, size)


def test_values_are_read_for_the_turns_that_are_looked_at(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracer.tui.loop_turns._PAGE", 10)
    app = player(start=FIFTH)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("asterisk")
        await settled(pilot)
        turns = app.screen.query_one(TurnList)
        await app.workers.wait_for_complete()
        assert sorted(turns._pages) == [0, 1]
        await pilot.press("end")
        await settled(pilot)
        await app.workers.wait_for_complete()
        assert sorted(turns._pages) == [0, 1, 2, 3]
        assert "'diversity_penalty'" in turns.render_line(turns.size.height - 1).text

    play(app, work, SMALL)


def test_the_list_does_not_come_over_another_screen(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_state, "_SHORT", 0)  # every loop's turns are found in the background
    app = player(start=FIFTH)

    async def work(pilot: Pilot[None]) -> None:
        monkeypatch.setattr(app.state, "turns", lambda loop: None)
        app.action_turns()
        app.action_search()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(app.screen, SearchScreen)

    play(app, work)


def test_damage_in_the_values_is_told_in_the_users_language(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: Any) -> Any:
        raise DanglingNumber("{path} has no {table} {number}.", path="t", table="value", number=7)

    monkeypatch.setattr("tracer.tui.loop_turns.values_in_turns", damaged)
    app = player("zh", start=FIFTH)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("asterisk")
        await app.workers.wait_for_complete()
        said = await notifications(pilot)
        assert (
            DanglingNumber("{path} has no {table} {number}.", path="t", table="value", number=7).localized("zh") in said
        )

    play(app, work)
