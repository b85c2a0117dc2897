"""Take the README's screenshots from the real program with a fresh recording of the demo's load.

python -m docs.make_screenshots
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

from tracer.exercise.load_jobs import walkthrough_job, wanted_loads
from tracer.i18n import Lang
from tracer.launch.runner import run_job
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player
from tracer.walkthrough.library import course

HERE = Path(__file__).parent
SIZE = 132, 40


class Shot(NamedTuple):
    """A screen: the walkthrough that it starts with, and the keys pressed after that."""

    name: str
    lang: Lang
    walkthrough: str
    keys: tuple[str, ...]


SHOTS = (
    Shot("player", "en", "dynamic-class", ("w", "w")),
    Shot("player-zh", "zh", "dynamic-class", ("w", "w")),
    Shot("player-decisions", "en", "auto-config", ("w", "w", "w", "w", "2")),
    Shot("player-decisions-zh", "zh", "auto-config", ("w", "w", "w", "w", "2")),
)


async def take(trace: Trace, shot: Shot) -> None:
    app = Player(trace, shot.lang, begin_with=shot.walkthrough)
    async with app.run_test(size=SIZE) as pilot:
        while app.reading is None or app.reading.open is None:
            await pilot.pause(0.1)
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await app.workers.wait_for_complete()
        await pilot.pause(1)
        (HERE / f"{shot.name}.svg").write_text(app.export_screenshot(title="glm-trace"), encoding="utf-8")


def record(folder: Path) -> Path:
    """Record the demo's load."""
    [demo, *_] = wanted_loads([(course()[0], None)])
    return run_job(walkthrough_job(demo, folder / "0.glmtrace"), folder / "0.glmtrace").path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_trace(record(Path(folder))) as trace:
        for shot in SHOTS:
            asyncio.run(take(trace, shot))


if __name__ == "__main__":
    main()
