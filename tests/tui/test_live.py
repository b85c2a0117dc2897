"""``--tui`` shows a load while it is recorded, and then plays it."""

from __future__ import annotations

import asyncio
import html
import shutil
import sys
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.widgets import Static

from tests.conftest import FIXTURES
from tests.tui.pseudo_terminal import PseudoTerminal
from tracer.analysis.stage_summary import summarize_stages
from tracer.cli.main import main
from tracer.launch.runner import JobProgress
from tracer.trace.reading import Trace, open_trace
from tracer.tui.live_view import LiveView, ProgressTracker, RecordingThread
from tracer.views.show import fact_text

pytestmark = pytest.mark.slow  # seconds each, of whole processes


def watched(trace: Trace, upto: int | None = None) -> JobProgress:
    """Return the progress of a load of which this much has been read at once."""
    made = JobProgress()
    made.fresh = [*trace.steps()][:upto]
    made.steps, made.last = len(made.fresh), made.fresh[-1]
    return made


# ── The progress ─────────────────────────────────────────────────────────────────────────────────


def test_stages_are_counted_and_timed_as_in_the_trace(demo: Trace) -> None:
    progress = ProgressTracker("en")
    progress.take(watched(demo))
    stages = progress.snapshot.stages
    assert {one.stage: one.steps for one in stages} == demo.stage_counts()
    for summary in summarize_stages(demo):
        [seconds] = [one.seconds for one in stages if one.stage == summary.stage]
        assert seconds == pytest.approx(summary.seconds, abs=1e-5)


def test_a_warning_is_shown_in_one_line(demo: Trace) -> None:
    made = JobProgress()
    [message] = islice((step for step in demo.steps() if step.kind == "config-read"), 1)
    made.fresh = [replace(message, kind="warning", data={"category": "UserWarning", "message": "first\nsecond"})]
    made.steps, made.last = 1, made.fresh[0]
    progress = ProgressTracker("en")
    progress.take(made)
    [happening] = progress.snapshot.happenings
    assert "UserWarning: first" in happening.text
    assert "\n" not in happening.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_happenings_are_the_facts_of_the_stages(lang: Any, demo: Trace) -> None:
    progress = ProgressTracker(lang)
    progress.take(watched(demo))
    told = {(one.step, one.text) for one in progress.snapshot.happenings}
    facts = {
        (fact.step, fact_text(fact, lang))
        for one in summarize_stages(demo)
        for fact in one.facts
        if fact.what != "called"
    }
    assert told == facts
    assert len(told) > 20


def test_a_snapshot_does_not_change(demo: Trace) -> None:
    progress = ProgressTracker("en")
    progress.take(watched(demo, 500))
    early = progress.snapshot
    copied = tuple(early)
    progress.take(watched(demo))
    assert tuple(early) == copied
    assert progress.snapshot != early


# ── The screen ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("lang", "said", "asked"), [("en", "Configuration", "Once more"), ("zh", "配置", "再按一次")])
@pytest.mark.parametrize("size", [(80, 24), (140, 42)], ids=str)
def test_it_shows_the_load_and_ends_with_it(lang: Any, said: str, asked: str, size: Any, demo: Trace) -> None:
    progress, over, interrupts = ProgressTracker(lang), threading.Event(), []
    progress.take(watched(demo, 1_119))
    work = RecordingThread(lambda tell: over.wait(20), progress.take)
    work.start()
    app = LiveView(work, progress, lambda: interrupts.append(1), "glm-4v-tiny", lang)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.3)
            screen = html.unescape(app.export_screenshot(simplify=True)).replace("\xa0", " ")
            for text in ("glm-4v-tiny", "1,119", said, "found <model>/config.json" if lang == "en" else "config.json"):
                assert text in screen
            for key in ("q", "ctrl+c", "ctrl+q"):
                await pilot.press(key)
            assert len(interrupts) == 3
            assert asked in str(app.query_one("#foot", Static).render())
            assert app.is_running
            over.set()
            work.join()
            await pilot.pause(0.3)
            assert not app.is_running

    asyncio.run(run())


def test_an_error_of_the_recording_is_raised_again() -> None:
    def record(tell: Any) -> None:
        raise OSError(28, "No space left on device")

    work = RecordingThread(record, lambda _: None)
    work.start()
    with pytest.raises(OSError, match="No space left"):
        work.result()


# ── The commands ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["demo", "load", "run"])
def test_without_a_terminal_nothing_is_recorded(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "script.py").write_text("open('ran', 'w').close()")
    what = {"demo": [], "load": [str(FIXTURES / "bert-tiny")], "run": ["script.py"]}[command]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["glm-trace", command, "--tui", *what])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--tui needs a terminal." in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_a_load_is_watched_and_then_played(terminal: Callable[..., PseudoTerminal], tmp_path: Path) -> None:
    """Consent is asked for on the plain terminal before; one line says where the trace is afterwards."""
    shown = terminal(
        "load", FIXTURES / "glm-4v-tiny", "--tui", "--no-tokenizer", "--stop-after", "config", "-o", "x.glmtrace"
    )
    shown.wait_for("[y/N")
    assert "\x1b[?1049h" not in shown.raw
    shown.type("y\n")
    shown.wait_for("What has happened")
    shown.wait_for("step 0 ")
    shown.type("q")
    assert shown.end() == 0
    assert shown.is_as_it_was()
    [after] = shown.raw[shown.raw.rfind("\x1b[?1049l") :].splitlines()[-1:]
    assert str(tmp_path / "x.glmtrace") in after
    assert "Traceback" not in shown.text
    with open_trace(tmp_path / "x.glmtrace") as trace:
        assert trace.outcome.status == "stopped"


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
@pytest.mark.slow
def test_an_interrupted_load_is_kept_and_played(
    key: str, terminal: Callable[..., PseudoTerminal], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(FIXTURES / "glm-4v-tiny", model, ignore=shutil.ignore_patterns("__pycache__"))
    with (model / "modeling_chatglm.py").open("a") as file:
        file.write("\nimport time\nwhile True:\n    time.sleep(0.05)\n")
    shown = terminal("load", model, "--tui", "--trust-remote-code", "-o", "x.glmtrace")
    shown.wait_for("Dynamic class")
    shown.type(key)
    shown.wait_for("Calls", 30)
    shown.type("q")
    assert shown.end() == 130
    assert shown.is_as_it_was()
    with open_trace(tmp_path / "x.glmtrace") as trace:
        assert trace.outcome.status == "interrupted"


@pytest.mark.slow
def test_a_script_is_played_once_it_has_ended(terminal: Callable[..., PseudoTerminal], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        f"from transformers import AutoConfig\nAutoConfig.from_pretrained({str(FIXTURES / 'bert-tiny')!r})\n"
        "print(input('Who? '), 'it is')\n"
    )
    shown = terminal("run", "--tui", "script.py")
    shown.wait_for("Who?")  # the terminal is the script's own
    shown.type("me\n")
    shown.wait_for("me it is")
    shown.wait_for("AutoConfig.from_pretrained('<model>')")  # in the overview
    shown.type("q")
    assert shown.end() == 0
    assert shown.is_as_it_was()
