"""One recording: its journal, clock and counters, and what all parts of the recorder share."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, Final

import msgspec

from tracer.recorder import safe_inspect
from tracer.recorder.guard import Guard, StopLoad
from tracer.recorder.safe_text import without_surrogates
from tracer.recorder.source_text import is_library_file, python_names, source_bytes
from tracer.recorder.summary import Summariser
from tracer.recorder.tracebacks import Tracebacks
from tracer.trace import journal, reasons
from tracer.trace.append_only import RESERVE, Identity
from tracer.trace.code_outline import code_outlines
from tracer.trace.directory import read_directory
from tracer.trace.metadata import RecordingEnded
from tracer.trace.outcome import Outcome
from tracer.trace.redaction.known_secrets import secrets_in_source
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.roots import Roots
from tracer.trace.steps import Change, Frame, encode_source
from tracer.trace.values import ValueId
from tracer.trace.vocabulary import STAGES

_encode: Final = msgspec.json.Encoder().encode
_NO_DATA: Final[dict[str, Any]] = {}
_FILES_IN_TRACEBACKS: Final = 40  # whose lines are kept
_SHORT: Final = 200  # shorter texts recur: names, keys, paths


def comes_after(stage: str, limit: str) -> bool:
    """Return whether a stage comes after another in a load: the processor first, adapters before the first pass."""
    apart = ("processor", "tokenizer", "peft", "forward", "generate")
    order = ("processor", "tokenizer", *(name for name in STAGES if name not in apart), "peft", "forward", "generate")
    return order.index(stage) > order.index(limit)


class ThreadState(threading.local):
    """The state of one thread: its number and the stack of its stepped frames."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.stack: list[Any] = []
        self.stage = "arguments"
        self.quiet = 0
        self.silent = 0
        self.stack_was_full = False  # a step was lost, where nothing could be called to say so
        # The exception that just left a frame: its id, the step where it was first seen, and that frame's code.
        self.in_flight: tuple[int | None, int, CodeType] | None = None


