"""Everything on a GPU: the demo, then GLM-4V-9B's full geometry with random weights and an image.

    python benchmarks/gpu.py            # about 28 GB of GPU memory in bfloat16
    python benchmarks/gpu.py --tiny     # the demo alone

It checks that the traced logits are bit for bit the untraced logits, and prints the device's name, times, overhead and
memory. Without a GPU it prints that and ends.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HOME", tempfile.mkdtemp(prefix="glm-trace-bench-"))

import torch
import transformers
from rich.console import Console

from tracer.bundled import write_fixture
from tracer.recorder.feeding.inputs import make_inputs
from tracer.recorder.model.model_watch import ModelOptions
from tracer.recorder.processors import load_preparers
from tracer.recorder.run_load import run_load
from tracer.recorder.session import Session
from tracer.trace.job import Job
from tracer.trace.reading import open_trace
from tracer.trace.sealing import seal

FIXTURES = Path(__file__).parents[1] / "fixtures"
GIB = 2**30
TOKENS = 16


def run(title: str, job: Job, folder: Path, turns: int, console: Console) -> None:
    """Record the job, then measure untraced and traced passes of its model alternately."""
    torch.cuda.reset_peak_memory_stats()
    session = _session(job, ModelOptions())
    began = time.perf_counter()
    with session:
        model = run_load(job, session)
    seconds = time.perf_counter() - began
    session.finish(None, model)
    seal(Path(job.journal), folder / "a.glmtrace")
    with open_trace(folder / "a.glmtrace") as trace:
        tokens = [step.data["text"] for step in trace.steps(kinds=["token-generated"])]
        [built] = [step.data for step in trace.steps(kinds=["model-built"])]
        times = sum(len(step.data["milliseconds"]) for step in trace.steps(kinds=["device-times"]))
        steps = len(trace)
    console.rule(title, align="left")
    console.print(f"{built['tensors']:,} parameters, {built['numbers']:,} numbers; {steps:,} steps in {seconds:.1f} s")
    console.print(f"peak GPU memory {torch.cuda.max_memory_allocated() / GIB:.2f} GiB")
    console.print(f"{len(tokens)} tokens generated: {tokens}")
    console.print(f"{times:,} module calls timed by CUDA events")
    assert len(tokens) <= job.generate
    assert times

    inputs = _inputs(job, model, folder)

    def one_pass() -> Any:
        with torch.no_grad():
            return model(**inputs).logits

    watched = {
        "by module": ("none", ModelOptions()),
        "by module, code stepped": ("first", ModelOptions()),
        "by module and operator": ("none", ModelOptions(operators=True)),
    }
    expected, _ = _timed(one_pass)
    plain: list[float] = []
    seen: dict[str, list[float]] = {name: [] for name in watched}
    for _ in range(turns):
        logits, milliseconds = _timed(one_pass)
        assert torch.equal(logits, expected), "two untraced passes differ"
        plain.append(milliseconds)
        for name, (step_forward, options) in watched.items():
            job.step_forward = step_forward  # type: ignore[assignment]
            session = _session(job, options)
            with session, session.model.passes(model, "forward"):
                logits, milliseconds = _timed(one_pass)
            session.finish(None)
            assert torch.equal(logits, expected), f"{name}: the traced logits differ from the untraced ones"
            seen[name].append(milliseconds)
    console.print(f"one pass untraced: {statistics.median(plain):.1f} ms (median of {turns})")
    for name, all_milliseconds in seen.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(all_milliseconds, plain, strict=True))
        console.print(
            f"{name}: {statistics.median(all_milliseconds):.1f} ms, {ratio:.2f} ×; logits bit for bit the same"
        )


def _session(job: Job, options: ModelOptions) -> Session:
    Path(job.journal).unlink(missing_ok=True)  # from the previous turn
    return Session(
        Path(job.journal), model=job.model, step_forward=job.step_forward, forward_output=False, model_options=options
    )


def _inputs(job: Job, model: Any, folder: Path) -> dict[str, Any]:
    """Return the inputs of the recorded pass."""
    session = Session(folder / "inputs", model=job.model, forward_output=False)
    made = load_preparers(job, session.recording)
    arguments = make_inputs(job, model, made, session.recording).arguments
    session.finish(None)
    assert arguments is not None
    return arguments


def _timed(one_pass: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result and the milliseconds, including the device's work."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    result = one_pass()
    torch.cuda.synchronize()
    return result, (time.perf_counter() - began) * 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--turns", type=int, default=11)
    options.add_argument("--tiny", action="store_true", help="leave the 9B geometry out")
    wanted = options.parse_args()
    if not torch.cuda.is_available():
        print(f"torch {torch.__version__} sees no CUDA device here, so nothing was measured.")
        sys.exit(0)
    transformers.logging.set_verbosity_error()
    console = Console(width=120)
    console.print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, transformers {transformers.__version__}")
    common: dict[str, Any] = {
        "work": "load", "device": "cuda", "dtype": "bfloat16", "trust_remote_code": True, "generate": TOKENS,
        "kwargs": {"empty_init": False, "use_cache": False},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        demo = Job(journal=str(folder / "journal"), model=str(FIXTURES / "glm-4v-tiny"), **common)
        run("demo: the tiny GLM-4V", demo, folder, wanted.turns, console)
        if wanted.tiny:
            return
        full = write_fixture(FIXTURES, "glm-4v-9b", folder / "glm-4v-9b")
        job = Job(journal=str(folder / "journal"), model=str(full), weights="random", **common)
        run("GLM-4V-9B's geometry, random weights", job, folder, wanted.turns, console)


if __name__ == "__main__":
    main()
