"""How quickly the player opens and moves.

    python benchmarks/player.py                    # 100,000 steps to open, a million to move in
    python benchmarks/player.py --steps 200000     # a smaller trace to move in

Opening is measured as a whole process, side by side with a Textual program that only says hello, in turns. Moving is
measured in the program: from asking for a step or a jump until every pane has shown it.

Bars: the first screen at most 1.5 × hello; a step or a jump at most 16 ms at the 95th percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from synthetic import make

from tracer.trace.reading import open_trace
from tracer.tui.player import Player

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
    def on_mount(self):
        self.call_after_refresh(self.exit)
Hello().run(headless=True, size=(120, 40))
"""
PLAYER = """
import sys
from tracer.trace.reading import open_trace
from tracer.tui.player import Player
show = Player.show_panes
def show_once(player):
    show(player)
    player.call_after_refresh(player.exit)
Player.show_panes = show_once
with open_trace(sys.argv[1]) as trace:
    Player(trace, "en").run(headless=True, size=(120, 40))
"""


def process(code: str, *arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def opening(path: Path, turns: int) -> tuple[float, float, float]:
    """Median seconds of hello, of the player, and the median of the ratios."""
    pairs = [(process(HELLO), process(PLAYER, str(path))) for _ in range(turns)]
    hello, player = (statistics.median(column) for column in zip(*pairs, strict=True))
    return hello, player, statistics.median(mine / theirs for theirs, mine in pairs)


async def moving(path: Path, moves: int) -> dict[str, list[float]]:
    """Milliseconds of each step forward, and of each jump anywhere."""
    taken: dict[str, list[float]] = {"step": [], "jump": []}
    chance = random.Random(7)
    with open_trace(path) as trace:
        app = Player(trace, "en")
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause(1)
            await app.workers.wait_for_complete()  # the decisions, computed beside the screen
            for _ in range(moves):
                for kind in taken:
                    number = chance.randrange(len(trace) - 1) if kind == "jump" else app.playing.number + 1
                    began = time.perf_counter()
                    app.go(number)
                    taken[kind].append((time.perf_counter() - began) * 1000)
                    await pilot.pause()
    return taken


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=1_000_000)
    arguments.add_argument("--turns", type=int, default=7)
    arguments.add_argument("--moves", type=int, default=200)
    asked = arguments.parse_args()
    os.environ.setdefault("GLM_TRACE_LANG", "en")
    table = Table("what", "median", "95 %", "bar", title="the player", title_justify="left")
    with tempfile.TemporaryDirectory() as folder:
        small = make(Path(folder) / "small.glmtrace", 100_000)
        hello, player, ratio = opening(small, asked.turns)
        table.add_row("a Textual hello", f"{hello * 1000:.0f} ms", "", "")
        table.add_row("first screen, 100,000 steps", f"{player * 1000:.0f} ms ({ratio:.2f} ×)", "", "1.5 ×")
        large = make(Path(folder) / "large.glmtrace", asked.steps)
        for kind, milliseconds in asyncio.run(moving(large, asked.moves)).items():
            ninety_five = statistics.quantiles(milliseconds, n=20)[-1]
            median = statistics.median(milliseconds)
            table.add_row(f"a {kind} in {asked.steps:,} steps", f"{median:.1f} ms", f"{ninety_five:.1f} ms", "16 ms")
    Console().print(table)


if __name__ == "__main__":
    main()