class Recording:
    """Writes steps, frames, values and sources to a journal, in order, from any thread.

    Args:
        journal_path: the file to write.
        made: the identity of that file, if it has been created for this recording; otherwise it is created.
        redactor: masks secrets in every text.
        roots: makes paths relative to named roots.
        calls_only: whether everything but calls is left out: lines, single modules and tensors.
        tell_secret: called with each secret that is found while recording.
    """

    def __init__(
        self,
        journal_path: Path,
        redactor: Redactor,
        roots: Roots,
        *,
        calls_only: bool = False,
        made: Identity | None = None,
        tell_secret: Callable[[str], None] | None = None,
    ) -> None:
        self.calls_only = calls_only
        self.redactor = redactor
        self._tell_secret = tell_secret
        self.roots = roots
        self.guard = Guard(self.skip)
        self.thread = ThreadState()
        self._journal = journal.JournalWriter(journal_path, made)
        self.lock = threading.RLock()
        self.summaries = Summariser(self.clean, self.add_secret, self._store_value, self.lock)
        self.tracebacks = Tracebacks(self)
        self._cleaned: dict[str, str] = {}
        self._pending: list[bytes] = []  # values and frames that the next step refers to
        self._late: list[tuple[bytes, Any]] = []  # records that came in the middle of writing another
        self._writing = False
        self._sources: dict[str, int] = {}
        self._lines: dict[str, list[str]] = {}  # of the files that tracebacks show
        self._source_count = 0
        self._threads: dict[int, str] = {}
        self._frames = 0
        self._steps = 0
        self._skipped: dict[str, str] = {}
        self._code_folders: dict[str, list[str]] = {}
        self._code_outlines: dict[str, Any] = {}
        self._started = time.monotonic_ns()
        self._closed = False
        self.limit: str | None = None
        self.stopping = False  # whether the limit was reached, and the load is ending
        self.whole_stage: str | None = None  # the stage of everything that happens now, in whatever function
        self.on_call: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self.failure: OSError | None = None  # why writing to the journal failed
        self.refused = False  # whether the library stopped because remote code may not run
        self.broken_packages: dict[str, str | None] = {}  # that remote code imports, with the message of the error
        self.loads = 0  # calls of from_pretrained and the like that returned
        self.raised_in_load = False  # whether the last exception was seen inside one of them
        self._raised: tuple[int, int, CodeType] | None = None
        redactor.told = self._on_secret_added
        if tell_secret is not None:
            for secret in redactor.secrets:
                tell_secret(secret)

    @property
    def steps(self) -> int:
        """How many steps have been recorded."""
        return self._steps

    def outer_load(self, own: Any) -> str | None:
        """Return the class of the model during whose load this thread loads another; ``own`` is the inner class."""
        classes = [
            frame.variables.get("cls")
            for frame in self.thread.stack
            if frame.target.function == "PreTrainedModel.from_pretrained"
        ]
        if classes and classes[-1] is own:
            classes.pop()
        outer = classes[-1] if classes else None
        if not safe_inspect.is_a(outer, type):
            return None
        return f"{safe_inspect.module_name(outer)}.{safe_inspect.qualified_name(outer)}"

    def check_limit(self, stage: str) -> None:
        """Raise :class:`StopLoad` when a stage begins that comes after the last one to record."""
        if self.limit is not None and comes_after(stage, self.limit):
            self.stopping = True
            raise StopLoad(self.limit)

    def clean(self, text: str) -> str:
        """Return a text as a trace may have it: without secrets and without folders of this machine."""
        cleaned = self._cleaned.get(text)
        if cleaned is None:
            cleaned = without_surrogates(self.roots.text(self.redactor.text(text)))
            if len(text) < _SHORT:
                self._cleaned[text] = cleaned
        return cleaned

    def add_secret(self, secret: str) -> None:
        """Mask this text from now on."""
        self.redactor.learn(secret)

    def _on_secret_added(self, secret: str) -> None:
        """Clean texts again from now on, and record those values again that show it."""
        with self.lock:
            self._cleaned.clear()
            self.summaries.forget_texts()
            if self._tell_secret is not None:
                self._tell_secret(secret)
            for number, encoded in self.summaries.those_with(secret, self.redactor):
                self._store_value(number, encoded, journal.REVISED)

    def step(
        self,
        stage: str,
        kind: str,
        *,
        event: str | None = None,
        frame: int | None = None,
        source: int | None = None,
        line: int | None = None,
        changes: list[Change] | None = None,
        value: ValueId | None = None,
        data: dict[str, Any] | None = None,
    ) -> int:
        """Record one step; return its number.

        The number is -1 after the recording was closed, in a silence, and for a step that comes in the middle of
        writing another.
        """
        with self.lock:
            thread = self.thread
            if thread.silent:
                return -1
            thread.stage = stage
            number = self.thread_number() if thread.number is None else thread.number
            # The fields of a Step after its number and time; building the object would cost as much again as encoding.
            fields = (
                number, frame, stage, kind, event, source, line, changes or (), value, data or _NO_DATA,
            )  # fmt: skip
            return self._append(journal.STEP, fields)

    def record_event(
        self, kind: str, data: dict[str, Any], *, stage: str | None = None, value: ValueId | None = None
    ) -> int:
        """Record a step that is not an event of a frame, in the innermost stepped frame of this thread.

        Its stage is the last step's, unless given.
        """
        stack = self.thread.stack
        stage = stage or self.whole_stage
        if stack and stack[-1].may_end_unseen:
            stack[-1].close_if_ended()
        if stack:
            innermost = stack[-1]
            return self.step(
                stage or self.thread.stage, kind, frame=innermost.number, source=innermost.source,
                line=innermost.line, value=value, data=data,
            )  # fmt: skip
        return self.step(stage or self.thread.stage, kind, value=value, data=data)

    def new_frame(self, module: str, function: str, source: int, line: int) -> int:
        """Record a frame below the innermost one of this thread; return its number."""
        stack = self.thread.stack
        with self.lock:
            number = self._frames
            self._frames += 1
            parent = stack[-1].number if stack else None
            depth = len(stack)
            if not self._closed and not self.thread.silent:
                record = Frame(number, parent, self.thread_number(), module, function, source, line, depth)
                self._pending.append(journal.encode_record(journal.FRAME, _encode(record)))
        return number

    def source_number(self, filename: str) -> int:
        """Return the number of a source file; its text is stored at the first call."""
        number = self._sources.get(filename)
        if number is None:
            with self.lock:
                if filename in self._sources:  # another thread was faster
                    return self._sources[filename]
                number = self._source_count
                self._source_count += 1
                text = self._redacted_source(filename)
                self._append(journal.SOURCE, (number, self.clean(filename), text))
                self._sources[filename] = number  # after it was written: an interrupt must not come in between
        return number

    def _redacted_source(self, filename: str) -> bytes:
        text = source_bytes(filename)
        if is_library_file(filename):
            return self.redactor.known_in_source(text.decode()).encode() if self.redactor.concerns(text) else text
        for secret in secrets_in_source(text.decode()):
            self.add_secret(secret)
        return self.redactor.source(text.decode()).encode()

    def source_line(self, filename: str, line: int) -> str:
        """Return a line of a source file without secrets; empty if there is none (code made by ``exec``)."""
        lines = self._lines.get(filename)
        if lines is None:
            if len(self._lines) >= _FILES_IN_TRACEBACKS:
                self._lines.clear()
            lines = self._lines[filename] = self._redacted_source(filename).decode().split("\n")
        if not 0 < line <= len(lines):
            return ""
        # A file in which every name that tells a secret has been looked at: only what is known now is left to mask.
        return without_surrogates(self.roots.text(self.redactor.known_in_source(lines[line - 1].strip())))

    def message(self, error: BaseException) -> str | None:
        """Return an exception's message, unless that would run code of an unknown class."""
        return self.summaries.message(error)

    def thread_number(self) -> int:
        number = self.thread.number
        if number is None:
            with self.lock:
                number = self.thread.number = len(self._threads)
                self._threads[number] = self.clean(threading.current_thread().name)
                self.meta(threads={str(n): name for n, name in self._threads.items()})
        return number

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Assign everything recorded inside to this stage."""
        before, self.whole_stage = self.whole_stage, name
        self.thread.stage = name
        self.check_limit(name)
        try:
            yield
        finally:
            self.whole_stage = before

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Record no steps of this thread inside: for what the recorder tries out."""
        self.thread.silent += 1
        try:
            yield
        finally:
            self.thread.silent -= 1

    def meta(self, **facts: Any) -> None:
        """Write facts about the whole recording; a later one replaces an earlier one of that name."""
        with self.lock:
            self._append(journal.META, self.clean_data(facts))

    def name_folder(self, name: str, folder: str) -> None:
        """Make a folder a named root from now on."""
        if self.roots.add(name, folder):
            self._cleaned.clear()
            self.summaries.forget_texts()
            self.meta_roots()

    def note_code_folder(self, folder: str) -> None:
        """Write which Python files a folder of remote code has, and what they define and import.

        Modules of these names are not packages.
        """
        name = self.clean(folder)
        if name not in self._code_folders:
            self._code_folders[name] = python_names(folder)
            for path, outline in code_outlines(folder, self.clean).items():
                self._code_outlines[self.clean(path)] = msgspec.to_builtins(outline)
            self.meta(code_folders=self._code_folders, code_outlines=self._code_outlines)

    def note_directory(self, folder: str) -> None:
        """Write which files a model directory has, and the text of its small JSON files."""
        found = read_directory(folder)
        files = msgspec.to_builtins(found.files)
        self.meta(directory=files, directory_whole=found.whole, json_files=found.texts)

    def meta_roots(self) -> None:
        """Write the folders of the named roots: the one place where this machine's folders are recorded."""
        home = Roots({"home": str(Path.home())})
        folders = {
            name: without_surrogates(home.text(self.redactor.text(path))) for name, path in self.roots.folders.items()
        }
        with self.lock:
            self._append(journal.META, {"roots": folders})

    def skip(self, name: str, reason: str) -> None:
        """Note something that this release lacks, or that a probe could not do."""
        if name not in self._skipped:
            self._skipped[name] = reason
            try:
                self.meta(skipped=self._skipped)
            except BaseException:  # where the stack is full, say: the next call notes it
                self._skipped.pop(name, None)
                raise

    @property
    def stepped_all(self) -> bool:
        """Whether stepping had no gaps in which a load could have been missed."""
        return not any(name.startswith(reasons.STEPPING) for name in self._skipped)

    def note_raise(self, error: BaseException, step: int, code: CodeType, *, in_load: bool) -> None:
        """Remember at which step the last exception was first seen, in whose code, and whether a load was running."""
        self._raised = id(error), step, code
        self.raised_in_load = in_load

    def describe(
        self, error: BaseException, traceback: TracebackType | None, code: CodeType, line: int
    ) -> dict[str, Any] | None:
        """Return the data for the step at which a stepped function first sees an exception."""
        try:
            return self.tracebacks.first_seen(error, traceback, code, line)
        except RecursionError:  # no room left on the stack
            return None
        except Exception as fault:
            self.guard.note("traceback", fault)
            return None

    def raised_at(self, error: BaseException) -> int | None:
        """Return the step at which this exception was first seen, if it was the last exception seen."""
        if self._raised is None or self._raised[0] != id(error):
            return None
        # The id alone could be that of an earlier exception that is gone.
        return self._raised[1] if safe_inspect.came_through(error, self._raised[2]) else None

    def note_failure(self, error: BaseException) -> None:
        """Write the exception that ended the load, with its traceback."""
        facts = self.guard.call("traceback", self.tracebacks.failure, error)
        if facts is not None:
            with self.lock:
                self._append(journal.META, {"failure": facts})  # its texts are clean

    def finish(self, outcome: Outcome) -> None:
        """Write the outcome and close the journal."""
        with self.lock:
            facts = self.clean_data({"outcome": msgspec.to_builtins(outcome)})
            if self.failure is None:
                self._append(journal.END, facts)
            if self.failure is not None:
                if len(_encode(facts)) > RESERVE // 2:
                    facts["outcome"].pop("message", None)
                self._append_last(journal.END, facts)
            self._close()

    def detach_after_fork(self) -> None:
        """Stop writing, in a forked process: the journal belongs to the parent."""
        self.lock = self.summaries.lock = threading.RLock()  # a thread that does not exist here may hold the old lock
        self._closed = True
        self._pending.clear()
        self._journal.let_go()

    def _close(self) -> None:
        self._closed = True
        self._pending.clear()
        self._journal.close()

    def _append(self, kind: bytes, content: Any) -> int:
        """Write a record with everything that it refers to; return the number of a step, otherwise -1.

        A finaliser or a signal handler can record something in the middle of this; that is written afterwards.
        """
        if self._writing:
            self._late.append((kind, content))
            return -1
        try:
            self._writing = True
            number = self._write(kind, content)
            while self._late:
                self._write(*self._late.pop(0))
            return number
        finally:
            self._writing = False

    def _write(self, kind: bytes, content: Any) -> int:
        if self._closed:
            return -1
        number, steps = -1, self._steps
        if kind == journal.STEP:
            number = steps
            steps += 1
            content = (number, time.monotonic_ns() - self._started, *content)
        payload = encode_source(*content) if kind == journal.SOURCE else _encode(content)
        records = journal.encode_record(kind, payload)
        if self._pending:
            records = b"".join([*self._pending, records])
        start = self._journal.size
        try:
            self._journal.append(records)
            self._pending, self._steps = [], steps
        except OSError as error:  # the disk is full, say: that ends the recording, not the load
            self._end_early(error)
            return -1
        except BaseException:  # an interrupt: complete the record
            try:
                self._journal.complete(records, start)
                self._pending, self._steps = [], steps
            except OSError as error:
                self._end_early(error)
            raise
        return number

    def _end_early(self, error: OSError) -> None:
        """Stop recording, and write the reason into the space that was reserved for it."""
        self.failure = error
        self._closed = True
        self._pending.clear()
        ended = RecordingEnded(errno.errorcode.get(error.errno or 0, "?"), error.strerror or str(error), self.steps - 1)
        self._append_last(journal.META, {"recording_ended": msgspec.to_builtins(ended)})

    def _append_last(self, kind: bytes, content: Any) -> None:
        with contextlib.suppress(OSError):
            self._journal.append_last(journal.encode_record(kind, _encode(content)))

    def _store_value(self, number: ValueId, encoded: bytes, kind: bytes = journal.VALUE) -> None:
        if not self._closed:
            self._pending.append(journal.encode_record(kind, b"[%d,%b]" % (number, encoded)))

    def clean_data(self, facts: Any) -> Any:
        """Return plain data with every text in it cleaned."""
        if isinstance(facts, str):
            return self.clean(facts)
        if isinstance(facts, dict):
            return {self.clean_data(key): self.clean_data(value) for key, value in facts.items()}
        if isinstance(facts, Iterable):
            return [self.clean_data(item) for item in facts]
        return facts
