"""How fast a large trace is to work with: a million steps of a synthetic load, see synthetic.py.

    python benchmarks/large_trace.py
    python benchmarks/large_trace.py --steps 100000 --keep large.glmtrace

Limits: opening at most 0.3 s; a jump to any step, with its variables, at most 10 ms; the decisions of a stage at most
1 s; 300 MB of memory. A jump is *cold* if nothing is cached from earlier jumps. Another process writes the trace, and
the memory is the peak of this process.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tracer.analysis.cursor import Cursor
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.locals import LocalsHistory
from tracer.analysis.search import search
from tracer.trace.reading import Trace, open_trace
from tracer.trace.text_search import mentions

JUMPS = 2_000


class Measured(NamedTuple):
    what: str
    milliseconds: list[float]
    bar: float | None = None


def timed(what: str, work: Callable[[int], object], numbers: Iterable[int], bar: float | None = None) -> Measured:
    milliseconds = []
    for number in numbers:
        began = time.perf_counter()
        work(number)
        milliseconds.append((time.perf_counter() - began) * 1e3)
    return Measured(what, milliseconds, bar)


def measure(path: Path) -> list[Measured]:
    opening = timed("opening", lambda _: open_trace(path).close(), range(5), bar=300)
    with open_trace(path) as trace:
        return [opening, *jumps(trace), *moves(trace), *searches(trace), *decided(trace)]


def jumps(trace: Trace) -> list[Measured]:
    chance, kept = random.Random(1), LocalsHistory(trace)

    def look(variables: LocalsHistory, number: int) -> None:
        for state in variables.at(number)[:1]:
            for local in state.variables.values():
                local.value(trace)

    def cold(number: int) -> None:
        look(LocalsHistory(trace), number)

    numbers = [chance.randrange(len(trace)) for _ in range(JUMPS)]
    long = longest_frame(trace)
    return [
        timed("jump with its variables", lambda number: look(kept, number), numbers, bar=10),
        timed("the same, cold", cold, numbers, bar=10),
        timed("into the longest frame, cold", cold, chance.sample(long, 100), bar=10),
        timed("to its last step, cold", cold, [long[-1]] * 20, bar=10),
        timed("in it, step by step backwards", lambda number: look(kept, number), long[:-300:-1], bar=10),
    ]


def longest_frame(trace: Trace) -> list[int]:
    [(frame, _)] = trace.rows("SELECT frame, count(*) FROM step GROUP BY frame ORDER BY 2 DESC LIMIT 1")
    return [number for (number,) in trace.rows("SELECT number FROM step WHERE frame = ? ORDER BY number", frame)]


def moves(trace: Trace) -> list[Measured]:
    chance, cursor = random.Random(2), Cursor(trace)
    numbers = [chance.randrange(len(trace)) for _ in range(JUMPS)]

    def move(way: Callable[[], int | None]) -> Callable[[int], object]:
        return lambda number: (cursor.go(number), way())

    return [
        *(
            timed(way.__name__.replace("_", " "), move(way), numbers, bar=10)
            for way in (
                cursor.next, cursor.into, cursor.into_back, cursor.over, cursor.over_back, cursor.out, cursor.caller,
                cursor.next_stage, cursor.previous_stage,
            )
        ),
        timed("next change of a variable", move(lambda: cursor.next_change("path_2")), numbers, bar=10),
        timed("next run of a line", move(lambda: cursor.next_line(3, 40)), numbers[:200], bar=100),
        timed("of a line that never runs", move(lambda: cursor.next_line(3, 10**6)), numbers[:10], bar=100),
    ]  # fmt: skip


def searches(trace: Trace) -> list[Measured]:
    texts = ["layers.3", "weight_77", "config", "zzzz", "t", "tr", "tra", "tran", "function_12"]
    return [
        timed("reading names and values, before the first search", lambda _: mentions(trace), [0]),
        timed("search, as one types", lambda at: search(trace, texts[at]), range(len(texts))),
    ]


def decided(trace: Trace) -> list[Measured]:
    stages = list(trace.stage_counts())
    return [timed("decisions of a stage", lambda at: list(decisions(trace, stages=[stages[at]])), range(3), bar=1_000)]


def report(trace: Path, measured: list[Measured], console: Console) -> None:
    table = Table(title=f"{trace.stat().st_size / 1e6:.0f} MB", title_justify="left")
    table.add_column("what")
    for column in ("times", "median ms", "99 % ms", "worst ms", "bar ms"):
        table.add_column(column, justify="right")
    for what, milliseconds, bar in measured:
        ninety_nine = sorted(milliseconds)[int(len(milliseconds) * 0.99)]
        figures = (statistics.median(milliseconds), ninety_nine, max(milliseconds))
        table.add_row(
            what, f"{len(milliseconds):,}", *(f"{n:,.2f}" for n in figures), "" if bar is None else f"{bar:g}"
        )
    console.print(table)
    console.print(f"highest memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="where the trace is kept, and taken from if it is there")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.keep or Path(folder) / "large.glmtrace"
        if not path.exists():
            began = time.perf_counter()
            maker = Path(__file__).with_name("synthetic.py")
            subprocess.run([sys.executable, str(maker), str(path), "--steps", str(arguments.steps)], check=True)
            console.print(f"written and sealed in {time.perf_counter() - began:.1f} s")
        report(path, measure(path), console)


if __name__ == "__main__":
    main()
