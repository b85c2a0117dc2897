"""Load a fixture on several releases of transformers, in environments made from the package index: nox -s environments.

Needs the network and about 300 MB for each release.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FIXTURE = Path(__file__).resolve().parent.parent / "fixtures" / "bert-tiny"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", default="4.44.2,4.49.0,4.57.3,5.23.0")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tracer.cli.main", "across", str(FIXTURE), "--json", "--no-forward"]
        done = subprocess.run(
            [*command, "--releases", given.releases, "-o", f"{folder}/bert.glmtrace"],
            env={**os.environ, "XDG_CACHE_HOME": folder},
            stdout=subprocess.PIPE,
            check=False,
        )
        for run in json.loads(done.stdout)["releases"]:
            print(run["release"], "loaded" if run["good"] else run["obstacle"] or run["outcome"])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
