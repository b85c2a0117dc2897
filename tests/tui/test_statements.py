"""How many SQL statements a key costs: the panes share what is read."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import START, play, settled

MOST: Final = 12
MOVES: Final = (
    *("right", "left", "down", "up", "i", "I", "o", "u", "end", "home", "right", "d", "D", "e", "G"),
    *("left_square_bracket", "left_square_bracket", "right_square_bracket", "right_square_bracket", "L", "g"),
)


@pytest.mark.slow
def test_a_key_reads_nothing_twice(player: Any, demo: Any) -> None:
    app = player(start=START)
    steps = []

    async def work(pilot: Pilot[None]) -> None:
        for key in MOVES:
            read: list[str] = []
            demo._db.set_trace_callback(read.append)
            await pilot.press(key)
            await settled(pilot)
            demo._db.set_trace_callback(None)
            steps.append(app.state.number)
            assert [statement for statement, times in Counter(read).items() if times > 1] == [], key
            assert len(read) <= MOST, (key, read)
        assert len(set(steps)) > 8

    play(app, work)
