"""All text can be read, in a dark theme and in a light one: its contrast is at least 4.5, as WCAG 2.1 asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from textual.app import App
from textual.pilot import Pilot

from tests.tui.conftest import SMALL, WIDE, play, settled
from tests.tui.course import reading
from tests.tui.test_side_by_side import both  # noqa: F401 - a fixture
from tracer.trace.reading import Trace
from tracer.tui.contrast import readable_colour
from tracer.tui.player import Player
from tracer.tui.side_by_side import DifferencesTable, SideBySide

THEMES = ("textual-dark", "textual-light")
AT = 1_189  # in cached_file, below the dynamic class
VISITS = ("0", "1", "2", "a", "3", "4", "5", "6", "7", "escape", "tab", "tab", "tab", "d", "right")
OVER = (["slash", *"rope"], ["question_mark"], ["v"], ["g", *"99999999", "enter"], ["ctrl+p"])


def luminance(colour: ColorTriplet) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    first, second = luminance(one) + 0.05, luminance(other) + 0.05
    return max(first / second, second / first)


def is_text(character: str) -> bool:
    return not character.isspace() and not "\u2500" <= character <= "\u259f"  # lines and blocks


def drawn_colour(colour: Color | None) -> ColorTriplet:
    assert colour is not None
    assert colour.triplet is not None, "a colour that the terminal chooses"
    return colour.triplet


def weak(app: App[Any]) -> Iterator[str]:
    """Yield each piece of text on the screen, and on no screen under it, that has too little contrast."""
    screen = app.screen
    for y, strip in enumerate(screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            begin, x = x, x + segment.cell_length
            if not any(map(is_text, segment.text)) or screen.get_widget_at(begin, y)[0] is screen:
                continue
            style = segment.style
            assert style is not None
            ink, paper = drawn_colour(style.color), drawn_colour(style.bgcolor)
            if style.dim:
                ink = blend_rgb(paper, ink, 0.5)
            if (found := contrast(ink, paper)) < 4.5:
                yield f"{found:.1f} {segment.text!r} {ink.hex} on {paper.hex}"


async def visit(pilot: Pilot[None], keys: tuple[str, ...] = VISITS) -> list[str]:
    """Return what is weak anywhere in the player."""
    found: list[str] = []

    def look(where: object) -> None:
        found.extend(f"{where}: {one}" for one in weak(pilot.app))

    await settled(pilot)
    look("first")
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
        look(key)
    for over in OVER:
        for key in over:
            await pilot.press(key)
        await pilot.pause(0.2)
        look(over)
        await pilot.press("escape")
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [SMALL, pytest.param(WIDE, marks=pytest.mark.slow)], ids=["small", "wide"])
def test_the_player(player: Callable[..., Player], theme: str, size: tuple[int, int]) -> None:
    async def work(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        assert await visit(pilot) == []

    play(player("en", AT), work, size)


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_a_note_with_its_question(demo: Trace, theme: str) -> None:
    async def work(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        assert await visit(pilot, ("w", "w", "x", "down", "enter", "w")) == []

    play(reading(demo, "en"), work)


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_a_pass(passing: Player, theme: str) -> None:
    async def work(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        assert await visit(pilot, ("5", "o", "f", "6", "down", "escape")) == []

    play(passing, work)


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_side_by_side(both: tuple[Trace, Trace], theme: str) -> None:  # noqa: F811
    app = SideBySide(*both, "en")

    async def run() -> list[str]:
        found: list[str] = []
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            app.theme = theme
            for _ in range(600):
                await pilot.pause(0.02)
                if app.aligned is not None and app.query_one(DifferencesTable).row_count:
                    break
            for key in ("right", "n", "n", "tab", "tab", "tab", "down"):
                await pilot.press(key)
                await pilot.pause(0.1)
                found.extend(f"{key}: {one}" for one in weak(app))
        return found

    assert asyncio.run(run()) == []


def test_a_colour_changes_no_more_than_needed() -> None:
    navy, white, grey = ColorTriplet(0, 30, 70), ColorTriplet(255, 255, 255), ColorTriplet(120, 120, 120)
    assert readable_colour(white, navy) == white
    lighter = readable_colour(grey, navy)
    assert 4.5 <= contrast(lighter, navy) < 5.5
    darker = readable_colour(grey, white)
    assert 4.5 <= contrast(darker, white) < 5.5
    middle = ColorTriplet(118, 118, 118)
    assert contrast(readable_colour(middle, middle), middle) >= 4.5
