"""The traced process dies, and what it recorded until then is there."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.loads import MAIN_CALL
from tracer.launch.children import Child, WarmStarter
from tracer.launch.watching import Recorded, run_job
from tracer.trace import journal
from tracer.trace.job import Job
from tracer.trace.reading import open_trace

FIXTURES = Path(__file__).parents[1] / "fixtures"
ROOT = Path(__file__).parents[1]


class Witness:
    """Counts steps in memory shared with the child: what the child knows to have recorded when it dies.

    The count is written after the recorder's own call has returned, by code that is not the recorder's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(8))

    def count(self) -> int:
        with self.path.open("rb") as file:
            return int(struct.unpack("<q", file.read(8))[0])

    def script(self, model: Path) -> str:
        return f"""
import mmap, struct
from tracer.recorder.recording import Recording
file = open({str(self.path)!r}, "r+b")
shared = mmap.mmap(file.fileno(), 8)
record = Recording.step
def step(self, *args, **kwargs):
    number = record(self, *args, **kwargs)
    shared[:] = struct.pack("<q", number + 1)
    return number
Recording.step = step
from transformers import AutoModelForCausalLM, AutoTokenizer
while True:
    AutoTokenizer.from_pretrained({str(model)!r}, trust_remote_code=True)
    AutoModelForCausalLM.from_pretrained({str(model)!r}, trust_remote_code=True)
"""


class KilledAt:
    """A starter whose child is killed once it has recorded so many steps, and a moment later."""

    def __init__(self, start: WarmStarter, witness: Witness, steps: int, delay: float) -> None:
        self._start, self._witness, self._steps, self._delay = start, witness, steps, delay

    def __call__(self, job: Job, output: Path | None) -> Child:
        child = self._start(job, output)
        threading.Thread(target=self._kill, args=(child,), daemon=True).start()
        return child

    def _kill(self, child: Child) -> None:
        deadline = time.monotonic() + 60
        while self._witness.count() < self._steps and time.monotonic() < deadline:
            time.sleep(0.0005)
        time.sleep(self._delay)
        child.send(signal.SIGKILL)


def killed_load(folder: Path, start: WarmStarter, moment: random.Random) -> None:
    witness = Witness(folder / "count")
    script = folder / "endless.py"
    script.write_text(witness.script(FIXTURES / "glm-4v-tiny"))
    path = folder / "killed.glmtrace"
    job = Job(work="script", journal=f"{path}.journal", script=[str(script)])
    starter = KilledAt(start, witness, moment.randrange(1, 6000), moment.random() * 0.02)
    recorded = run_job(job, path, start=starter)
    assert recorded.outcome.status == "killed"
    assert recorded.outcome.signal == "SIGKILL"
    with open_trace(path) as trace:
        numbers = [step.number for step in trace.steps()]
        assert numbers == list(range(len(trace)))
        assert len(trace) >= witness.count(), "a step that the child had recorded is missing"
        assert len(trace) - witness.count() <= 1
        for step in trace.steps(max(len(trace) - 50, 0)):  # what the last steps point at is there as well
            if step.frame is not None:
                trace.frame(step.frame)
            for change in step.changes:
                for value in [getattr(change, "value", None)]:
                    if value is not None:
                        trace.value(value)
            if step.source is not None:
                assert trace.source(step.source).text
    path.unlink()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_fifty_random_moments(tmp_path: Path) -> None:
    moment, start = random.Random(20261123), WarmStarter()
    for _ in range(50):
        killed_load(tmp_path, start, moment)


def test_killed_at_three_random_moments(tmp_path: Path) -> None:
    moment, start = random.Random(3), WarmStarter()
    for _ in range(3):
        killed_load(tmp_path, start, moment)


DEATHS = {
    "SIGSEGV": "import ctypes; ctypes.string_at(0)",
    "SIGILL": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
    "SIGABRT": "import os; os.abort()",
    "SIGTERM": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
}


@pytest.mark.parametrize("name", DEATHS)
def test_signals_are_named(name: str, loads: Any, tmp_path: Path) -> None:
    recorded = script_dies(DEATHS[name], loads, tmp_path)
    assert (recorded.outcome.status, recorded.outcome.signal) == ("killed", name)
    with open_trace(recorded.path) as trace:
        assert [step for step in trace.steps() if step.kind == "config-built"], "recorded before it died"
        if name in ("SIGSEGV", "SIGABRT"):
            assert "Fatal Python error" in trace.meta["native_output"]


