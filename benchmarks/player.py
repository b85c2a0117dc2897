"""How quickly the player opens and moves.

    python benchmarks/player.py                    # 100,000 steps to open, a million to move in
    python benchmarks/player.py --steps 200000     # a smaller trace to move in

Opening is measured from the start of a process until the expected text has been written to its terminal, alternately
with a Textual program that only prints hello. The first screen consists of the source at the step, and the stages; the
overview follows in its place, and is filled once it has been computed. Imported modules have been compiled before, as
an installer does. Moving is measured in the program: from requesting a step or a jump until every pane has been
updated, once nothing is computed in the background any more.

Limits: the first screen of ``glm-trace replay`` at most 1.5 × hello; a step or a jump at most 16 ms at the 95th
percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import random
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from synthetic import make

from tracer.trace.reading import open_trace
from tracer.tui.player import Player

HELLO: Final = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
Hello().run()
"""
PLAYER: Final = """
import sys
from tracer.trace.reading import open_trace
from tracer.tui.player import Player
with open_trace(sys.argv[1]) as trace:
    Player(trace, "en").run()
"""
COMMAND: Final = "from tracer.cli.main import main; main()"
FIRST_SCREEN: Final = ("def function_", "step 0 / ")
OVERVIEW: Final = (*FIRST_SCREEN, "Decisions", "ms Arguments")
BY_COMMAND: Final = "first screen, by glm-trace replay"
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?<>=$ ]*[@-~]|\x1b\][^\x07]*\x07|\x1b[PX^_].*?\x1b\\|\x1b.", re.DOTALL)
_LIMIT: Final = 30  # seconds


def shown(texts: tuple[str, ...], compiled: Path, code: str, *arguments: str) -> float:
    """Return the seconds from the start of a process until all of the texts have appeared on its terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"TERM": "xterm-256color", "GLM_TRACE_LANG": "en", "PYTHONPYCACHEPREFIX": str(compiled)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment, start_new_session=True, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    raw = b""
    try:
        while True:
            written = _CONTROL.sub("", raw.decode("utf-8", "replace"))
            taken = time.perf_counter() - began
            if all(text in written for text in texts):
                return taken
            if taken > _LIMIT:
                raise TimeoutError(f"{texts} are not on the terminal: {written[-2_000:]}")
            if select.select([ours], [], [], 0.1)[0]:
                raw += os.read(ours, 65_536)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def opening(path: Path, turns: int, compiled: Path) -> dict[str, list[float]]:
    """Return the seconds for hello and for the player's texts, turn by turn."""
    rounds: dict[str, list[float]] = {}
    for turn in range(turns + 1):
        taken = {
            "a Textual hello": shown(("hello",), compiled, HELLO),
            "first screen": shown(FIRST_SCREEN, compiled, PLAYER, str(path)),
            "the overview": shown(OVERVIEW, compiled, PLAYER, str(path)),
            BY_COMMAND: shown(FIRST_SCREEN, compiled, COMMAND, "replay", str(path)),
        }
        if turn:  # the first run compiles
            for what, seconds in taken.items():
                rounds.setdefault(what, []).append(seconds)
    return rounds


async def moving(path: Path, moves: int) -> dict[str, list[float]]:
    """Return the milliseconds of each step forward, and of each jump."""
    taken: dict[str, list[float]] = {"step": [], "jump": []}
    chance = random.Random(7)
    with open_trace(path) as trace:
        app = Player(trace, "en")
        async with app.run_test(size=(120, 40)) as pilot:
            while not app.furnished:
                await pilot.pause(0.1)
            await app.workers.wait_for_complete()  # the overview, computed in the background
            app.go(chance.randrange(len(trace)))  # it makes room for the other panes
            await pilot.pause()
            for _ in range(moves):
                for kind in taken:
                    number = chance.randrange(len(trace) - 1) if kind == "jump" else app.state.number + 1
                    began = time.perf_counter()
                    app.go(number)
                    taken[kind].append((time.perf_counter() - began) * 1000)
                    await pilot.pause()
    return taken


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=1_000_000)
    arguments.add_argument("--turns", type=int, default=9)
    arguments.add_argument("--moves", type=int, default=200)
    asked = arguments.parse_args()
    os.environ.setdefault("GLM_TRACE_LANG", "en")
    table = Table("what", "median", "95 %", "bar", title="the player", title_justify="left")
    with tempfile.TemporaryDirectory() as folder:
        small = make(Path(folder) / "small.glmtrace", 100_000)
        rounds = opening(small, asked.turns, Path(folder) / "compiled")
        hello = rounds["a Textual hello"]
        for what, seconds in rounds.items():
            ratio = statistics.median(mine / theirs for mine, theirs in zip(seconds, hello, strict=True))
            times = "" if seconds is hello else f", {ratio:.2f} ×"
            bar = "1.5 ×" if what == BY_COMMAND else ""
            table.add_row(what, f"{statistics.median(seconds) * 1000:.0f} ms{times}", "", bar)
        large = make(Path(folder) / "large.glmtrace", asked.steps)
        for kind, milliseconds in asyncio.run(moving(large, asked.moves)).items():
            ninety_five = statistics.quantiles(milliseconds, n=20)[-1]
            median = statistics.median(milliseconds)
            table.add_row(f"a {kind} in {asked.steps:,} steps", f"{median:.1f} ms", f"{ninety_five:.1f} ms", "16 ms")
    Console().print(table)


if __name__ == "__main__":
    main()
