"""The rows of the source pane: lines of the source, and annotations under them."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import SMALL, WIDE, play, settled
from tracer.trace.reading import Trace
from tracer.tui.source_view import SourceView

GUTTER = 9
SIZES = pytest.mark.parametrize("size", [SMALL, pytest.param(WIDE, marks=pytest.mark.slow)])


def rows_of(source: SourceView) -> list[str]:
    return [source.render_line(y).text.rstrip() for y in range(source.size.height)]


@SIZES
def test_a_statement_is_never_cut_for_its_annotation(size: tuple[int, int], player: Any, demo: Trace) -> None:
    app = player(start=0)
    behind = below = 0

    async def work(pilot: Pilot[None]) -> None:
        nonlocal behind, below
        source = app.query_one(SourceView)
        room = source.size.width - GUTTER
        for step in [step.number for step in demo.steps()][::37]:
            app.go(step)
            await settled(pilot)
            await pilot.pause()  # until the pane has scrolled
            lines = app.state.source_lines(app.state.step.source)
            for y in range(source.size.height):
                at = source._line_at(y + source.scroll_offset.y)
                if at is None or at[1]:
                    continue
                shown, whole = source.render_line(y).text[GUTTER:].rstrip(), lines[at[0] - 1].rstrip()
                assert shown.startswith(whole[source._moved if at[0] in source._statement else 0 :][:room].rstrip())
            for number, note in source._annotations.items():
                if number in source._behind:
                    behind += 1
                    assert source._line(number - 1).cell_len + 2 + note.cell_len <= room + source._moved
                elif number == source._current:
                    below += 1
                    first = source._row_of(number) - source.scroll_offset.y + 1
                    rows = rows_of(source)[first : first + len(source._below[number])]
                    told = "".join("".join(rows).split())
                    assert 1 <= len(rows) <= 3
                    assert "".join(note.plain.split()).startswith(told.removesuffix("…"))

    play(app, work, size)
    assert behind > 3
    assert below > 3


@SIZES
def test_rows_and_lines_are_translated_into_each_other(size: tuple[int, int], player: Any, demo: Trace) -> None:
    app = player(start=next(step.number for step in demo.steps(350) if step.changes))

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        for step in range(350, 380, 4):
            app.go(step)
            await settled(pilot)
            await pilot.pause()  # until the pane has scrolled
            at = [source._line_at(row) for row in range(source.virtual_size.height)]
            assert None not in at
            assert [line for line, under in at if not under] == [*range(1, len(source._lines) + 1)]
            assert [line for line, under in at if under] == [line for line, rows in source._below.items() for _ in rows]
            assert all(at[source._row_of(line) + under] == (line, under) for line, under in at)
            assert source._line_at(len(at)) is None

    play(app, work, size)


@pytest.mark.parametrize("size", [SMALL, WIDE])
def test_a_click_into_the_gutter_finds_its_line_below_an_annotation(size: tuple[int, int], player: Any) -> None:
    app = player(start=365)

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        assert source._below
        [above] = list(source._below)
        border = source.content_region.offset - source.region.offset

        async def click(row: int) -> None:
            await pilot.click(SourceView, offset=(border.x + 2, border.y + row - source.scroll_offset.y))

        for line in (above - 1, above, above + 1, above + 3):
            y = source._row_of(line) - source.scroll_offset.y
            assert f"{line:>4}" in source.render_line(y).text
            await click(source._row_of(line))
            assert app.state.breakpoints == {(app.state.step.source, line)}
            assert "●" in source.render_line(y).text or "◆" in source.render_line(y).text
            await click(source._row_of(line))
            assert app.state.breakpoints == set()
        await click(source._row_of(above) + 1)  # an annotation belongs to the line above it
        assert app.state.breakpoints == {(app.state.step.source, above)}

    play(app, work, size)


@SIZES
def test_the_current_line_and_what_is_under_it_are_in_the_pane(size: tuple[int, int], player: Any) -> None:
    app = player(start=1340)

    async def work(pilot: Pilot[None]) -> None:
        source = app.query_one(SourceView)
        for _ in range(40):
            await pilot.press("right")
            await settled(pilot)
            await pilot.pause()  # until the pane has scrolled
            if source._current is None:
                continue
            first = source._row_of(source._current) - source.scroll_offset.y
            assert first >= 0
            assert first + len(source._below.get(source._current, ())) < source.size.height
            assert "▶" in source.render_line(first).text

    play(app, work, size)
