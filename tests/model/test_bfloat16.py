"""Processors that report AMX and do not allow it: found out once, avoided, and reported."""

from __future__ import annotations

import importlib.metadata
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import Loads
from tests.support.reading import Reading
from tracer.launch.amx_workaround import PRODUCT, REMEMBERED, VARIABLE, WITHOUT_AMX, amx_environment, product_dies

WITH_AMX = "model name\t: Some Processor 9000\nflags\t: fpu avx512f amx_bf16 amx_tile amx_int8\n"
OTHER = WITH_AMX.replace("9000", "9001")
WITHOUT = "model name\t: Some Processor 8000\nflags\t: fpu avx2\n"


class Trial:
    """A throw-away process that dies, or does not, or reports nothing."""

    def __init__(self, dies: bool | None) -> None:
        self.dies = dies
        self.count = 0

    def __call__(self) -> bool | None:
        self.count += 1
        return self.dies


@pytest.fixture(autouse=True)
def _not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize("dies", [True, False])
def test_found_out_once(tmp_path: Path, dies: bool) -> None:
    trial = Trial(dies)
    expected = {VARIABLE: WITHOUT_AMX} if dies else {}
    for _ in range(3):
        assert amx_environment(WITH_AMX, tmp_path / "cache" / "known.json", trial) == expected
    assert trial.count == 1


def test_another_processor_and_another_torch_are_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, trial = tmp_path / "known.json", Trial(True)
    amx_environment(WITH_AMX, memory, trial)
    amx_environment(OTHER, memory, trial)
    monkeypatch.setattr(importlib.metadata, "version", {"torch": "99.0"}.__getitem__)
    amx_environment(WITH_AMX, memory, trial)
    assert trial.count == 3
    trial.dies = False
    assert amx_environment(WITH_AMX, memory, trial) == {VARIABLE: WITHOUT_AMX}  # the earlier answers are still there


def test_no_amx_no_trial(tmp_path: Path) -> None:
    trial = Trial(True)
    assert amx_environment(WITHOUT, tmp_path / "known.json", trial) == {}
    assert amx_environment("", tmp_path / "known.json", trial) == {}
    assert trial.count == 0
    assert not (tmp_path / "known.json").exists()


def test_a_setting_of_the_user_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "AVX2")
    trial = Trial(True)
    assert amx_environment(WITH_AMX, tmp_path / "known.json", trial) == {}
    assert trial.count == 0


@pytest.mark.parametrize("content", ["{", "[1]", "\x00", '{"x": 1}'])
def test_a_damaged_memory_is_no_trouble(tmp_path: Path, content: str) -> None:
    memory, trial = tmp_path / "known.json", Trial(True)
    memory.write_text(content, encoding="utf-8")
    for _ in range(2):
        assert amx_environment(WITH_AMX, memory, trial) == {VARIABLE: WITHOUT_AMX}
    assert trial.count == 1


def test_a_memory_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    memory, trial = tmp_path / "file" / "known.json", Trial(True)
    for _ in range(2):
        assert amx_environment(WITH_AMX, memory, trial) == {VARIABLE: WITHOUT_AMX}
    assert trial.count == 2


def test_only_an_illegal_instruction_counts_as_death() -> None:
    assert product_dies("import os, signal; os.kill(os.getpid(), signal.SIGILL)") is True
    assert product_dies(f"print({PRODUCT})") is False


@pytest.mark.parametrize(
    "trial",
    [
        "raise ImportError('no torch here')",
        "pass",
        "print(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    ],
)
def test_an_inconclusive_trial_is_not_remembered(tmp_path: Path, trial: str) -> None:
    assert product_dies(trial) is None
    memory = tmp_path / "known.json"
    assert amx_environment(WITH_AMX, memory, partial(product_dies, trial)) == {}
    assert not memory.exists()
    assert amx_environment(WITH_AMX, memory, Trial(True)) == {VARIABLE: WITHOUT_AMX}


def test_an_answer_is_asked_for_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "known.json"
    assert amx_environment(WITH_AMX, memory, Trial(True)) == {VARIABLE: WITHOUT_AMX}
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + REMEMBERED + 1)
    assert amx_environment(WITH_AMX, memory, Trial(False)) == {}


def test_the_product_is_the_right_one() -> None:
    assert product_dies() in (True, False)


@pytest.mark.slow
def test_what_was_set_is_said_in_the_trace(loads: Loads, glm: Path) -> None:
    options: dict[str, Any] = {"environment": {VARIABLE: WITHOUT_AMX}, "kwargs": {"empty_init": False}}
    reading = Reading(loads.trace(glm, dtype="bfloat16", **options))
    assert reading.trace.meta.set_for_the_load == {VARIABLE: WITHOUT_AMX}
    assert reading.trace.outcome.status == "loaded"
    [root] = reading.kinds("module-left", path="")
    assert reading.value(root.value)["items"]["logits"]["dtype"] == "bfloat16"
