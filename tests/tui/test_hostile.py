"""A trace is data: its text is shown and never interpreted, and missing or damaged parts don't stop the player."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.trace import made
from tests.tui.conftest import notifications, play, settled
from tracer.analysis.cursor import Cursor
from tracer.trace.errors import TracerError
from tracer.trace.reading import open_trace
from tracer.trace.steps import Bound, Items
from tracer.trace.values import Mapping, Sequence, Text
from tracer.tui.player import Player
from tracer.tui.screens import TextScreen

pytestmark = pytest.mark.slow

EVIL = "[bold]B[/bold] [@click=app.quit]C[/] [/] [red \x1b[31mA\x1b]0;T\x07 \u202eR\u2066 \u200b\x00\x9b31m $HOME ]"
"""Markup of Textual and of Rich, escape sequences, direction marks and invisible characters."""
CONTROLS = ("\x1b", "\x07", "\x00", "\x9b", "\u202e", "\u2066", "\u200b")
SOURCE = f"def load(path):\n    if path == '{EVIL[:30]}':  # [bold]x[/] \x1b[31m\n        path = 1\n    return path\n"
TABS = "1234567"


def hostile_records() -> list[bytes]:
    """Return records with the same text in every field that can have one."""
    return [
        made.meta_record(asked=EVIL, command=[EVIL], releases={"transformers": EVIL}, roots={"model": EVIL}),
        made.source_record(path=f"<library>/{EVIL}.py", text=SOURCE),
        made.frame_record_of(0, function=f"AutoModel.{EVIL}.from_pretrained", module=EVIL),
        made.frame_record_of(1, function=EVIL, module=EVIL, parent=0, depth=1),
        made.value_record(0, Text(value=EVIL)),
        made.value_record(1, Mapping(type=EVIL, length=1, items=[(EVIL, 0)])),
        made.value_record(2, Sequence(type=EVIL, length=2, items=[0, 1])),
        made.step_record(made.step(0, kind="call", event="call", line=1, changes=[Bound(EVIL, 0), Bound("kwargs", 1)])),
        made.step_record(made.step(1, stage=EVIL, frame=1, changes=[Bound(EVIL, 1), Bound("x", 2)])),
        made.step_record(made.step(2, frame=1, line=3, changes=[Items(EVIL, {"[b]new": 0}, {}, [EVIL])])),
        *(
            made.step_record(made.step(3 + n, kind=kind, frame=0, value=1, data=data))
            for n, (kind, data) in enumerate(FACTS.items())
        ),
        made.end_record(status="failed", error=EVIL, message=EVIL, step=1),
    ]


FACTS: dict[str, dict[str, Any]] = {
    "tensor-loaded": {"parameter": EVIL, "dtype": EVIL, "shape": [EVIL], "sources": [{"path": EVIL, "dtype": EVIL}]},
    "module-entered": {"path": EVIL, "class": EVIL, "call": 1},
    "module-left": {"path": EVIL, "class": EVIL, "call": 1, "raised": EVIL},
    "token-generated": {"text": EVIL, "index": EVIL, "id": EVIL, "cache": EVIL},
    "text-prepared": {"prompt": EVIL, "ids": [1], "pieces": [EVIL]},
    "message": {"text": EVIL, "message": EVIL},
    EVIL: {"path": EVIL, "name": EVIL},
}


def text_of(app: Player) -> str:
    """Return the characters that the terminal gets; a screenshot would leave out the control characters among them."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def actions_of(app: Player) -> set[str]:
    """Return the actions of everything on the screen that can be clicked."""
    return {
        str(segment.style.meta.get("@click"))
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None and segment.style.meta and "@click" in segment.style.meta
    }


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_text_of_a_trace_is_never_interpreted(size: tuple[int, int], tmp_path: Path) -> None:
    with open_trace(made.sealed(tmp_path, hostile_records())) as trace:
        app = Player(trace, "en")

        async def look(pilot: Pilot[None]) -> None:
            await settled(pilot)
            seen = text_of(app)
            assert not [line for line in seen.splitlines() for sign in CONTROLS if sign in line]
            assert not [action for action in actions_of(app) if "quit" in action]

        async def work(pilot: Pilot[None]) -> None:
            await look(pilot)
            assert "[bold]B[/bold]" in text_of(app)
            for number in range(len(trace)):
                app.go(number)
                app.say("The screen was saved as {path}", path=EVIL.replace("\x1b", ""))
                for tab in TABS if number == 1 else "":
                    await pilot.press(tab)
                    await look(pilot)
                await look(pilot)
            app.go(1)
            app.state.selected_variable = "x"
            await pilot.press("v")
            assert isinstance(app.screen, TextScreen)
            await look(pilot)
            await pilot.press("escape", "slash", "c", "l", "i", "c", "k")
            await look(pilot)
            assert "[@click=app.quit]C" in text_of(app)

        play(app, work, size)


