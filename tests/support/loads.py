"""Recording loads for tests: warm children, and one recording for all tests that ask for the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tracer.launch.children import WarmStarter
from tracer.launch.watching import Recorded, run_job
from tracer.trace.job import Job
from tracer.trace.reading import Trace, open_trace

MAIN_CALL = {"empty_init": False, "use_cache": False, "torch_dtype": "torch.bfloat16"}
"""The keyword arguments of GLM-4V's fine-tuning script."""


class Loads:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start = WarmStarter()
        self._known: dict[bytes, Recorded] = {}
        self._count = 0

    def record(self, model: Path | str = "", **options: Any) -> Recorded:
        """Record a load of a directory (or, with ``work="script"``, a script); consent is given unless said."""
        options = {"work": "load", "trust_remote_code": True, "model": str(model), **options}
        key = msgspec.json.encode(options)
        if key not in self._known:
            self._known[key] = self.record_anew(**options)
        return self._known[key]

    def record_anew(self, **options: Any) -> Recorded:
        """Record without looking whether it was recorded before."""
        self._count += 1
        path = self._folder / f"{self._count}.glmtrace"
        job = Job(journal=f"{path}.journal", **options)
        return run_job(job, path, start=self._start)

    def run(self, job: Job) -> Recorded:
        """Record a job beside its journal."""
        return run_job(job, Path(job.journal.removesuffix(".journal")), start=self._start)

    def trace(self, model: Path | str, **options: Any) -> Trace:
        """The open trace of a recorded load."""
        return open_trace(self.record(model, **options).path)
