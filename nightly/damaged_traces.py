"""Damage traces in thousands of ways and run every reader on them: each must give a result or a one-sentence error.

Run as ``python nightly/damaged_traces.py --mutants 20000``; ``--only SEED`` repeats one mutant and shows its traceback.
It exits with 1 if a reader failed in another way, exceeded its time limit, used too much memory or changed a file.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from nightly.mutations import mutate

SECONDS: Final = 25  # seconds of processor time for a reader
WALL_SECONDS: Final = 600  # seconds of wall time, for a reader that waits; long, because the machine may be busy
MEMORY: Final = 1_500 << 20  # bytes that a reader may add to the peak memory of its process
FIXTURES: Final = Path(__file__).parents[1] / "fixtures"


class Result(NamedTuple):
    """The results for a damaged file: for each reader ``ok``, ``sentence`` or what was wrong."""

    seed: int
    damage: str
    answers: dict[str, str]
    details: str


class TooLongError(BaseException):
    """A reader exceeded its time limit."""


# ── Readers ────────────────────────────────────────────────────────────────────────────────────────


def command(*arguments: str) -> Callable[[Path, Path], None]:
    """Return a reader that runs a glm-trace command in this process; ``FILE`` and ``GOOD`` are placeholders for the
    traces."""

    def read(file: Path, good: Path) -> None:
        from tracer.cli.main import app

        words = [str({"FILE": file, "GOOD": good}.get(word, word)) for word in arguments]
        app(words, standalone_mode=False)

    return read


def search(file: Path, _: Path) -> None:
    from tracer.analysis.search import search as find
    from tracer.trace.reading import open_trace

    with open_trace(file) as trace:
        for text in ("config", "chatglm", "BertModel", "0", "é"):
            list(find(trace, text))


def travel(file: Path, _: Path) -> None:
    """Step and jump through the whole trace and read the variables of each place."""
    from tracer.analysis.cursor import Cursor
    from tracer.analysis.locals import LocalsHistory
    from tracer.trace.reading import open_trace

    with open_trace(file) as trace:
        cursor, variables = Cursor(trace), LocalsHistory(trace)
        for number in range(0, len(trace), max(len(trace) // 40, 1)):
            cursor.go(number)
            for move in (cursor.next, cursor.over, cursor.out, cursor.previous):
                move()
            for state in variables.at(cursor.number):
                for local in state.variables.values():
                    local.value(trace)


def play(file: Path, _: Path) -> None:
    """Open the player without a screen and press its keys."""
    from tracer.trace.errors import TracerError
    from tracer.trace.reading import open_trace
    from tracer.tui.player import Player

    async def press() -> None:
        with open_trace(file) as trace:
            app = Player(trace, "en")
            running = asyncio.create_task(app.run_async(headless=True, size=(100, 30)))
            for key in ("", "right", "down", *"2345678", "right_square_bracket", "d", "end", "left"):
                await asyncio.sleep(0.05 if key else 0.4)
                if key and not running.done() and app.failure is None:
                    app.simulate_key(key)
            app.exit(return_code=app.return_code or 0)
            await running
            if isinstance(app.failure, TracerError):
                raise app.failure

    asyncio.run(press())


READERS: Final[dict[str, Callable[[Path, Path], None]]] = {
    "show": command("show", "FILE"),
    "show --steps": command("show", "FILE", "--steps"),
    "show --json": command("show", "FILE", "--json"),
    "show --steps --json": command("show", "FILE", "--steps", "--json"),
    "why": command("why", "FILE"),
    "why --json": command("why", "FILE", "--json", "--lang", "zh"),
    "decisions": command("decisions", "FILE", "--lang", "zh"),
    "decisions --all": command("decisions", "FILE", "--all"),
    "kwargs": command("kwargs", "FILE"),
    "kwargs NAME": command("kwargs", "FILE", "trust_remote_code"),
    "diff": command("diff", "GOOD", "FILE"),
    "walkthrough list": command("walkthrough", "list", "FILE"),
    "walkthrough show": command("walkthrough", "show", "config-file", "FILE", "--format", "md"),
    "walkthrough check": command("walkthrough", "check", "getting-config", "FILE", "--coverage"),
    "search": search,
    "travel": travel,
    "player": play,
}
RARE: Final = {"player": 0.2, "walkthrough check": 0.5, "walkthrough list": 0.2}
"""The share of the files on which a slow reader is run."""


def answer(read: Callable[[Path, Path], None], file: Path, good: Path) -> tuple[str, str]:
    """Return the result of a reader on a file, and what to show of a failure."""
    from click.exceptions import ClickException, Exit

    from tracer.trace.errors import TracerError

    output = io.StringIO()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    signal.signal(signal.SIGPROF, _too_long)
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(WALL_SECONDS)
    verdict, details = "ok", ""
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            read(file, good)
    except TracerError as error:
        verdict = "sentence" if "\n" not in str(error) else "a sentence of several lines"
    except (ClickException, Exit, SystemExit):
        verdict = "ok"  # a command that ends with an exit code has printed why
    except TooLongError:
        verdict, details = "too long", traceback.format_exc()
    except BaseException as error:
        verdict, details = f"traceback: {type(error).__name__}", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    if "Traceback (most recent call last)" in output.getvalue():
        verdict, details = "printed a traceback", output.getvalue()[-3_000:]
    if (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - before > MEMORY:
        verdict, details = "too much memory", details
    return verdict, details


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLongError


def attempt(work: tuple[int, list[Path], str | None]) -> Result:
    """Damage a file, run some readers on it, and check that they did not write to it."""
    seed, originals, only = work
    chance = random.Random(~seed)
    original = chance.choice(originals)
    with tempfile.TemporaryDirectory(prefix="damaged-") as folder:
        file = Path(folder) / ("x.glmtrace" + ".journal" * original.name.endswith(".journal"))
        damage = f"{original.name}: {mutate(original, file, seed)}"
        content = file.read_bytes()
        names = [only] if only else chance.sample(sorted(READERS), 4)
        answers, details = {}, ""
        for name in names:
            if only is None and chance.random() > RARE.get(name, 1.0):
                continue
            answers[name], more = answer(READERS[name], file, originals[0])
            details += f"\n── {name}\n{more}" if more else ""
        if file.read_bytes() != content or len(os.listdir(folder)) != 1:
            answers["the file"] = "was changed"
    return Result(seed, damage, answers, details)


# ── The run ────────────────────────────────────────────────────────────────────────────────────────


def record(folder: Path) -> list[Path]:
    """Record the files to damage: a successful load, a failed load, and an unsealed journal."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    made = []
    for name, arguments in {
        "good": [str(FIXTURES / "glm-4v-tiny"), "--no-forward"],
        "small": [str(FIXTURES / "bert-tiny"), "--no-tokenizer"],
        "failed": [str(FIXTURES / "broken" / "misspelt-class")],
    }.items():
        path = folder / f"{name}.glmtrace"
        line = [sys.executable, "-m", "tracer.cli.main", "load", *arguments, "--trust-remote-code", "-o", str(path)]
        subprocess.run(line, env=environment, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
        made.append(path)
    left = folder / "left.glmtrace"
    job = f"""
import os
from pathlib import Path
from tracer.recorder.session import Session
session = Session(Path({str(left) + ".journal"!r}))
session.start()
from transformers import AutoConfig
AutoConfig.from_pretrained({str(FIXTURES / "bert-tiny")!r})
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", job], env=environment, cwd=Path(__file__).parents[1])
    return [*made, left.with_name(left.name + ".journal")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first one")
    parser.add_argument("--only", type=int, help="run this one again, with every reader")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="traces-") as folder:
        originals = record(Path(folder))
        if options.only is not None:
            found = [attempt((options.only, originals, name)) for name in READERS]
            for result in found:
                print(result.seed, result.damage, result.answers, result.details)
            return 0
        began = time.monotonic()
        counts: Counter[tuple[str, str]] = Counter()
        bad = []
        work = ((options.seed + number, originals, None) for number in range(options.mutants))
        # A process is replaced after some files, so that memory kept because of one file is not counted for the next.
        with get_context("spawn").Pool(options.jobs, maxtasksperchild=200) as pool:
            for done, result in enumerate(pool.imap_unordered(attempt, work, chunksize=10), 1):
                for name, verdict in result.answers.items():
                    counts[name, verdict] += 1
                if set(result.answers.values()) - {"ok", "sentence"}:
                    bad.append(result)
                    print(f"seed {result.seed}: {result.damage}: {result.answers}{result.details}", flush=True)
                if done % 1_000 == 0:
                    print(f"{done:,} files, {sum(counts.values()):,} reads, {len(bad)} bad", flush=True)
        for (name, verdict), count in sorted(counts.items()):
            print(f"{name:22} {verdict:30} {count:7,}")
        reads, seconds = sum(counts.values()), time.monotonic() - began
        print(f"{options.mutants:,} damaged files, {reads:,} reads, {len(bad)} bad, {seconds:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
