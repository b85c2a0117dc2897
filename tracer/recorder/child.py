"""The traced process: reads its job, records the work, ends.

Run as ``python -m tracer.recorder.child JOB_FILE``, or called in a process that has torch imported already.
"""

from __future__ import annotations

import builtins
import faulthandler
import io
import os
import pkgutil
import runpy
import signal
import sys
import threading
import types
from contextlib import nullcontext
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import TracebackType
from typing import Any

from tracer.recorder import run_load as work
from tracer.recorder.code_guard import CodeGuard
from tracer.recorder.environment import apply_environment, limit_memory
from tracer.recorder.model.model_watch import ModelOptions
from tracer.recorder.session import Session
from tracer.recorder.source_text import read_source
from tracer.trace import reasons
from tracer.trace.errors import TracerError
from tracer.trace.job import Job, read_job
from tracer.trace.redaction.known_secrets import secrets_in, secrets_in_source
from tracer.trace.redaction.learned_secrets import SecretsTeller


def main(job_file: str) -> int:
    """Do the job; return the process's exit code."""
    job = read_job(Path(job_file).read_bytes())
    apply_environment(job.environment)
    if job.cwd is not None:
        os.chdir(job.cwd)
    if job.memory is not None:
        limit_memory(job.memory)
    faulthandler.enable()
    return record(job)


def record(job: Job) -> int:
    """Record the job's work into its journal."""
    session = Session(
        Path(job.journal),
        tell_secret=SecretsTeller(job.learned) if job.learned is not None else None,
        model=job.model if os.path.isdir(job.model) else None,
        command=job.command,
        secrets=secrets_in(job.kwargs) | (secrets_in_source(read_source(job.script[0])) if job.script else set()),
        lines=job.lines,
        stop_after=job.stop_after,
        all_threads=job.work == "script",
        forward_output=job.work == "script",
        step_forward=job.step_forward,
        model_options=ModelOptions(job.operators, job.statistics),
        made=job.journal_made,
    )
    if job.environment:
        session.recording.meta(set_for_the_load=job.environment)
    session.recording.meta(work=job.work, asked=job.model or job.script[:1], trust_remote_code=job.trust_remote_code)
    error: BaseException | None = None
    result: Any = None
    guard: CodeGuard | None = None
    try:
        if job.work == "load":
            session.part = None
            _import_the_library()
            work.check_job(job)
            guard = _guard(job)
        with session, guard or nullcontext():
            if job.work == "load":
                result = work.run_load(job, session)
            else:
                _run_script(job.script)
    except BaseException as caught:
        error = caught
    if guard is not None:
        session.recording.meta(remote_code=guard.facts())
        error = guard.refused or error  # whatever happened to it on its way
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is about to end; a second Ctrl-C must not damage the journal
    outcome = session.finish(error, result)
    if job.work == "script" and error is not None and outcome.status == "failed":
        return _exit_code_of_script(error)
    return 0


def _import_the_library() -> None:
    """Import the library before recording begins, as the import is no part of the load."""
    try:
        import torch  # noqa: F401
        import transformers
        import transformers.models.auto.auto_factory
        import transformers.models.auto.tokenization_auto  # noqa: F401
    except ImportError as error:
        raise TracerError(reasons.NO_TORCH, python=sys.executable, error=error) from error


def _guard(job: Job) -> CodeGuard | None:
    """Return the guard of remote code; None if none may run."""
    if not job.trust_remote_code:
        return None
    from transformers import dynamic_module_utils

    return CodeGuard(job.agreed, [dynamic_module_utils.HF_MODULES_CACHE])


def _run_script(argv: list[str]) -> None:
    """Run a script as ``python SCRIPT ARGS`` does."""
    sys.argv[:] = argv
    path = os.path.abspath(argv[0])
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    try:
        if path.endswith(".pyc") or pkgutil.get_importer(path) is not None:
            runpy.run_path(path, run_name="__main__")
        else:
            _run_as_main(path)
    except SystemExit as exit_:
        if exit_.code not in (None, 0):
            raise
    finally:
        _wait_for_threads()


def _run_as_main(path: str) -> None:
    """Run a file as runpy does, which would also put the absolute path into ``sys.argv``."""
    with io.open_code(path) as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    module = types.ModuleType("__main__")
    module.__dict__.update(
        __file__=path,
        __cached__=None,
        __builtins__=builtins,
        __annotations__={},
        __loader__=SourceFileLoader("__main__", path),
    )
    sys.modules["__main__"] = module  # for good: threads and exit handlers use it as well
    exec(code, module.__dict__)


def _wait_for_threads() -> None:
    """Wait for the script's threads, except daemons, as Python does at its end."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _exit_code_of_script(error: BaseException) -> int:
    """Print what Python would have printed; return the exit code."""
    if isinstance(error, SystemExit):
        if not isinstance(error.code, int):
            print(error.code, file=sys.stderr)
    else:
        error.__traceback__ = _without_ours(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
    return 1


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the script's own first frame on."""
    ours = {__file__, runpy.__file__, "<frozen runpy>"}
    while traceback is not None and traceback.tb_frame.f_code.co_filename in ours:
        traceback = traceback.tb_next
    return traceback


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