@pytest.mark.parametrize(("code", "status"), [("import os; os._exit(0)", 0), ("import os; os._exit(7)", 7)])
def test_exits_in_the_middle_are_told(code: str, status: int, loads: Any, tmp_path: Path) -> None:
    recorded = script_dies(code, loads, tmp_path)
    assert (recorded.outcome.status, recorded.outcome.exit_code) == ("killed", status)


def script_dies(death: str, loads: Any, folder: Path) -> Recorded:
    script = folder / "dies.py"
    bert = str(FIXTURES / "bert-tiny")
    script.write_text(f"from transformers import AutoConfig\nAutoConfig.from_pretrained({bert!r})\n{death}\n")
    return loads.record_anew(work="script", script=[str(script)])


def test_a_process_that_dies_before_recording(tmp_path: Path) -> None:
    def start(job: Job, output: Path | None) -> Child:
        child = WarmStarter()(job, output)
        child.send(signal.SIGKILL)
        return child

    path = tmp_path / "early.glmtrace"
    recorded = run_job(Job(work="script", journal=f"{path}.journal", script=["nothing.py"]), path, start=start)
    assert recorded.outcome.status == "killed"
    with open_trace(path) as trace:
        assert len(trace) == 0


DRIVER = """
import sys
from pathlib import Path
from tracer.launch.watching import run_job
from tracer.trace.job import Job
path = Path({path!r})
job = Job(work="script", journal=str(path) + ".journal", script=[{script!r}])
print(run_job(job, path).outcome.status, flush=True)
"""

ENDLESS = """
import signal, sys, time
{ignore}
from transformers import AutoConfig
AutoConfig.from_pretrained({model!r})
open({ready!r}, "w").close()
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize(
    ("first", "second", "ignores"),
    [(signal.SIGINT, None, False), (signal.SIGTERM, None, False), (signal.SIGINT, signal.SIGINT, True)],
    ids=["Ctrl-C", "SIGTERM", "Ctrl-C twice, the first ignored"],
)
def test_interrupted(first: int, second: int | None, ignores: bool, tmp_path: Path) -> None:
    ready, path = tmp_path / "ready", tmp_path / "interrupted.glmtrace"
    script = tmp_path / "endless.py"
    ignore = "signal.signal(signal.SIGINT, signal.SIG_IGN)" if ignores else ""
    script.write_text(ENDLESS.format(ignore=ignore, model=str(FIXTURES / "bert-tiny"), ready=str(ready)))
    driver = DRIVER.format(path=str(path), script=str(script))
    process = subprocess.Popen(
        [sys.executable, "-c", driver], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert time.monotonic() < deadline, "the script never got there"
        time.sleep(0.05)
    os.killpg(process.pid, first) if first == signal.SIGINT else process.send_signal(first)
    if second is not None:
        time.sleep(1)
        os.killpg(process.pid, second)
    said, _ = process.communicate(timeout=60)
    assert said.strip() == "interrupted"
    assert not Path(f"{path}.journal").exists()
    with open_trace(path) as trace:
        assert trace.outcome["status"] == "interrupted"
        assert [step for step in trace.steps() if step.kind == "config-built"]


def test_a_torn_journal_reads_up_to_the_tear(loads: Any, tmp_path: Path) -> None:
    """What a dying machine leaves half-written is dropped, and nothing before it."""
    copies: list[bytes] = []

    class Copying(WarmStarter):
        def __call__(self, job: Job, output: Path | None) -> Child:
            child = super().__call__(job, output)
            child.wait(60)
            copies.append(Path(job.journal).read_bytes())
            return child

    path = tmp_path / "whole.glmtrace"
    job = Job(
        work="load",
        journal=f"{path}.journal",
        model=str(FIXTURES / "glm-4v-tiny"),
        trust_remote_code=True,
        kwargs=MAIN_CALL,
    )
    run_job(job, path, start=Copying())
    (whole,) = copies
    with open_trace(path) as trace:
        steps = len(trace)
    moment = random.Random(5)
    for cut in [moment.randrange(len(journal.MAGIC), len(whole)) for _ in range(8)]:
        torn = tmp_path / "torn.journal"
        torn.write_bytes(whole[:cut])
        with open_trace(torn) as trace:
            assert len(trace) <= steps
            assert trace.outcome["status"] == "unfinished"
