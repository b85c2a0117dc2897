"""The overhead of recording a load, measured side by side in one run.

    python benchmarks/load_overhead.py            # the tiny GLM-4V, every contestant
    python benchmarks/load_overhead.py --large    # also a checkpoint of more than 500 MB

Every contestant loads the same directory in the same process, in turns, so that a machine that is busy for a while
slows all of them. The number to quote is the median of the ratios to the untraced load of the same turn. Loads are
warm: everything has been imported and read from disk before.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HOME", tempfile.mkdtemp(prefix="glm-trace-bench-"))

import torch
import transformers
from rich.console import Console
from side_by_side import Contestant, Work, contest, report, untraced
from transformers import AutoModelForCausalLM

from tracer.recorder.session import Session

FIXTURE = Path(__file__).parents[1] / "fixtures" / "glm-4v-tiny"


def ours(model: Path, *, lines: bool) -> Contestant:
    def run(load: Work) -> float:
        with tempfile.TemporaryDirectory() as folder:
            session = Session(Path(folder) / "journal", model=str(model), lines=lines)
            with session:
                began = time.perf_counter()
                load()
                seconds = time.perf_counter() - began
            session.finish(None)
            return seconds

    return run


def with_hunter(load: Work) -> float:
    """Run Hunter with predicates for the functions that we step, and an action that does nothing."""
    import hunter

    from tracer.recorder.stepping.targets import NAMES

    seen = 0

    def count(event: object) -> None:
        nonlocal seen
        seen += 1

    watched = hunter.Q(module_startswith="transformers", function_in=sorted(NAMES - {"__init__"}))
    with hunter.trace(watched, action=count):
        began = time.perf_counter()
        load()
        return time.perf_counter() - began


def with_viztracer(load: Work) -> float:
    """Run VizTracer with its defaults: calls only, with a large buffer."""
    from viztracer import VizTracer

    recorder = VizTracer(verbose=0, tracer_entries=5_000_000)
    recorder.start()
    began = time.perf_counter()
    load()
    seconds = time.perf_counter() - began
    recorder.stop()
    recorder.clear()
    return seconds


def loader(model: Path, **arguments: object) -> Work:
    def load() -> object:
        # transformers 5 caches remote classes; every load here must do all of the work.
        AutoModelForCausalLM._model_mapping._extra_content.clear()
        return AutoModelForCausalLM.from_pretrained(model, trust_remote_code=True, **arguments)

    return load


def out_of_memory(folder: Path) -> Callable[[], None]:
    """Drop the folder's files from the page cache, as on the first load of a day."""

    def drop() -> None:
        os.sync()
        for path in folder.iterdir():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    return drop


def write_large_model(folder: Path) -> Path:
    """Write a random Llama-type checkpoint of some 550 MB in float32."""
    config = transformers.LlamaConfig(
        hidden_size=1024, intermediate_size=2816, num_hidden_layers=8, num_attention_heads=16, vocab_size=16_384
    )
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    assert size >= 500e6, size
    return folder


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--turns", type=int, default=21)
    options.add_argument("--large", action="store_true", help="also load more than 500 MB of weights")
    wanted = options.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    console = Console(width=110)
    console.print(
        f"transformers {transformers.__version__}, torch {torch.__version__}, {os.cpu_count()} cores, "
        f"{wanted.turns} turns"
    )
    contestants: dict[str, Contestant] = {
        "untraced": untraced,
        "glm-trace, lines and locals": ours(FIXTURE, lines=True),
        "glm-trace, calls only": ours(FIXTURE, lines=False),
        "hunter, predicates only": with_hunter,
        "viztracer": with_viztracer,
    }
    load = loader(FIXTURE, empty_init=False, use_cache=False)
    report("tiny GLM-4V, remote code", contest(contestants, load, wanted.turns), console)
    if wanted.large:
        with tempfile.TemporaryDirectory() as folder:
            model = write_large_model(Path(folder) / "large")
            large: dict[str, Contestant] = {
                "untraced": untraced,
                "glm-trace, lines and locals": ours(model, lines=True),
            }
            turns = max(wanted.turns // 2, 5)
            converted = loader(model, torch_dtype=torch.bfloat16)
            cold = contest(large, converted, turns, out_of_memory(model))
            report("Llama type, 550 MB of float32 as bfloat16, read from disk", cold, console)
            report("the same, read from the page cache", contest(large, converted, turns), console)
            report(
                "the same as float32: mapped into memory, hardly read", contest(large, loader(model), turns), console
            )


if __name__ == "__main__":
    main()
