"""How a load ended is reported correctly, and the same everywhere."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.console import Console

from tests.conftest import FIXTURES
from tests.support.loads import Loads
from tests.trace.made import end_record, ordinary_records, sealed
from tests.tui.conftest import settled
from tracer.analysis.diagnosis import diagnose
from tracer.i18n import LANGS, Lang
from tracer.trace.outcome import EXIT_CODES, Outcome, Part, Status
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player
from tracer.tui.stage_bar import StageBar
from tracer.views.outcome import WORDS as OUTCOMES
from tracer.views.outcome import outcome_text
from tracer.views.show import load_report
from tracer.views.stages import STAGE_NAMES
from tracer.views.why import WORDS as WHY
from tracer.views.why import diagnosis_report

PARTS = get_args(Part)
ENDS: list[dict[str, Any]] = [
    *({"status": status} for status in (*get_args(Status), "of-a-newer-release")),
    *({"status": "failed", "part": part} for part in (*PARTS, "of-a-newer-release")),
]


def said(trace: Trace, lang: Lang) -> tuple[str, str]:
    """Return what ``show`` and ``why`` print."""
    shown, why = (Console(file=io.StringIO(), width=200) for _ in range(2))
    shown.print(load_report(trace, lang))
    why.print(diagnosis_report(trace, diagnose(trace), lang))
    return shown.file.getvalue(), why.file.getvalue()  # type: ignore[attr-defined]


def test_every_outcome_has_words_and_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(get_args(Status))
    assert {f"outcome:{status}" for status in EXIT_CODES} <= OUTCOMES.keys()
    assert {f"outcome:failed:{part}" for part in PARTS} <= OUTCOMES.keys()
    assert {f"headline:{status}" for status in EXIT_CODES} <= WHY.keys()
    assert {f"headline:failed:{part}" for part in PARTS} <= WHY.keys()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("end", ENDS, ids=lambda end: "-".join(end.values()))
def test_show_and_why_report_every_outcome(end: dict[str, Any], lang: Lang, tmp_path: Path) -> None:
    records = [*ordinary_records()[:-1], end_record(**end, error="ValueError", message="no", step=2)]
    with open_trace(sealed(tmp_path, records)) as trace:
        shown, why = said(trace, lang)
    assert outcome_text(Outcome(**end), lang) in shown
    assert why.strip()
    if end["status"] == "of-a-newer-release":
        assert "of-a-newer-release" in shown
        assert "of-a-newer-release" in why


IN_THE_PLAYER = [*ENDS[: len(EXIT_CODES) + 1], ENDS[-2]]
EVERYDAY = ("loaded", "failed", "killed")


@pytest.mark.parametrize(
    "end",
    [pytest.param(end, marks=() if end["status"] in EVERYDAY else pytest.mark.slow) for end in IN_THE_PLAYER],
    ids=lambda end: "-".join(end.values()),
)
def test_the_player_reports_every_outcome(end: dict[str, Any], tmp_path: Path) -> None:
    records = [*ordinary_records()[:-1], end_record(**end, error="ValueError", message="no", step=2)]
    with open_trace(sealed(tmp_path, records)) as trace:
        app = Player(trace, "en")

        async def play() -> None:
            async with app.run_test(size=(140, 42)) as pilot:
                await settled(pilot)
                assert outcome_text(Outcome(**end), "en") in str(app.query_one(StageBar).render())
                shown = " ".join(notification.message for notification in app._notifications)
                assert ("This is step 2" in shown) == (end["status"] in ("failed", "refused"))

        asyncio.run(play())


# ── Scripts ─────────────────────────────────────────────────────────────────────────────────────────

LOAD = f"from transformers import AutoConfig\nAutoConfig.from_pretrained({str(FIXTURES / 'bert-tiny')!r})\n"
SWALLOWED = "from transformers import AutoConfig\ntry:\n    AutoConfig.from_pretrained('/nowhere')\nexcept Exception:\n    pass\n"


@pytest.fixture
def run(loads: Loads, tmp_path: Path) -> Callable[[str], Any]:
    def run(code: str) -> tuple[Outcome, str, str]:
        script = tmp_path / "script.py"
        script.write_text(code)
        recorded = loads.record_anew(work="script", script=[str(script)])
        with open_trace(recorded.path) as trace:
            return recorded.outcome, *said(trace, "en")

    return run


@pytest.mark.parametrize("code", ["print('nothing here')\n", SWALLOWED], ids=["none", "swallowed"])
def test_a_script_without_a_load(code: str, run: Callable[[str], Any]) -> None:
    outcome, shown, why = run(code)
    assert outcome.status == "no-load"
    assert EXIT_CODES[outcome.status] == 0  # the script itself succeeded
    assert "no load was recorded" in shown
    assert "from_pretrained" in shown
    assert "No load was recorded." in why
    assert "went well" not in why


def test_a_script_with_a_load(run: Callable[[str], Any]) -> None:
    assert run(LOAD)[0].status == "loaded"


@pytest.mark.parametrize(
    ("code", "part", "text"),
    [
        (f"{LOAD}1 / 0\n", "script", "loaded; the code after it failed"),
        ("1 / 0\n", "before-load", "the code failed before anything was loaded"),
        (f"{LOAD}AutoConfig.from_pretrained('/nowhere')\n", None, "the load failed"),
    ],
    ids=["after", "before", "in a load"],
)
def test_a_script_that_fails(code: str, part: str | None, text: str, run: Callable[[str], Any]) -> None:
    outcome, shown, why = run(code)
    assert (outcome.status, outcome.part) == ("failed", part)
    assert text in shown
    assert ("no load was running" in why) == (part is not None)
    assert ("The load failed at step" in why) == (part is None)


# ── After the load ──────────────────────────────────────────────────────────────────────────────────

BREAKS = {"forward": "forward", "generate": "prepare_inputs_for_generation"}


@pytest.mark.parametrize("part", ["forward", pytest.param("generate", marks=pytest.mark.slow)])
def test_failures_after_the_load_are_reported_as_such(part: str, loads: Loads, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(FIXTURES / "glm-4v-tiny", model, ignore=shutil.ignore_patterns("__pycache__"))
    with (model / "modeling_chatglm.py").open("a") as file:
        file.write(
            "\n\nimport functools\n\n\n"
            f"@functools.wraps(ChatGLMForConditionalGeneration.{BREAKS[part]})\n"
            "def _breaks(self, *args, **kwargs):\n    raise RuntimeError('broken')\n\n\n"
            f"ChatGLMForConditionalGeneration.{BREAKS[part]} = _breaks\n"
        )
    recorded = loads.record(model, generate=2)
    assert (recorded.outcome.status, recorded.outcome.part) == ("failed", part)
    with open_trace(recorded.path) as trace:
        shown, why = said(trace, "en")
        head = {"forward": "loaded; the forward pass failed", "generate": "loaded; the generation failed"}[part]
        assert head in shown
        assert "the load failed" not in shown
        assert "The model loaded;" in why
        step = trace.step(trace.outcome.step)
        assert step.stage == part
        assert f"stage {STAGE_NAMES[part]}" in shown
