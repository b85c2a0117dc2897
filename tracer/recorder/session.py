"""A recording session: installs the stepper, probes and patches, and removes them again whatever happens."""

from __future__ import annotations

import functools
import os
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, Final

import msgspec

from tracer.recorder import safe_inspect
from tracer.recorder.code_guard import CodeRefused
from tracer.recorder.environment import environment_facts, library_caches
from tracer.recorder.guard import StopLoad
from tracer.recorder.imported_modules import own_modules
from tracer.recorder.model.model_watch import ModelOptions, ModelWatch
from tracer.recorder.patches import Patches, is_wrapper_code
from tracer.recorder.probes.loading import PROBES
from tracer.recorder.probes.messages import RecordedStream, watch_messages
from tracer.recorder.recording import Recording
from tracer.recorder.source_text import read_source
from tracer.recorder.stepping.code_objects import qualified_name
from tracer.recorder.stepping.model_code import ModelCode, StepForward
from tracer.recorder.stepping.monitoring import MonitoringStepper
from tracer.recorder.stepping.settrace import SettraceStepper
from tracer.recorder.stepping.target_index import TargetIndex
from tracer.recorder.stepping.targets import AUTO_CALLS, missing_targets, tail
from tracer.recorder.stepping.tracing_pause import PausedFunctions
from tracer.recorder.weights.weights_watch import ShardWatch
from tracer.trace import reasons
from tracer.trace.append_only import Identity
from tracer.trace.errors import TracerError
from tracer.trace.outcome import Outcome, Part
from tracer.trace.redaction.credential_files import secrets_in_model
from tracer.trace.redaction.known_secrets import masked_command, secrets_of_this_machine
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.roots import Roots, standard_roots

_HERE: Final = Path(__file__).parent
_CALLS_FOR_THE_USER: Final = frozenset({"run_load.py", "processors.py", "weightless.py", "child.py", "messages.py"})


