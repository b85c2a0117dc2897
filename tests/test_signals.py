"""Programs started by a test receive Ctrl-C and the hang-up signal, also if the tests run in the background."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.signals import restore_signals_in_programs


@pytest.fixture(params=[signal.SIGHUP, signal.SIGINT, signal.SIGQUIT], ids=lambda number: number.name)
def ignored(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    before = signal.signal(request.param, signal.SIG_IGN)
    yield request.param
    signal.signal(request.param, before)


def died_of(number: signal.Signals, place: Path) -> bool:
    program = f"import os; os.kill(os.getpid(), {int(number)})"
    done = subprocess.run([sys.executable, "-c", program], cwd=place, capture_output=True, check=False)
    return done.returncode == -number


def test_programs_receive_signals_that_this_run_ignores(ignored: signal.Signals, tmp_path: Path) -> None:
    assert not died_of(ignored, tmp_path)
    restore_signals_in_programs()
    assert died_of(ignored, tmp_path)
    signal.raise_signal(ignored)  # which this run continues to ignore
