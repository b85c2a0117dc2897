"""Record the demo's load on the release of transformers that is installed, and keep it here for other releases' tests.

    python -m tests.data.demo.store

What tells of the machine is left out of the metadata.
"""

from __future__ import annotations

import lzma
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tracer.launch.watching import run_job
from tracer.trace.job import Job

HERE = Path(__file__).parent
DEMO = HERE.parents[2] / "fixtures" / "glm-4v-tiny"
_OF_THE_MACHINE = ("roots", "environment", "processor", "platform", "gpus", "started")


def stored(release: str) -> Path:
    """Where the recording of a release is kept, packed."""
    return HERE / f"{release}.glmtrace.xz"


def unpack(release: str, folder: Path) -> Path:
    """The recording of a release as a trace file in a folder."""
    path = folder / f"demo-{release}.glmtrace"
    path.write_bytes(lzma.decompress(stored(release).read_bytes()))
    return path


def record(folder: Path) -> Path:
    """Record the demo's load in a process of its own, with an empty modules cache in the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_MODULES_CACHE", str(folder / "modules"))
        path = folder / "demo.glmtrace"
        job = Job(work="load", journal=f"{path}.journal", model=str(DEMO), trust_remote_code=True, forward=False)
        return run_job(job, path).path


def store() -> Path:
    with tempfile.TemporaryDirectory() as folder:
        path = record(Path(folder))
        connection = sqlite3.connect(path)
        connection.executemany("DELETE FROM meta WHERE key = ?", [(key,) for key in _OF_THE_MACHINE])
        connection.commit()
        connection.execute("VACUUM")
        connection.close()
        kept = stored(version("transformers"))
        kept.write_bytes(lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
        return kept


if __name__ == "__main__":
    print(store())
