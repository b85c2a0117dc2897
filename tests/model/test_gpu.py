"""On a GPU: events and memory beside each module call, and the numbers of an untraced pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.model.side_by_side import PROMPT, do_traced, glm_inputs, job_for, load_glm
from tests.support.reading import Reading

ROOT = Path(__file__).parents[2]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("options", [{}, {"operators": True}, {"statistics": True}], ids=["plain", "ops", "stats"])
def test_logits_on_a_gpu(glm: Path, image: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    job = job_for(glm, tmp_path, device="cuda", prompt=PROMPT, image=str(image), **options)
    done = do_traced(job, tmp_path / "a.glmtrace")
    model = load_glm(glm).to("cuda")
    with torch.no_grad():
        expected = model(**{name: value.to("cuda") for name, value in glm_inputs(glm, model, image).items()})
    assert torch.equal(done.results[0].logits, expected.logits)


@pytest.mark.gpu
@needs_gpu
def test_time_and_memory_of_the_device(glm: Path, image: Path, tmp_path: Path) -> None:
    job = job_for(glm, tmp_path, device="cuda", prompt=PROMPT, image=str(image), generate=2)
    reading = Reading(do_traced(job, tmp_path / "a.glmtrace").trace)
    passes = reading.kinds("device-times")
    entered = reading.kinds("module-entered")
    assert {step.stage for step in passes} == {"forward", "generate"}
    assert sum(len(step.data["milliseconds"]) for step in passes) == len(entered)
    assert all(value >= 0 for step in passes for value in step.data["milliseconds"].values())
    assert all(step.data["cuda_before"] > 0 for step in entered)
    assert all(step.data["cuda_after"] > 0 for step in reading.kinds("module-left"))
    [logits] = [step for step in reading.kinds("module-left", path="") if step.stage == "forward"]
    assert reading.value(logits.value)["items"]["logits"]["device"] == "cuda:0"
    assert len(reading.kinds("token-generated")) == 2


@pytest.mark.gpu
@needs_gpu
def test_random_weights_made_on_the_device(glm: Path, tmp_path: Path) -> None:
    state = torch.cuda.get_rng_state()
    job = job_for(glm, tmp_path, device="cuda", weights="random")
    one, other = (do_traced(job, tmp_path / f"{turn}.glmtrace").model.state_dict() for turn in range(2))
    assert all(value.is_cuda for value in one.values())
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert torch.equal(torch.cuda.get_rng_state(), state)


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_the_script_says_that_there_is_no_gpu() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "gpu.py"], capture_output=True, text=True, check=False, timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "sees no CUDA device here" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_the_cuda_clock_waits_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fake device: events around each call, read at the end."""
    from tracer.recorder.model.forward import CudaClock

    waits: list[Any] = []

    class Event:
        count = 0

        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing
            self.at = -1

        def record(self, stream: object) -> None:
            Event.count += 1
            self.at = Event.count

        def elapsed_time(self, other: Event) -> float:
            return float(other.at - self.at)

    for name, value in {
        "Event": Event, "current_stream": lambda device: None, "memory_allocated": lambda device: 77,
        "synchronize": waits.append,
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, value)
    clock = CudaClock("device")
    assert clock.enter(0) == {"cuda_before": 77}
    clock.enter(1)
    assert clock.leave(1) == {"cuda_after": 77}
    clock.leave(0)
    clock.enter(2)  # its module raised: it never left
    assert waits == []
    assert clock.measured() == {"1": 1.0, "0": 3.0}
    assert clock.measured() == {}
    assert waits == ["device"]