class Session:
    """Records from :meth:`start` to :meth:`stop`; between them the traced code runs as it always does.

    Args:
        journal: file to write.
        made: the identity of that file, if it has been created for this session; otherwise it is created.
        model: the model directory, which the trace will call ``<model>``.
        command: the user's command line, for the metadata.
        secrets: texts to mask besides those found on this machine and in the model's files.
        tell_secret: called with each secret that is found while recording.
        lines: whether lines, single modules and tensors are recorded; otherwise only calls.
        all_threads: whether threads started while recording are stepped too.
        forward_output: whether printed text still reaches the terminal.
        step_forward: which executions of the model's own functions are stepped while a pass runs.
        model_options: what is recorded of the model's passes.
        by_monitoring: whether stepping uses ``sys.monitoring``; by default where Python has it.
    """

    def __init__(
        self,
        journal: Path,
        *,
        model: str | None = None,
        command: list[str] | None = None,
        secrets: set[str] | None = None,
        tell_secret: Callable[[str], None] | None = None,
        lines: bool = True,
        stop_after: str | None = None,
        all_threads: bool = False,
        forward_output: bool = True,
        step_forward: StepForward = "first",
        model_options: ModelOptions | None = None,
        made: Identity | None = None,
        by_monitoring: bool | None = None,
    ) -> None:
        environment = os.environ
        shown_command, in_command = masked_command(command or [])
        known = secrets_of_this_machine(environment, Path.home()) | (secrets or set()) | in_command
        if model is not None:
            known |= secrets_in_model(Path(model))
        redactor = Redactor(known)
        roots = Roots(standard_roots(environment, model=model))
        self.recording = Recording(journal, redactor, roots, calls_only=not lines, made=made, tell_secret=tell_secret)
        self.recording.limit = stop_after
        self._patches = Patches(self.recording.guard)
        self._forward_output = forward_output
        self._model_code = ModelCode(step_forward)
        self._target_index = TargetIndex(PROBES, self._model_code, self._on_new_file, self._on_opaque_function)
        self._stepper: SettraceStepper | MonitoringStepper
        if hasattr(sys, "monitoring") if by_monitoring is None else by_monitoring:
            self._stepper = MonitoringStepper(self.recording, self._target_index, lines=lines)
        else:
            self._stepper = SettraceStepper(self.recording, self._target_index, lines=lines, all_threads=all_threads)
        self.recording.guard.check = self._stepper.keep_on
        self._paused_functions = PausedFunctions(self._stepper) if isinstance(self._stepper, SettraceStepper) else None
        for function in ("PreTrainedModel.from_pretrained", "PreTrainedModel._from_config"):
            self.recording.on_call[function] = self._on_model_class
        self.model = ModelWatch(self.recording, self._model_code, self._on_new_targets, model_options or ModelOptions())
        if model is None:
            for function in AUTO_CALLS:
                self.recording.on_call[function] = self._on_auto_class
        self._shards = ShardWatch(self.recording)
        self._began = self._seconds = 0.0
        self.part: Part | None = "script"
        """The part of the job that is running; None during the load itself."""
        self.recording.meta(
            command=shown_command,
            started=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            model=model,
            lines=lines,
        )
        self.recording.meta_roots()
        if model is not None:
            for note in (self.recording.note_code_folder, self.recording.note_directory):
                self.recording.guard.call("model directory", note, model)

    def start(self) -> None:
        self.recording.meta(**environment_facts(os.environ))
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_detaches_after_fork(weakref.ref(self)))
        try:
            watch_messages(self.recording, self._patches, forward=self._forward_output)
            self._began = time.monotonic()
            self._stepper.start()
        except BaseException:
            self._patches.restore()
            raise

    def stop(self) -> None:
        """Stop recording and restore everything. The journal stays open for :meth:`finish`."""
        try:
            self._stepper.stop()
            self._seconds = time.monotonic() - self._began
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, RecordedStream):
                    stream.finish()
        finally:
            self.model.stop()
            self._shards.stop()
            self._patches.restore()

    def detach_after_fork(self) -> None:
        """Stop recording in a forked process: only the parent is recorded."""
        self.recording.detach_after_fork()
        self._stepper.stop()
        self._patches.restore()

    def finish(self, error: BaseException | None, result: Any = None) -> Outcome:
        """Write the outcome and close the journal."""
        outcome = self._outcome(error, result)
        self.recording.guard.call("imported remote code", self._note_own_modules)
        if error is not None and outcome.error is not None:
            self.recording.note_failure(error)
        self.recording.finish(outcome)
        return outcome

    def __enter__(self) -> Session:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _note_own_modules(self) -> None:
        """Write which remote code is imported: a module can be an older copy than the directory's file."""
        modules = own_modules(self.recording.roots.folders.get("model"))
        self.recording.meta(own_modules=[msgspec.to_builtins(module) for module in modules])

    def _on_opaque_function(self, code: CodeType, by_file: bool) -> None:
        if by_file:
            name = os.path.basename(code.co_filename)
            self.recording.skip(reasons.LINES_OF.format(name=name), reasons.FILE_KEEPS_LOCALS)
            return
        self.recording.skip(reasons.LINES_OF.format(name=qualified_name(code)), reasons.FUNCTION_READS_LOCALS)

    def _on_new_file(self, filename: str) -> None:
        """Patch what a module of the library defines, when it is seen for the first time."""
        guard = self.recording.guard
        guard.call("cache folders", self._name_caches)
        guard.call("weights", self._shards.watch, self._patches)
        guard.call("functions that this release lacks", self._note_missing_targets, filename)
        if self._paused_functions is not None:
            self._paused_functions.wrap(self._patches)

    def _name_caches(self) -> None:
        for root, folder in library_caches():
            self.recording.name_folder(root, folder)

    def _on_model_class(self, variables: Mapping[str, Any]) -> None:
        model_class = variables.get("cls")
        if not safe_inspect.is_a(model_class, type):
            return
        self.model.expect_class(model_class, self._patches)

    def _on_new_targets(self) -> None:
        """Look at all functions again: the model's own code has become known."""
        self._target_index.forget_misses()
        if isinstance(self._stepper, MonitoringStepper):
            self._stepper.restart()

    def _on_auto_class(self, variables: Mapping[str, Any]) -> None:
        """Name the model directory when a script calls an auto class: the first one becomes ``<model>``."""
        path = variables.get("pretrained_model_name_or_path")
        if type(path) is str and os.path.isdir(path) and "model" not in self.recording.roots.folders:
            self.recording.name_folder("model", path)
            for note in (self.recording.note_code_folder, self.recording.note_directory):
                self.recording.guard.call("model directory", note, path)

    def _note_missing_targets(self, filename: str) -> None:
        """Note them now and not at the end, which a load may not reach."""
        for name in _missing_in(filename):
            self.recording.skip(name, reasons.NOT_IN_RELEASE)

    def _outcome(self, error: BaseException | None, result: Any) -> Outcome:
        seconds = round(self._seconds, 6)
        # If recording ended before the load did, its last step is not where the load ended.
        whole = self.recording.failure is None
        last = self.recording.steps - 1 if whole and self.recording.steps else None
        if error is None:
            if self.part == "script" and not self.recording.loads and self.recording.stepped_all and whole:
                return Outcome("no-load", step=last, seconds=seconds)
            kind = type(result)
            name = None if result is None else f"{safe_inspect.module_name(kind)}.{safe_inspect.qualified_name(kind)}"
            return Outcome("loaded", result=name, step=last, seconds=seconds)
        if safe_inspect.is_a(error, StopLoad):
            return Outcome("stopped", step=last, seconds=seconds)
        if safe_inspect.is_a(error, KeyboardInterrupt):
            return Outcome("interrupted", step=last, seconds=seconds)
        if safe_inspect.is_a(error, CodeRefused):
            return Outcome("refused", message=str(error), step=last, seconds=seconds)
        if safe_inspect.is_a(error, TracerError) and not self._began:
            return Outcome("misused", message=str(error))
        name = safe_inspect.type_name(type(error))
        refused = self.recording.refused and safe_inspect.is_a(error, ValueError)
        raised = self.recording.raised_at(error)
        return Outcome(
            "refused" if refused else "failed",
            error=name,
            message=self.recording.summaries.message(error),
            step=raised if raised is not None else last,
            part=None if refused else self._failing_part(raised is not None),
            fault=_place_of_own_fault(error),
            seconds=seconds,
        )

    def _failing_part(self, seen: bool) -> Part | None:
        """Return the part that failed; None for a load. In a script it was a load if the exception came out of one."""
        if self.part != "script":
            return self.part
        if seen and self.recording.raised_in_load:
            return None
        return "script" if self.recording.loads else "before-load"


@functools.lru_cache(maxsize=64)
def _missing_in(filename: str) -> list[str]:
    ending = tail(filename)
    found = missing_targets({ending: read_source(filename)}) if ending else ()
    return [f"{target.file}: {target.function}" for target in found]


def _place_of_own_fault(error: BaseException) -> str | None:
    """Return file and line in the recorder where an exception was raised; None if the load has raised it.

    Wrappers raise what they wrap, the user's calls are made from here too, and a ``TracerError`` is raised on purpose:
    a script that opens a second recording inside the first gets one.
    """
    if safe_inspect.is_a(error, TracerError):
        return None
    traceback = safe_inspect.traceback_of(error)
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return None
    code = traceback.tb_frame.f_code
    path = Path(code.co_filename)
    if is_wrapper_code(code) or _HERE not in path.parents or path.name in _CALLS_FOR_THE_USER:
        return None
    return f"{path.relative_to(_HERE.parent)}:{traceback.tb_lineno}"


def _detaches_after_fork(session: weakref.ref[Session]) -> Callable[[], None]:
    """Return what Python is to call in every forked process; it can't be unregistered."""

    def forked() -> None:
        if (recorded := session()) is not None:
            recorded.detach_after_fork()

    return forked
