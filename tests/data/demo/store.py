"""Record the demo's load on the release of transformers that is installed, and keep it here for other releases' tests.

    python -m tests.data.demo.store         # the load, line by line
    python -m tests.data.demo.store pass    # its calls, a pass and three tokens, without the library's sources

What tells of the machine is left out of the metadata.
"""

from __future__ import annotations

import lzma
import sqlite3
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tracer.launch.runner import run_job
from tracer.trace.job import Job

HERE = Path(__file__).parent
DEMO = HERE.parents[2] / "fixtures" / "glm-4v-tiny"
_OF_THE_MACHINE = ("roots", "environment", "processor", "platform", "gpus", "started")


def stored(name: str) -> Path:
    """Where a recording is kept, packed: of a load by its release, of a pass by that with ``pass-`` before it."""
    return HERE / f"{name}.glmtrace.xz"


def unpack(name: str, folder: Path) -> Path:
    """A recording as a trace file in a folder."""
    path = folder / f"demo-{name}.glmtrace"
    path.write_bytes(lzma.decompress(stored(name).read_bytes()))
    return path


def record(folder: Path, **asked: Any) -> Path:
    """Record the demo's load in a process of its own, with an empty modules cache in the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_MODULES_CACHE", str(folder / "modules"))
        path = folder / "demo.glmtrace"
        asked = {"forward": False, **asked}
        job = Job(work="load", journal=f"{path}.journal", model=str(DEMO), trust_remote_code=True, **asked)
        return run_job(job, path).path


def store() -> Path:
    """Keep the load."""
    with tempfile.TemporaryDirectory() as folder:
        return _keep(record(Path(folder)), version("transformers"))


def store_pass() -> Path:
    """Keep a pass and three tokens."""
    with tempfile.TemporaryDirectory() as folder:
        path = record(Path(folder), lines=False, step_forward="none", forward=True, generate=3)
        return _keep(path, f"pass-{version('transformers')}", "DELETE FROM source WHERE path LIKE '<transformers>%'")


def _keep(path: Path, name: str, *changes: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executemany("DELETE FROM meta WHERE key = ?", [(key,) for key in _OF_THE_MACHINE])
    for change in changes:
        connection.execute(change)
    connection.commit()
    connection.execute("VACUUM")
    connection.close()
    kept = stored(name)
    kept.write_bytes(lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    return kept


if __name__ == "__main__":
    print(store_pass() if sys.argv[1:] == ["pass"] else store())
