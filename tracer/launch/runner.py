"""Run a job: start the process, watch it through its journal, enforce its limits, and seal the journal."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tracer.launch.process_start import Child, Starter, start_fresh
from tracer.launch.scratch import path_of, unnamed_file
from tracer.trace import journal
from tracer.trace.errors import NotATrace
from tracer.trace.events import AdapterFound, FileResolved, JsonRead, ModuleCopied, ShardOpened, ShardRead, event_of
from tracer.trace.held_journal import HeldJournal
from tracer.trace.job import Job
from tracer.trace.outcome import Outcome
from tracer.trace.redaction.known_secrets import masked_command, secrets_in, secrets_of_this_machine
from tracer.trace.redaction.learned_secrets import LearnedSecrets
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.roots import Roots, standard_roots
from tracer.trace.sealing import seal_and_remove
from tracer.trace.steps import Step

_POLL: Final = 0.05  # seconds
INTERRUPT_GRACE: Final = 10.0  # seconds that an interrupted child has to write its outcome
_NATIVE_TAIL: Final = 8_000  # characters of its native output

_decode_step = msgspec.json.Decoder(Step).decode
_decode_facts = msgspec.json.Decoder(dict[str, Any]).decode


class JobProgress:
    """The state of a running load.

    Attributes:
        steps: number of recorded steps.
        last: the last of them.
        fresh: the steps since the last progress report.
        file: the file of the last step that has a file.
        outcome: the outcome that the process wrote, once it has.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.last: Step | None = None
        self.fresh: list[Step] = []
        self.file: str | None = None
        self._tensors: dict[str, int] = {}
        self.began = time.monotonic()
        self.outcome: Outcome | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def tensors(self) -> int:
        """Return the number of tensors in the weights files opened so far."""
        return sum(self._tensors.values())

    def take(self, record: journal.Record) -> None:
        if record.kind == journal.STEP:
            step = _decode_step(record.payload)
            self.steps, self.last = step.number + 1, step
            self.fresh.append(step)
            if step.data:
                self._take_files(step)
        elif record.kind == journal.END:
            self.outcome = msgspec.convert(_decode_facts(record.payload)["outcome"], Outcome)

    def _take_files(self, step: Step) -> None:
        shard = event_of(step, ShardOpened) or event_of(step, ShardRead)
        if shard is not None and shard.path is not None:
            self._tensors[shard.path] = shard.tensors or 0
        named = shard or event_of(step, FileResolved) or event_of(step, JsonRead) or event_of(step, AdapterFound)
        copied = event_of(step, ModuleCopied)
        self.file = (named.path if named is not None else copied.from_ if copied is not None else None) or self.file


class JobResult(msgspec.Struct):
    """A finished recording.

    Attributes:
        path: path of the trace.
        outcome: how the load ended.
        limit: the limit that ended it, if any.
        written: whether the trace is from this recording; if nothing was recorded, an earlier trace at that path is
            kept.
        native: the end of what native code printed.
    """

    path: Path
    outcome: Outcome
    limit: Limit | None = None
    written: bool = True
    native: str = ""


def run_job(
    job: Job,
    trace_path: Path,
    *,
    held: HeldJournal | None = None,
    start: Starter = start_fresh,
    progress: Callable[[JobProgress], None] = lambda _: None,
    take_output: bool = True,
    interrupts: Interrupts | None = None,
    limits: Limits | None = None,
) -> JobResult:
    """Run a job until it ends in any way, and seal its journal into ``trace_path``.

    ``held`` is its journal, if it has been created. ``progress`` is called some twenty times a second. ``take_output``:
    what native code prints (a crash report) goes into the trace and not to the terminal. ``interrupts``: a counter from
    the caller, if this is not the main thread and so can't catch signals. ``limits``: the process is killed when it
    exceeds them.

    Raises:
        JournalTaken: another recording writes this trace, or left its journal behind.
        NotSealed: the trace can't be written.
        OSError: the journal can't be created, or the process can't be started.
    """
    with (
        HeldJournal.create_for(trace_path) if held is None else held as held,
        Interrupts() if interrupts is None else nullcontext(interrupts) as counted,
    ):
        return _run(job, trace_path, held, start, progress, take_output, counted, limits)


def _run(
    job: Job,
    trace_path: Path,
    held: HeldJournal,
    start: Starter,
    progress: Callable[[JobProgress], None],
    take_output: bool,
    interrupts: Interrupts,
    limits: Limits | None,
) -> JobResult:
    job.journal, job.journal_made = str(held.path), held.identity
    watched = JobProgress()
    with unnamed_file() if take_output else nullcontext() as file, LearnedSecrets() as learned:
        job.learned = learned.path
        output = path_of(file) if file is not None else None
        try:
            child = start(job, output)
        except BaseException:
            held.remove()  # nothing has been written to it
            raise
        bounds = _LimitWatch(limits, held.path, output)
        code = _watch(child, held, watched, progress, interrupts, bounds, learned)
        if limits is not None:
            child.sweep()
        redactor = _redactor(job, learned.secrets)
        native = _tail(output, job, redactor) if output is not None else ""
    outcome = watched.outcome or _unfinished(code, watched, interrupted=interrupts.count > 0)
    recorded = JobResult(trace_path, outcome, bounds.passed, native=native)
    if (outcome.status == "misused" or not watched.steps) and trace_path.exists():
        held.remove()
        recorded.written = False
        return recorded
    meta: dict[str, Any] = {"outcome": msgspec.to_builtins(outcome)}
    if native:
        meta["native_output"] = native
    seal_and_remove(held, trace_path, meta=meta, redactor=redactor)
    return recorded


