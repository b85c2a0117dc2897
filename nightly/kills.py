"""Kill recordings at random moments, and check that no step that the killed process had recorded is lost.

Run as ``python nightly/kills.py --kills 400``. It exits with 1 at the first trace that lacks a step.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.kills import killed_load
from tracer.launch.process_start import WarmStarter


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moment, start, steps = random.Random(options.seed), WarmStarter(), []
    began = time.monotonic()
    for number in range(1, options.kills + 1):
        with tempfile.TemporaryDirectory(prefix="killed-") as folder:
            steps.append(killed_load(Path(folder), start, moment))
        if number % 50 == 0:
            print(f"{number} killed, none lost a step", flush=True)
    middle = statistics.median(steps)
    print(f"{len(steps)} killed at {min(steps):,} to {max(steps):,} steps (median {middle:,.0f}), 0 steps lost")
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
