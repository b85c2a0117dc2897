"""The README's screenshots, taken of the real program over the kept recording of the demo.

python docs/make_screenshots.py
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

from textual.widgets import TabbedContent

from tests.data.demo.store import unpack
from tracer.export.phrases import Lang
from tracer.replay.cursor import Cursor
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player

HERE = Path(__file__).parent
RELEASE = "5.23.0"


class Shot(NamedTuple):
    """A screen: the kind of step it stands at and which of them, counted from the end, and the tab that is open."""

    name: str
    lang: Lang
    kind: str
    which: int
    keys: tuple[str, ...]
    tab: str


SHOTS = (
    Shot("player", "en", "class-resolved", -1, ("u", "D", "D"), "decisions"),
    Shot("player-zh", "zh", "class-resolved", -1, ("u", "D", "D"), "decisions"),
)


async def take(trace: Trace, shot: Shot) -> None:
    steps = [step.number for step in trace.steps(kinds=[shot.kind])]
    app = Player(trace, shot.lang, Cursor(trace, steps[shot.which]).number)
    async with app.run_test(size=(124, 38)) as pilot:
        await pilot.pause()
        await pilot.press(*shot.keys)
        app.query_one(TabbedContent).active = f"tab-{shot.tab}"
        await pilot.pause(1)
        await app.workers.wait_for_complete()
        await pilot.pause(0.5)
        (HERE / f"{shot.name}.svg").write_text(app.export_screenshot(title="glm-trace"), encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_trace(unpack(RELEASE, Path(folder))) as trace:
        for shot in SHOTS:
            asyncio.run(take(trace, shot))


if __name__ == "__main__":
    main()