INCOMPLETE: dict[str, list[bytes]] = {
    "no frames": [made.meta_record(), *(made.step_record(made.step(n)) for n in range(3)), made.end_record()],
    "no sources": [
        made.meta_record(),
        made.frame_record_of(0, source=7),
        *(made.step_record(made.step(n, source=7, changes=[Bound("x", 99)])) for n in range(3)),
        made.end_record(status="loaded"),
    ],
    "no places": [
        made.meta_record(),
        *(made.step_record(made.step(n, frame=None, source=None, line=None, stage="")) for n in range(3)),
        made.end_record(status=5, step="x"),
    ],
    "lines beyond the source": [
        made.meta_record(),
        made.source_record(),
        made.frame_record_of(0, line=900),
        *(made.step_record(made.step(n, line=1_000 - n)) for n in range(3)),
        made.end_record(status="killed"),
    ],
    "frames in a ring": [
        made.meta_record(),
        made.source_record(text="def load(:\n"),
        made.frame_record_of(0, parent=1),
        made.frame_record_of(1, parent=0),
        *(made.step_record(made.step(n, frame=n % 2)) for n in range(3)),
        made.end_record(status="loaded"),
    ],
}
KEYS = ("right", "d", "down", "o", "u", "e", "c", "n", "i", "b", "r", "v", "escape", "y", "a", "s", "z", "z", "end")


async def use_everything(pilot: Pilot[None]) -> None:
    """Press a key for every tab and every way to move; the player is alive after each."""
    app = pilot.app
    assert isinstance(app, Player)
    for key in (*KEYS, *TABS):
        await pilot.press(key)
        assert app.is_running, key
        assert app.failure is None, key
        assert app.number == app.state.number
    await settled(pilot)
    assert app.tabs.active == "tab-why"


@pytest.mark.parametrize("case", INCOMPLETE)
def test_an_incomplete_trace(case: str, tmp_path: Path) -> None:
    with open_trace(made.sealed(tmp_path, INCOMPLETE[case])) as trace:
        play(Player(trace, "en"), use_everything, (100, 30))


def flipped(file: Path, folder: Path, seed: int) -> Path:
    """Return a copy with some bytes changed, none of them in the file's header."""
    data, chance = bytearray(file.read_bytes()), random.Random(seed)
    for _ in range(40):
        data[chance.randrange(30_000, len(data))] ^= 1 << chance.randrange(8)
    copy = folder / f"flipped-{seed}.glmtrace"
    copy.write_bytes(data)
    return copy


async def press_until_it_ends(app: Player) -> None:
    """Do what :func:`use_everything` does with a player that may end at any time."""
    running = asyncio.create_task(app.run_async(headless=True, size=(100, 30)))
    for key in ("", *KEYS, *TABS):
        await asyncio.sleep(0.3 if not key else 0.05)
        if not running.done() and app.failure is None and key:
            app.simulate_key(key)
    app.exit(return_code=app.return_code or 0)
    await running


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_trace_ends_in_a_sentence_at_worst(seed: int, demo_file: Path, tmp_path: Path) -> None:
    try:
        with open_trace(flipped(demo_file, tmp_path, seed)) as trace:
            app = Player(trace, "en", 1029)
            asyncio.run(press_until_it_ends(app))
            assert app.failure is None or app.return_code == app.failure.exit_code
    except TracerError as error:
        assert len(str(error).splitlines()) == 1


def damaged(*_: object) -> int:
    raise TracerError("made.glmtrace is damaged [bold]here[/bold].")


def test_damage_in_the_middle_is_reported_and_the_player_goes_on(player: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = player(start=1029)
    monkeypatch.setattr(Cursor, "over", damaged)

    async def work(pilot: Pilot[None]) -> None:
        await pilot.press("down")
        await pilot.pause()
        assert ["is damaged [bold]here[/bold]." in text for text in await notifications(pilot)] == [True]
        await pilot.press("right")
        assert app.state.number == 1030

    play(app, work)


def test_damage_outside_the_panes_ends_the_player_with_the_sentence(player: Any) -> None:
    app = player(start=1029)

    async def work(pilot: Pilot[None]) -> None:
        app.call_later(damaged)
        await asyncio.sleep(0.5)

    play(app, work)
    assert "is damaged" in str(app.failure)
    assert app.return_code == 2


def test_no_step_is_asked_for_where_there_are_none(tmp_path: Path) -> None:
    with open_trace(made.sealed(tmp_path, [made.meta_record(), made.end_record(status="killed")])) as trace:
        app = Player(trace, "en")

        async def work(pilot: Pilot[None]) -> None:
            await pilot.press("colon")
            assert len(app.screen_stack) == 1
            assert await notifications(pilot) == [
                "This trace has no steps: it ended before the first one was recorded."
            ]

        play(app, work)