class _LimitWatch:
    """The limits of a job, and the limit that it has exceeded."""

    def __init__(self, limits: Limits | None, journal_path: Path, output: Path | None) -> None:
        self._limits = limits
        self._journal = journal_path
        self._output = output
        self.passed: Limit | None = None

    def exceeded(self, seconds: float) -> bool:
        if self._limits is not None and self.passed is None:
            self.passed = self._limits.exceeded(seconds, self._journal, self._output)
        return self.passed is not None


def _watch(
    child: Child,
    held: HeldJournal,
    watched: JobProgress,
    progress: Callable[[JobProgress], None],
    interrupts: Interrupts,
    bounds: _LimitWatch,
    learned: LearnedSecrets,
) -> int:
    reader = held.reader()
    sent = 0
    deadline = float("inf")
    try:
        while True:
            code = child.wait(_POLL)
            learned.read()
            watched.fresh = []
            _read(reader, watched)
            progress(watched)
            if code is not None:
                return code
            if interrupts.count > sent:
                sent = interrupts.count
                child.send(signal.SIGINT if sent == 1 else signal.SIGKILL)
                deadline = time.monotonic() + INTERRUPT_GRACE
            if time.monotonic() > deadline or bounds.exceeded(watched.seconds):
                child.send(signal.SIGKILL)
    finally:
        reader.close()


def _read(reader: journal.JournalReader, watched: JobProgress) -> None:
    try:
        for record in reader.read_new():
            watched.take(record)
    except (NotATrace, msgspec.MsgspecError):
        reader.damaged = True  # sealing will report what is wrong with it; the load continues


class Interrupts:
    """Count Ctrl-C, SIGTERM and SIGHUP instead of raising in the middle of watching.

    The first interrupt asks the load to end, the second kills it. Signals are caught if this is entered in the main
    thread; a signal that this process ignores (because of ``nohup``) stays ignored.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            try:
                self._before[number] = signal.signal(number, self._caught)
            except ValueError:  # not in the main thread, which handles signals itself
                break
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def add(self) -> None:
        """Count an interrupt from a program that reads the key itself."""
        self.count += 1

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.add()


@contextmanager
def raising_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGTERM and SIGHUP too, so that what was begun is ended and deleted."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for caught in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(caught) is not signal.SIG_IGN:
                before[caught] = signal.signal(caught, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unfinished(code: int, watched: JobProgress, *, interrupted: bool) -> Outcome:
    """Return the outcome of a process that ended without writing it."""
    last, seconds = watched.steps - 1, round(watched.seconds, 3)
    step = last if last >= 0 else None
    if interrupted:
        return Outcome("interrupted", step=step, seconds=seconds)
    if code < 0:
        return Outcome("killed", signal=_signal_name(-code), step=step, seconds=seconds)
    return Outcome("killed", exit_code=code, step=step, seconds=seconds)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tail(path: Path, job: Job, redactor: Redactor) -> str:
    """Return the end of the native output. It is redacted before it is cut, so that no part of a secret remains."""
    try:
        text = path.read_bytes()[-_NATIVE_TAIL * 8 :].decode("utf-8", "replace").strip()
    except OSError:
        return ""
    environment = {**os.environ, **job.environment}
    roots = Roots(standard_roots(environment, model=job.model if os.path.isdir(job.model) else None))
    return roots.text(redactor.text(text))[-_NATIVE_TAIL:].strip() if text else ""


def _redactor(job: Job, learned: set[str]) -> Redactor:
    """Return a redactor that knows the secrets that the traced process knew at its end."""
    known = secrets_of_this_machine(os.environ, Path.home()) | secrets_in(job.kwargs) | masked_command(job.command)[1]
    return Redactor(known | learned)


Limit: TypeAlias = Literal["seconds", "output", "memory"]


class Limits(msgspec.Struct, frozen=True):
    """What a job may use; if it exceeds a limit, its process and those that it has started are killed.

    Attributes:
        seconds: wall time from its start.
        bytes: size of its output, and of its recording.
        memory: what its process may allocate; enforced by the system, see ``Job.memory``.
    """

    seconds: float
    bytes: int = 256_000_000
    memory: int = 4_000_000_000

    def exceeded(self, seconds: float, journal: Path, output: Path | None) -> Limit | None:
        """Return the limit that a job exceeds."""
        if seconds > self.seconds:
            return "seconds"
        written = max(_size(journal), _size(output) if output is not None else 0)
        return "output" if written > self.bytes else None


def is_out_of_memory(outcome: Outcome) -> bool:
    """Return whether an allocation failed: torch's allocator reports it in a message, C++ ends the process without
    one."""
    error, message = outcome.error or "", outcome.message or ""
    return error.endswith("MemoryError") or "DefaultCPUAllocator" in message or "bad_alloc" in message


def _size(path: Path) -> int:
    """Return the bytes used on the disk, because a journal is enlarged at once and then filled."""
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0
