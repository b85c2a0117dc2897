"""Record loads for tests: in warm children, and once for all tests that need the same load."""

from __future__ import annotations

import hashlib
import itertools
import os
import pickle
from pathlib import Path
from typing import Any

import msgspec

from tests.support.typed_events import assert_events_are_typed
from tracer.launch.process_start import WarmStarter
from tracer.launch.runner import JobResult, run_job
from tracer.trace.job import Job
from tracer.trace.reading import Trace, open_trace

MAIN_CALL = {"empty_init": False, "use_cache": False, "torch_dtype": "torch.bfloat16"}
"""The keyword arguments of GLM-4V's fine-tuning script."""


class Loads:
    """The recordings of one test run, kept in a folder that its workers share.

    Two workers that request the same load at the same moment both record it; the results are equal.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start = WarmStarter()
        self._known: dict[str, JobResult] = {}
        self._numbers = itertools.count(1)

    def record(self, model: Path | str = "", **options: Any) -> JobResult:
        """Record a load of a directory (or, with ``work="script"``, a script), by default with consent."""
        options = {"work": "load", "trust_remote_code": True, "model": str(model), **options}
        key = hashlib.sha256(msgspec.json.encode(options)).hexdigest()
        if key not in self._known:
            self._known[key] = self._recorded_elsewhere(key) or self._record_for_all(key, options)
        return self._known[key]

    def _recorded_elsewhere(self, key: str) -> JobResult | None:
        try:
            found: JobResult = pickle.loads((self._folder / key).read_bytes())
        except FileNotFoundError:
            return None
        return found

    def _record_for_all(self, key: str, options: dict[str, Any]) -> JobResult:
        recorded = self.record_anew(**options)
        unfinished = self._folder / f"{key}.{os.getpid()}"
        unfinished.write_bytes(pickle.dumps(recorded))
        unfinished.replace(self._folder / key)
        return recorded

    def record_anew(self, **options: Any) -> JobResult:
        """Record even if it was recorded before."""
        path = self._folder / f"{os.getpid()}-{next(self._numbers)}.glmtrace"
        return self.run(Job(journal=f"{path}.journal", **options))

    def run(self, job: Job) -> JobResult:
        """Record a job beside its journal."""
        recorded = run_job(job, Path(job.journal.removesuffix(".journal")), start=self._start)
        if recorded.written:
            with open_trace(recorded.path) as trace:
                assert_events_are_typed(trace)
        return recorded

    def trace(self, model: Path | str, **options: Any) -> Trace:
        """Open the trace of a recorded load."""
        return open_trace(self.record(model, **options).path)
