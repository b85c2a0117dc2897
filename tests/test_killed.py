"""The traced process dies, and what it recorded until then is kept."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIXTURES, ROOT
from tests.support.kills import killed_load, steps_in
from tests.support.loads import MAIN_CALL
from tracer.launch.process_start import Child, WarmStarter, start_fresh
from tracer.launch.runner import JobResult, run_job
from tracer.trace import journal
from tracer.trace.job import Job
from tracer.trace.reading import open_trace

pytestmark = pytest.mark.slow  # seconds each, of whole processes


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_seventeen_random_moments(tmp_path: Path) -> None:
    """``nox -s kills`` has four hundred."""
    moment, start = random.Random(20261123), WarmStarter()
    found = [killed_load(tmp_path, start, moment) for _ in range(17)]
    assert len(set(found)) > 10, "the moments were no different ones"
    print("steps at the seventeen deaths:", sorted(found))


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
            assert "Fatal Python error" in trace.meta.native_output


@pytest.mark.parametrize(("code", "status"), [("import os; os._exit(0)", 0), ("import os; os._exit(7)", 7)])
def test_exits_during_the_load_are_reported(code: str, status: int, loads: Any, tmp_path: Path) -> None:
    recorded = script_dies(code, loads, tmp_path)
    assert (recorded.outcome.status, recorded.outcome.exit_code) == ("killed", status)


def script_dies(death: str, loads: Any, folder: Path) -> JobResult:
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
from tracer.launch.runner import run_job
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
    [
        pytest.param(signal.SIGINT, None, False, id="Ctrl-C", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, None, False, id="SIGTERM", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, signal.SIGINT, True, id="Ctrl-C twice, the first ignored"),
    ],
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
        assert trace.outcome.status == "interrupted"
        assert [step for step in trace.steps() if step.kind == "config-built"]


STUCK = """
import signal, time
from transformers import AutoConfig
AutoConfig.from_pretrained({model!r})
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({ready!r}, "w").close()
while True:
    pass
"""


def test_a_child_that_ignores_an_interrupt_is_killed_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tracer.launch import runner

    monkeypatch.setattr(runner, "INTERRUPT_GRACE", 1.0)
    ready, path = tmp_path / "ready", tmp_path / "stuck.glmtrace"
    script = tmp_path / "stuck.py"
    script.write_text(STUCK.format(model=str(FIXTURES / "bert-tiny"), ready=str(ready)))
    interrupted: list[float] = []

    def progress(_: object) -> None:
        if ready.exists() and not interrupted:
            interrupted.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    job = Job(work="script", journal=f"{path}.journal", script=[str(script)])
    recorded = run_job(job, path, start=WarmStarter(), progress=progress)
    assert 1.0 <= time.monotonic() - interrupted[0] < 10
    assert recorded.outcome.status == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before
    with open_trace(path) as trace:
        assert [step for step in trace.steps() if step.kind == "config-built"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["load", "run"])
def test_ctrl_c_in_a_terminal(command: str, tmp_path: Path) -> None:
    """The whole group is interrupted, as by a terminal; what was recorded is sealed, and the exit code tells why."""
    ready, path = tmp_path / "ready", tmp_path / "interrupted.glmtrace"
    model = tmp_path / "model"
    shutil.copytree(FIXTURES / "glm-4v-tiny", model)
    waits = f"\nimport time\nopen({str(ready)!r}, 'w').close()\nwhile True:\n    time.sleep(0.05)\n"
    with (model / "modeling_chatglm.py").open("a") as file:
        file.write(waits)
    script = tmp_path / "script.py"
    script.write_text(
        f"from transformers import AutoModel\nAutoModel.from_pretrained({str(model)!r}, trust_remote_code=True)\n"
    )
    what = [str(script)] if command == "run" else ["--trust-remote-code", str(model)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tracer.cli.main", command, "-o", str(path), *what],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "interrupted" in said.lower()
    assert "Traceback" not in said or command == "run"
    assert sorted(name for name in os.listdir(tmp_path) if "glmtrace" in name) == ["interrupted.glmtrace"]
    with open_trace(path) as trace:
        assert trace.outcome.status == "interrupted"
        assert [step for step in trace.steps() if step.kind == "config-built"]


def test_the_job_file_is_gone_however_the_child_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file can contain a token."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    def early(job: Job, output: Path | None) -> Child:
        child = WarmStarter()(job, output)
        child.send(signal.SIGKILL)
        return child

    def early_fresh(job: Job, output: Path | None) -> Child:
        child = start_fresh(job, output)
        child.send(signal.SIGKILL)
        return child

    for number, start in enumerate((early, early_fresh, WarmStarter())):
        path = tmp_path / f"{number}.glmtrace"
        job = Job(work="script", journal=f"{path}.journal", script=["nothing.py"], kwargs={"token": "planted-token-1"})
        run_job(job, path, start=start)
        assert list((tmp_path / "tmp").glob("*.job")) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_torn_journal_reads_up_to_the_tear(loads: Any, tmp_path: Path) -> None:
    """A record left half-written by a dying machine is dropped, and nothing before it."""
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
            assert len(trace) == len(steps_in(whole[:cut])) <= steps
            assert trace.outcome.status == "unfinished"
