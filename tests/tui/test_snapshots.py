"""How the player looks: every tab, and the screens over it, small and wide.

The screens are compared with the pictures in ``__snapshots__``. To renew those, run ``pytest
tests/tui/test_snapshots.py --snapshot-update``, and look at each.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.conftest import ROOT
from tests.data.demo.store import unpack
from tests.tui.conftest import SMALL, WIDE, settled
from tests.tui.course import reading
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player
from tracer.tui.side_by_side import SideBySide

PINNED: str = re.findall(r"^textual==(\S+)", (ROOT / "constraints" / "common.txt").read_text(), re.M)[0]
"""The release of textual that drew the pictures; others draw some borders and scrollbars in another way."""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def drawn_by_the_same_release() -> None:
    """Skip where the pictures cannot be compared; under nox, which installs what the constraints pin, fail."""
    why = None
    if version("textual") != PINNED:
        why = f"the pictures were drawn by textual {PINNED}, and this is {version('textual')}"
    elif importlib.util.find_spec("pytest_textual_snapshot") is None:
        why = "pytest-textual-snapshot is not installed"
    if why is not None:
        (pytest.fail if os.environ.get("GLM_TRACE_COMPARE_PICTURES") else pytest.skip)(why)


AT = 1_189  # in cached_file, below the dynamic class
TABS = {"decisions": "2", "kwargs": "3", "weights": "4", "forward": "5", "why": "7"}
OF_A_PASS = {"forward": ["5"], "boxes": ["5", "F"], "tokens": ["6", "end"]}
TURN = 365  # in a loop
OVER: dict[str, list[str]] = {
    "search": ["slash", *"rope"],
    "help": ["question_mark"],
    "value": ["u", "v"],  # the keyword arguments of the caller
    "palette": ["ctrl+p", *"turn"],
}


_CALM = 10  # screenshots without a change


async def at_rest(pilot: Pilot[None]) -> None:
    """Wait until the screen has not changed for some moments: on a busy machine, postponed work comes late."""
    seen: list[str] = []
    while len(seen) < _CALM or len(set(seen[-_CALM:])) > 1:
        await pilot.pause(0.05)
        await pilot.app.workers.wait_for_complete()
        seen.append(pilot.app.export_screenshot(simplify=True))
        assert len(seen) < 200, "the screen never comes to rest"


@pytest.fixture
def looks(player: Any, snap_compare: Any) -> Callable[..., bool]:
    """A function that says whether the player looks as in the picture after these keys, with nothing left to compute."""

    def compare(
        keys: list[str],
        size: tuple[int, int],
        lang: str = "en",
        theme: str = "textual-dark",
        app: Player | None = None,
    ) -> bool:
        async def play(pilot: Pilot[None]) -> None:
            await pilot.pause()
            pilot.app.theme = theme
            pilot.app.state.selected_variable = "kwargs"  # type: ignore[attr-defined]
            await pilot.pause()
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)  # a key may act on what the one before it computes
            for field in pilot.app.screen.query(Input):
                field.cursor_blink = False
            await settled(pilot)
            await at_rest(pilot)

        run_before: Callable[[Pilot[None]], Awaitable[None]] = play
        return bool(snap_compare(app or player(lang, AT), terminal_size=size, run_before=run_before))

    return compare


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_every_tab(tab: str, size: tuple[int, int], looks: Callable[..., bool]) -> None:
    assert looks([TABS[tab]], size)


@pytest.mark.parametrize("tab", OF_A_PASS)
@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_tabs_of_a_pass(tab: str, size: tuple[int, int], passing: Player, looks: Callable[..., bool]) -> None:
    assert looks(OF_A_PASS[tab], size, app=passing)


@pytest.mark.parametrize(
    ("size", "lang", "theme"),
    [(SMALL, "en", "textual-dark"), (WIDE, "en", "textual-dark"), (WIDE, "zh", "textual-light")],
    ids=["small", "wide", "wide-zh-light"],
)
def test_the_overview(size: tuple[int, int], lang: str, theme: str, player: Any, looks: Callable[..., bool]) -> None:
    assert looks([], size, theme=theme, app=player(lang))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_the_turns_of_a_loop(size: tuple[int, int], player: Any, looks: Callable[..., bool]) -> None:
    assert looks(["asterisk"], size, app=player(start=TURN))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_side_by_side(size: tuple[int, int], tmp_path: Path, snap_compare: Any) -> None:
    async def to_where_they_part(pilot: Pilot[None]) -> None:
        await at_rest(pilot)
        await pilot.press("n")
        await at_rest(pilot)

    with open_trace(unpack("4.44.2", tmp_path)) as a, open_trace(unpack("5.23.0", tmp_path)) as b:
        assert snap_compare(SideBySide(a, b, "en"), terminal_size=size, run_before=to_where_they_part)


NOTES: dict[str, tuple[list[str], tuple[int, int], str]] = {
    "small": (["w", "w"], SMALL, "en"),
    "wide": (["w", "w", "x", "enter"], WIDE, "en"),
    "wide-zh": (["w", "w", "x", "down", "enter"], WIDE, "zh"),
    "zoomed": (["w", "w", "z"], SMALL, "zh"),
}


@pytest.mark.parametrize("name", NOTES)
def test_notes(name: str, demo: Trace, looks: Callable[..., bool]) -> None:
    keys, size, lang = NOTES[name]
    assert looks(keys, size, app=reading(demo, lang, start=0))


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_every_screen(over: str, size: tuple[int, int], looks: Callable[..., bool]) -> None:
    assert looks(OVER[over], size)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
def test_the_main_view(size: tuple[int, int], looks: Callable[..., bool]) -> None:
    assert looks(["d"], size)


def test_kwargs_opened_and_zoomed(looks: Callable[..., bool]) -> None:
    assert looks(["3", "z", "home", "enter"], SMALL)


@pytest.mark.parametrize("keys", [["2"], ["3"], ["question_mark"]], ids=["decisions", "kwargs", "help"])
def test_in_chinese(keys: list[str], looks: Callable[..., bool]) -> None:
    assert looks(keys, SMALL, "zh")


def test_light(looks: Callable[..., bool]) -> None:
    assert looks(["d"], WIDE, theme="textual-light")


def test_very_wide(looks: Callable[..., bool]) -> None:
    assert looks(["d"], (220, 60), "zh")
