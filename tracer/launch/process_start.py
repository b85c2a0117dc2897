"""Start the traced process: in a fresh interpreter, or as a fork of a process that has imported torch already."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context, set_start_method
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Final, Protocol

from tracer.launch.environments import Environment, without_python_path
from tracer.launch.interpreter import python_command, safe_helpers
from tracer.launch.scratch import path_of
from tracer.trace.job import Job, write_job

# A name, not an import: the recorder is imported in the traced process only.
_CHILD: Final = "tracer.recorder.child"
PRELOADED: Final = (
    "torch", "transformers", "transformers.modeling_utils", "transformers.models.auto.auto_factory",
    "transformers.models.auto.tokenization_auto", _CHILD, "tracer.recorder.warming",
)  # fmt: skip
"""What a warm process imports once for all of its forks."""
_RUN: Final = f"from {_CHILD} import main; sys.exit(main(sys.argv[1]))"


class Child(Protocol):
    """A started process."""

    @property
    def pid(self) -> int: ...

    def wait(self, seconds: float) -> int | None:
        """Return the exit code (minus the signal's number, if a signal killed it), or None while it is running."""

    def send(self, number: int) -> None:
        """Send a signal, if the process is still running."""

    def sweep(self) -> None:
        """Kill the processes that it left running, if they can be distinguished from others."""


Starter = Callable[[Job, "Path | None"], Child]
"""A function that starts a job. The file at the path receives what native code prints (None: it goes to the
terminal)."""


class _FreshChild:
    def __init__(self, process: subprocess.Popen[bytes], job_file: IO[bytes]) -> None:
        self._process = process
        self._job_file = job_file
        self.pid = process.pid

    def wait(self, seconds: float) -> int | None:
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._job_file.close()
        return code

    def send(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def sweep(self) -> None:
        pass  # it stays in this process group, so that Ctrl-C reaches every process that a script has started


def start_fresh(job: Job, output: Path | None) -> Child:
    """Start a new Python interpreter, as for a user's own script."""
    return _start(job, output, sys.executable, os.environ)


def start_in(environment: Environment) -> Starter:
    """Return a starter whose interpreter is that of another environment."""

    def start(job: Job, output: Path | None) -> Child:
        own = environment.python == sys.executable
        return _start(job, output, environment.python, os.environ if own else without_python_path(os.environ))

    return start


def _start(job: Job, output: Path | None, python: str, variables: Mapping[str, str]) -> Child:
    job_file = write_job_file(job)
    command = python_command(_RUN, str(path_of(job_file)), python=python)
    environment = {**variables, **job.environment}
    if output is None:
        return _FreshChild(subprocess.Popen(command, env=environment), job_file)
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment)
    return _FreshChild(process, job_file)


class _ForkedChild:
    def __init__(self, process: BaseProcess, job_file: IO[bytes]) -> None:
        self._process = process
        self._job_file = job_file
        self.pid = process.pid or 0

    def wait(self, seconds: float) -> int | None:
        self._process.join(seconds)
        if self._process.exitcode is not None:
            self._job_file.close()
        return self._process.exitcode

    def send(self, number: int) -> None:
        if self._process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def sweep(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # its own group, see run_forked


class WarmStarter:
    """Start jobs as forks of one process that has imported torch and transformers, which saves seconds for each.

    That process keeps the environment of the first start.
    """

    def __init__(self) -> None:
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOADED))
        self._is_warm = False

    def warm(self) -> None:
        """Start that process, unless it is running, and wait until its imports are done."""
        if not self._is_warm:
            with _interrupts_ignored(), safe_helpers():
                ensure_running()
            process = self._context.Process(target=os.getpid)
            with safe_helpers():
                process.start()
            process.join()
            self._is_warm = True

    def __call__(self, job: Job, output: Path | None) -> Child:
        job_file = write_job_file(job)
        process = self._context.Process(target=run_forked, args=(str(path_of(job_file)), str(output or os.devnull)))
        with safe_helpers():  # if the fork server has died, it is started again
            process.start()
        return _ForkedChild(process, job_file)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore interrupts in processes started in the block: Ctrl-C during their imports would print a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set signal handlers
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_forked(job_file: str, output: str) -> None:
    """Redirect the standard streams of the forked process, then do the job."""
    os.setsid()  # the processes that it starts can be ended with it
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the fork server ignores it
    set_start_method(None, force=True)  # the traced code must not inherit it, or its locks count as leaked
    opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(opened, 1)
    os.dup2(opened, 2)
    os.close(opened)
    code = importlib.import_module(_CHILD).main(job_file)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def write_job_file(job: Job) -> IO[bytes]:
    """Write the job, which can contain a token, to a file in memory that the child can read until it is closed here."""
    file = os.fdopen(os.memfd_create("glm-trace-job"), "w+b")
    file.write(write_job(job))
    file.flush()
    return file
