"""Kill recordings at random moments, and compare what is read back with what the killed process had recorded."""

from __future__ import annotations

import json
import random
import signal
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.support.damaged import FIXTURES
from tracer.launch.process_start import Child, WarmStarter
from tracer.launch.runner import run_job
from tracer.trace.job import Job
from tracer.trace.reading import open_trace


class Witness:
    """Count steps in memory shared with the child: the steps that the child has certainly recorded when it dies.

    Code outside the recorder writes the count after the recorder's own call has returned.
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


class Dying:
    """A child whose journal is copied after its death, before it is sealed."""

    def __init__(self, child: Child, path: Path) -> None:
        self._child, self._path = child, path
        self.pid, self.send = child.pid, child.send
        self.journal = b""

    def wait(self, seconds: float) -> int | None:
        code = self._child.wait(seconds)
        if code is not None and not self.journal and self._path.exists():
            self.journal = self._path.read_bytes()
        return code


class KilledAt:
    """A starter whose child is killed a moment after ``reached`` returns true."""

    def __init__(self, start: WarmStarter, reached: Callable[[Path], bool], delay: float) -> None:
        self._start, self._reached, self._delay = start, reached, delay

    def __call__(self, job: Job, output: Path | None) -> Child:
        self.child = Dying(self._start(job, output), Path(job.journal))
        threading.Thread(target=self._kill, args=(Path(job.journal),), daemon=True).start()
        return self.child

    def _kill(self, path: Path) -> None:
        deadline = time.monotonic() + 60
        while not self._reached(path) and time.monotonic() < deadline:
            time.sleep(0.0005)
        time.sleep(self._delay)
        self.child.send(signal.SIGKILL)


def steps_in(journal_bytes: bytes) -> list[list[Any]]:
    """Return the whole steps of a journal, read without glm-trace's code: up to the first torn record."""
    at, steps = len(b"glm-trace journal 1\n"), []
    while at + 9 <= len(journal_bytes):
        kind, length, _ = struct.unpack_from("<cII", journal_bytes, at)
        if at + 9 + length > len(journal_bytes):
            break
        if kind == b"S":
            steps.append(json.loads(journal_bytes[at + 9 : at + 9 + length]))
        at += 9 + length
    return steps


def killed_load(folder: Path, start: WarmStarter, moment: random.Random) -> int:
    """Kill a load at a random number of steps, or at a random size of its journal; return the number of steps."""
    witness = Witness(folder / "count")
    script = folder / "endless.py"
    script.write_text(witness.script(FIXTURES / "glm-4v-tiny"))
    path = folder / "killed.glmtrace"
    job = Job(work="script", journal=f"{path}.journal", script=[str(script)])
    steps, size = moment.randrange(1, 6000), moment.randrange(1, 4_000_000)
    reached = moment.choice(
        [
            lambda _: witness.count() >= steps,
            lambda path: path.exists() and path.stat().st_size >= size and witness.count() > 0,
        ]
    )
    starter = KilledAt(start, reached, moment.random() * 0.02)
    recorded = run_job(job, path, start=starter)
    assert recorded.outcome.status == "killed"
    assert recorded.outcome.signal == "SIGKILL"
    with open_trace(path) as trace:
        sealed = [json.loads(msgspec.json.encode(step)) for step in trace.steps()]
        assert sealed == steps_in(starter.child.journal), "the trace is not what the journal held at the death"
        assert [step[0] for step in sealed] == list(range(len(trace)))
        assert len(trace) >= witness.count(), "a step that the child had recorded is missing"
        assert len(trace) - witness.count() <= 1
        for step in trace.steps(max(len(trace) - 50, 0)):  # what the last steps refer to is there as well
            if step.frame is not None:
                trace.frame(step.frame)
            for change in step.changes:
                for value in [getattr(change, "value", None)]:
                    if value is not None:
                        trace.value(value)
            if step.source is not None:
                assert trace.source(step.source).text
        found = len(trace)
    path.unlink()
    return found
