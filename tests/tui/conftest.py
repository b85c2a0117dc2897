"""A player in a headless terminal, over a stored recording of the demo, so that both lines see the same screens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.data.demo.store import unpack
from tests.tui.pseudo_terminal import PROGRAM, PseudoTerminal
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player

WIDE, SMALL = (140, 42), (80, 24)
START = 1029  # in AutoModelForCausalLM.from_pretrained, before the configuration is read


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a temporary folder: one of the keys saves there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("5.23.0", tmp_path_factory.mktemp("demo"))


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., PseudoTerminal]]:
    opened: list[PseudoTerminal] = []

    def start(*arguments: object) -> PseudoTerminal:
        opened.append(PseudoTerminal(PROGRAM, *arguments, cwd=tmp_path))
        return opened[-1]

    yield start
    for shown in opened:
        shown.close()


@pytest.fixture
def demo(demo_file: Path) -> Iterator[Trace]:
    with open_trace(demo_file) as trace:
        yield trace


@pytest.fixture
def player(demo: Trace) -> Callable[..., Player]:
    """A function that makes a player over the demo."""

    def make(lang: str = "en", start: int | None = None) -> Player:
        return Player(demo, "zh" if lang == "zh" else "en", start)

    return make


@pytest.fixture
def passing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """A player over a recording with a forward pass and three tokens, at the pass."""
    with open_trace(unpack("pass-5.23.0", tmp_path_factory.mktemp("pass"))) as trace:
        yield Player(trace, "en", next(trace.steps(kinds=["module-entered"])).number)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until everything is there that is computed in the background, however busy the machine is."""
    for _ in range(600):
        await pilot.pause(0.02)
        await pilot.app.workers.wait_for_complete()
        if isinstance(pilot.app, Player) and not pilot.app.furnished:
            continue
        if len(pilot.app.screen_stack) > 1 or not isinstance(pilot.app, Player):
            return
        shown = pilot.app.tabs.tab_shown()
        if shown.is_mounted and getattr(shown, "computed", True):
            return
    raise AssertionError("the tab never ends computing")


async def notifications(pilot: Pilot[Any]) -> list[str]:
    """Return the text of every notification on the screen, oldest first."""
    await pilot.pause()
    return [str(toast.render()) for toast in pilot.app.screen.query("Toast")]


def play(app: Player, work: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = WIDE) -> None:
    """Run a player and call ``work`` with its pilot."""

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await settled(pilot)
            await work(pilot)

    asyncio.run(run())
