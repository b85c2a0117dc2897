"""The overhead of watching a forward pass, measured side by side in one run.

    python benchmarks/model_overhead.py            # every contestant that is installed
    python benchmarks/model_overhead.py --turns 41

The model is of the Llama type with 12 layers, 512 wide, in float32 on one CPU core (two threads that wait for each
other on a busy machine would measure the machine). A pass takes about 50 ms. The contestants take turns, and the number
to quote is the median of the ratios to the untraced pass of the same turn. The time covers one pass and whatever its
watcher does to begin and end watching. The memory column is the rise of a fresh process's peak while it watches one
pass, beyond an untraced pass.

Limits: by module at most 1.10 ×, with operators at most 1.9 ×, at most 50 MB of memory.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("KINETO_LOG_LEVEL", "5")
os.environ.setdefault("HF_HOME", tempfile.mkdtemp(prefix="glm-trace-bench-"))

import torch
import transformers
from rich.console import Console
from side_by_side import BASE, Contestant, Work, contest, ratio, report, untraced

from tracer.recorder.model.model_watch import ModelOptions
from tracer.recorder.session import Session

LENGTH = 32  # tokens: a pass of about 50 ms on one core
BARS = {"glm-trace, by module": 1.10, "glm-trace, by module and operator": 1.90}
MEMORY_BAR = 50.0  # MB


def llama() -> Any:
    """Return a random model of 12 layers, 512 wide."""
    config = transformers.LlamaConfig(
        hidden_size=512, intermediate_size=1408, num_hidden_layers=12, num_attention_heads=8, vocab_size=8_192
    )
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(config).eval()


def ours(model: Any, step_forward: Any, **options: bool) -> Contestant:
    """Watch one pass in a session like that of ``glm-trace load``."""

    def run(work: Work) -> float:
        with tempfile.TemporaryDirectory() as folder:
            session = Session(
                Path(folder) / "journal", step_forward=step_forward, model_options=ModelOptions(**options)
            )
            with session:
                began = time.perf_counter()
                with session.model.passes(model, "forward"):
                    work()
                seconds = time.perf_counter() - began
            session.finish(None)
            return seconds

    return run


def debugger_of_transformers(model: Any) -> Contestant:
    """Run ``model_addition_debugger_context``, which writes every module's inputs and outputs to files."""

    def run(work: Work) -> float:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            plain = model.forward
            began = time.perf_counter()
            with transformers.model_debugging_utils.model_addition_debugger_context(
                model, debug_path=folder, do_prune_layers=False
            ):
                work()
            seconds = time.perf_counter() - began
            assert model.forward == plain
        return seconds

    return run


def with_torchlens(model: Any, inputs: dict[str, Any]) -> Contestant:
    """Run TorchLens with its defaults: every operation with its activation. Its wrappers are removed afterwards."""
    import torchlens
    from torchlens.options import CaptureOptions

    def run(work: Work) -> float:
        began = time.perf_counter()
        with torch.no_grad():
            seen = torchlens.trace(
                model, input_kwargs={**inputs, "use_cache": False}, capture=CaptureOptions(unwrap_when_done=True)
            )
        seconds = time.perf_counter() - began
        del seen
        gc.collect()
        return seconds

    return run


def with_profiler(work: Work) -> float:
    """Run torch.profiler with the shapes of every operator's inputs."""
    from torch.profiler import ProfilerActivity, profile

    began = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True):
        work()
    return time.perf_counter() - began


def contestants_for(model: Any, inputs: dict[str, Any]) -> tuple[dict[str, Contestant], list[str]]:
    """Return the contestants in this environment, and why others are left out."""
    taking_part: dict[str, Contestant] = {
        BASE: untraced,
        "glm-trace, by module": ours(model, "none"),
        "glm-trace, by module, code stepped": ours(model, "first"),
        "glm-trace, by module and operator": ours(model, "none", operators=True),
    }
    left_out = []
    if importlib.util.find_spec("transformers.model_debugging_utils") is not None:
        taking_part["transformers' debugger context"] = debugger_of_transformers(model)
    else:
        left_out.append(f"transformers {transformers.__version__} has no model_addition_debugger_context")
    if importlib.util.find_spec("torchlens") is not None:
        taking_part["torchlens"] = with_torchlens(model, inputs)
    else:
        left_out.append("torchlens is not installed")
    taking_part["torch.profiler"] = with_profiler
    return taking_part, left_out


def prepared() -> tuple[dict[str, Contestant], list[str], Work]:
    model = llama()
    inputs = {"input_ids": torch.arange(LENGTH).reshape(1, LENGTH)}

    def one_pass() -> object:
        with torch.no_grad():
            return model(**inputs)

    return *contestants_for(model, inputs), one_pass


def peak_rise(name: str) -> float:
    """Return the bytes by which this process's peak rises while a contestant watches one pass (Linux)."""
    contestants, _, work = prepared()
    for _ in range(3):
        work()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = _status("VmHWM")
    contestants[name](work)
    return _status("VmHWM") - before


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{name}:"))) * 1024


def memory_added(names: list[str]) -> dict[str, float]:
    """Return the MB that each contestant adds to the peak, beyond an untraced pass; each runs in its own process."""
    rises = {}
    for name in names:
        command = [sys.executable, __file__, "--memory-of", name]
        rises[name] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])
    return {name: (rise - rises[BASE]) / 1e6 for name, rise in rises.items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--turns", type=int, default=21)
    options.add_argument("--memory-of", metavar="CONTESTANT", help=argparse.SUPPRESS)
    wanted = options.parse_args()
    transformers.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if wanted.memory_of:
        print(peak_rise(wanted.memory_of))
        return
    console = Console(width=120)
    contestants, left_out, work = prepared()
    console.print(f"transformers {transformers.__version__}, torch {torch.__version__}, 1 thread, {wanted.turns} turns")
    measured = contest(contestants, work, wanted.turns)
    memory = memory_added([*contestants]) if Path("/proc/self/clear_refs").exists() else {}
    shown = {name: f"{added:.0f}" for name, added in memory.items()}
    report(f"one pass of 12 layers, 512 wide, {LENGTH} tokens", measured, console, {"MB added": shown})
    for reason in left_out:
        console.print(f"left out: {reason}")
    for name, bar in BARS.items():
        mine, added = ratio(measured, name), memory.get(name, 0.0)
        verdict = "met" if mine <= bar and added <= MEMORY_BAR else "MISSED"
        console.print(f"{name}: {mine:.2f} × (bar {bar:.2f}), {added:.0f} MB (bar {MEMORY_BAR:.0f}): {verdict}")


if __name__ == "__main__":
    main()
