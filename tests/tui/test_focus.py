"""Which pane has the keys: how it gets and leaves them, what the foot then says, and how the mouse takes part."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.data.demo.store import unpack
from tests.tui.conftest import SMALL, START, play, settled
from tests.tui.course import reading
from tracer.i18n import Lang
from tracer.trace.reading import Trace, open_trace
from tracer.tui.bindings import BINDINGS, HINT_LABELS, HINTS, Keymap, PaneKey
from tracer.tui.calls_view import CallsView
from tracer.tui.hint_bar import HintBar
from tracer.tui.player import Player
from tracer.tui.screens import keys_text
from tracer.tui.source_view import SourceView
from tracer.tui.tabs.notes import Contents, NotePage
from tracer.tui.tabs.table_tab import TableTab
from tracer.tui.variables_view import VariablesView


def column(table: TableTab, number: int) -> list[str]:
    return [str(table.get_row_at(row)[number]).strip() for row in range(table.row_count)]


def foot(app: Player) -> str:
    return " ".join(str(app.query_one(HintBar).render()).split())


def test_a_number_focuses_its_table_and_the_same_again_or_escape_the_source(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        for leave in ("4", "escape"):
            await pilot.press("4")
            await settled(pilot)
            table = app.tabs.tab_shown()
            assert app.focused is table
            at = table.cursor_row
            await pilot.press("down", "down", "up")
            assert (table.cursor_row, app.state.number) == (at + 1, START)
            await pilot.press(leave)
            assert app.focused is source
            assert app.tabs.active == "tab-weights"
        await pilot.press("4", "5")  # another number goes from table to table
        await settled(pilot)
        assert app.tabs.active == "tab-forward"
        assert app.focused is app.tabs.tab_shown().table

    play(app, work)


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, (140, 42)])
def test_escape_returns_to_the_source_from_everywhere(demo: Trace, size: tuple[int, int]) -> None:
    app = reading(demo, start=START)

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        await pilot.press("w")
        await settled(pilot)
        assert app.focused is app.query_one(NotePage)
        await pilot.press("escape")
        assert app.focused is source
        for pane in (VariablesView, CallsView, Contents, NotePage):
            if not app.query_one(pane).focusable:  # a small terminal has no room for it
                continue
            app.query_one(pane).focus()
            await pilot.pause()
            await pilot.press("escape")
            assert app.focused is source, pane
        await pilot.press("2", "z", "escape")  # the source is hidden while a table fills the screen
        await settled(pilot)
        assert app.focused is source
        assert source.size.height > 0

    play(app, work, size)


def test_the_foot_tells_the_keys_of_the_focused_pane(demo: Trace) -> None:
    app = reading(demo, start=START)

    async def work(pilot: Pilot[None]) -> None:
        assert "→ next ← back" in foot(app)
        await pilot.press("4")
        await settled(pilot)
        assert "↑ ↓ row Enter go Esc source s sort" in foot(app)
        assert "fold" not in foot(app)
        assert "play" not in foot(app)
        await pilot.press("3")
        await settled(pilot)
        assert "Enter go ␣ fold Esc source" in foot(app)
        app.query_one(VariablesView).focus()
        await pilot.pause()
        assert "Enter open c next change v value Esc source" in foot(app)
        await pilot.press("w")
        await settled(pilot)
        assert "w next note PgDn scroll Esc source x answer" in foot(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "→ next ← back" in foot(app)

    play(app, work)


def test_a_hint_is_a_button_for_its_key(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        bar = app.query_one(HintBar)
        await pilot.press("4")
        await settled(pilot)
        table = app.tabs.tab_shown()
        at = table.cursor_row
        await pilot.click(bar, offset=(str(bar.render()).index("row") + 1, 0))
        await pilot.pause()
        assert table.cursor_row == at + 1
        await pilot.click(bar, offset=(str(bar.render()).index("source") + 1, 0))
        await pilot.pause()
        assert app.focused is app.query_one(SourceView)

    play(app, work)


def test_every_hint_is_of_a_key_and_help_and_quit_are_always_there() -> None:
    known = {binding.id for binding in BINDINGS}
    for hints in HINTS.values():
        assert {one for one in hints if not isinstance(one, PaneKey)} <= known
        assert hints[-2:] == ("help", "quit")
        assert hints[:1] == ("next",) or "source" in hints
    assert set(HINT_LABELS) <= known


@pytest.mark.parametrize(("lang", "keys"), [("en", "Tab Enter Esc mouse ^P"), ("zh", "Tab Enter Esc 鼠标 ^P")])
def test_help_begins_with_the_panes(lang: Lang, keys: str) -> None:
    lines = keys_text(lang, Keymap(), 72).plain.split("\n")
    assert " ".join(line.split()[0] for line in lines[1:6]) == keys


def test_one_click_goes_to_the_step_of_a_row(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settled(pilot)
        table = app.tabs.tab_shown()
        await pilot.click(table, offset=(12, 4))
        await settled(pilot)
        assert app.state.number == int(column(table, 0)[3])
        assert table.cursor_row == 3

    play(app, work)


def test_a_click_on_the_sign_only_folds(passing: Player) -> None:
    async def work(pilot: Pilot[None]) -> None:
        before = passing.state.number
        await pilot.press("5")
        await settled(pilot)
        table = passing.tabs.tab_shown().table
        names = column(table, 1)
        at = next(row for row, name in enumerate(names) if name.startswith("▾") and row)
        number = len(str(table.get_row_at(at)[1])) - len(str(table.get_row_at(at)[1]).lstrip())  # cells before it
        sign = table.ordered_columns[0].get_render_width(table) + table.cell_padding + number
        top = int(table.scroll_y)
        await pilot.click(table, offset=(sign, at + 1 - top))
        await settled(pilot)
        assert column(table, 1)[at] == names[at].replace("▾", "▸")
        assert table.row_count < len(names)
        await pilot.click(table, offset=(sign, at + 1 - top))
        await settled(pilot)
        assert column(table, 1) == names
        assert passing.state.number == before
        await pilot.click(table, offset=(sign + 4, at + 1 - top))
        await settled(pilot)
        assert column(table, 1) == names
        assert passing.state.number == int(column(table, 0)[at])

    play(passing, work)


def test_rows_fold_by_keys_as_in_a_tree(passing: Player) -> None:
    async def work(pilot: Pilot[None]) -> None:
        before = passing.state.number
        await pilot.press("5")
        await settled(pilot)
        table = passing.tabs.tab_shown().table
        names = column(table, 1)
        inner = next(row for row, name in enumerate(names) if row > 1 and not name.startswith(("▾", "▸")))
        table.move_cursor(row=inner)
        await pilot.press("left")  # to the parent
        parent = table.cursor_row
        assert names[parent].startswith("▾")
        assert parent < inner
        await pilot.press("left")
        assert column(table, 1)[parent].startswith("▸")
        await pilot.press("right")
        assert column(table, 1) == names
        await pilot.press("space")
        assert column(table, 1)[parent].startswith("▸")
        await pilot.press("space")
        assert column(table, 1) == names
        assert passing.state.number == before
        await pilot.press("enter")
        await settled(pilot)
        assert passing.state.number == int(column(table, 0)[parent])
        assert column(table, 1) == names

    play(passing, work)


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Trace]:
    """The stored recording, as if its load had failed at a step that is not the last."""
    path = unpack("5.23.0", tmp_path)
    outcome = {"status": "failed", "step": FAILED_AT, "exception": {"type": "builtins.KeyError", "message": "x"}}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'outcome'", (json.dumps(outcome),))
        connection.execute("UPDATE meta SET value = ? WHERE key = 'command'", ('["glm-trace", "demo"]',))
    with open_trace(path) as trace:
        yield trace


FAILED_AT = 2_100


def test_a_failed_load_opens_with_the_reason_and_nothing_moves_it_unasked(failing: Trace) -> None:
    app = reading(failing)

    async def work(pilot: Pilot[None]) -> None:
        assert (app.state.number, app.tabs.active) == (FAILED_AT, "tab-why")
        assert app.focused is app.query_one(SourceView)
        for tab in "1234567":  # opening a tab works things out, and shows what belongs to this step
            await pilot.press(tab)
            await settled(pilot)
            await pilot.pause(0.1)
            assert app.state.number == FAILED_AT, tab
        assert app.reading is not None
        await pilot.press("escape", "backspace")  # no jump was made
        assert app.state.number == FAILED_AT

    play(app, work)


def test_all_decisions_keep_the_focus_in_the_tabs(player: Any) -> None:
    app = player()

    async def work(pilot: Pilot[None]) -> None:
        assert app.tabs.active == "tab-overview"
        assert "row Enter go Esc source" in foot(app)
        await pilot.press("a")
        await settled(pilot)
        assert app.tabs.active == "tab-decisions"
        assert app.focused is app.tabs.tab_shown()
        await pilot.press("escape", "a")
        await settled(pilot)
        assert app.focused is app.query_one(SourceView)

    play(app, work)


def test_space_plays_where_nothing_folds(player: Any) -> None:
    app = player(start=START)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("space")
        await pilot.pause(1)
        app.stop()
        assert app.state.number > START

    play(app, work)
