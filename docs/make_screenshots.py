"""Take the README's screenshots from the real program with a fresh recording of the demo's load.

python -m docs.make_screenshots
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from textual.app import App

from tracer.exercise.load_jobs import walkthrough_job, wanted_loads
from tracer.i18n import Lang
from tracer.launch.runner import run_job
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player
from tracer.tui.side_by_side import SideBySide
from tracer.walkthrough.library import course

HERE = Path(__file__).parent
SIZE = 132, 40
LANGUAGES: Final[tuple[Lang, ...]] = ("en", "zh")


class Shot(NamedTuple):
    """A screen: the walkthrough that it starts with, and the keys pressed after that."""

    name: str
    walkthrough: str | None
    keys: tuple[str, ...]


SHOTS = (
    Shot("player-overview", None, ()),
    Shot("player", "dynamic-class", ("w", "w")),
    Shot("player-forward", None, ("5",)),
)
PARTINGS = 3  # of the two loads, until the one that is shown


async def take(trace: Trace, shot: Shot, lang: Lang) -> None:
    app = Player(trace, lang, begin_with=shot.walkthrough)
    async with app.run_test(size=SIZE) as pilot:
        while not app.furnished or (shot.walkthrough and (app.reading is None or app.reading.open is None)):
            await pilot.pause(0.1)
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await app.workers.wait_for_complete()
        await pilot.pause(8)  # until the notifications are gone
        save(app, shot.name, lang)


async def take_both(a: Trace, b: Trace, lang: Lang) -> None:
    app = SideBySide(a, b, lang)
    async with app.run_test(size=SIZE) as pilot:
        while app.aligned is None:
            await pilot.pause(0.1)
        for _ in range(PARTINGS):
            await pilot.press("n")
        await pilot.pause(2)
        save(app, "player-against", lang)


def save(app: App[Any], name: str, lang: Lang) -> None:
    path = HERE / (f"{name}.svg" if lang == "en" else f"{name}-{lang}.svg")
    path.write_text(app.export_screenshot(title="glm-trace"), encoding="utf-8")


def record(path: Path, **arguments: Any) -> Path:
    """Record the demo's load, with other arguments than the demo's if some are given."""
    [demo, *_] = wanted_loads([(course()[0], None)])
    job = walkthrough_job(demo, path)
    return run_job(msgspec.structs.replace(job, kwargs={**job.kwargs, **arguments}), path).path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "demo.glmtrace", Path(folder) / "cached.glmtrace"
        with open_trace(record(one)) as trace, open_trace(record(other, use_cache=True)) as cached:
            for lang in LANGUAGES:
                for shot in SHOTS:
                    asyncio.run(take(trace, shot, lang))
                asyncio.run(take_both(trace, cached, lang))


if __name__ == "__main__":
    main()
