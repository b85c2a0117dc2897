"""``tracer.record``: recording in one's own process, from Python or a notebook."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracer.recorder.recording import Recording
from tracer.recorder.session import Session
from tracer.trace import reasons
from tracer.trace.errors import NotSealed, TracerError
from tracer.trace.held_journal import HeldJournal, journal_path
from tracer.trace.sealing import seal_and_remove

_recording = False


@contextmanager
def record(path: str | os.PathLike[str], *, model: str | None = None, lines: bool = True) -> Iterator[None]:
    """Record every load that happens inside the ``with`` block into a trace file.

    An exception of the block is recorded and raised again. If the process dies in the block, ``<path>.journal`` holds
    what was recorded until then: :func:`tracer.open_trace` reads it, and ``glm-trace seal`` makes a trace of it.

    Args:
        path: the trace file to write; an older trace there is replaced.
        model: a model directory, which the trace will then call ``<model>``.
        lines: whether lines are stepped, or only calls and returns.

    Raises:
        TracerError: a recording is running already in this process or to this file, an earlier one left its journal
            there, or the file can't be written.
    """
    global _recording
    if _recording:
        raise TracerError(reasons.ALREADY_RECORDING)
    trace_path = Path(os.path.abspath(path))
    if not trace_path.parent.is_dir():
        raise TracerError(reasons.NO_FOLDER, folder=trace_path.parent)
    if trace_path.is_dir():
        raise TracerError(reasons.IS_FOLDER, path=trace_path, example=trace_path / "load.glmtrace")
    try:
        held = HeldJournal.create_for(trace_path)
    except OSError as refusal:
        raise _unwritable(journal_path(trace_path), refusal) from refusal
    with held:
        try:
            session = Session(
                held.path,
                model=os.path.abspath(model) if model is not None else None,
                command=list(sys.argv),
                lines=lines,
                all_threads=True,
                made=held.identity,
            )
        except BaseException as refusal:
            held.remove()
            if isinstance(refusal, OSError):
                raise _unwritable(held.path, refusal) from refusal
            raise
        session.recording.meta(work="record", asked="<model>" if model is not None else os.path.basename(sys.argv[0]))
        error: BaseException | None = None
        process = os.getpid()
        _recording = True
        try:
            with session:
                yield
        except BaseException as caught:
            error = caught
            raise
        finally:
            _recording = False
            if os.getpid() == process:  # a process forked in the block may leave it too; it does not own the journal
                _finish(session, held, trace_path, error)


def _finish(session: Session, held: HeldJournal, trace_path: Path, error: BaseException | None) -> None:
    """Write the trace, and report what could not be written.

    Raises:
        TracerError: it could not be written whole. If the block has raised an exception, a warning says so instead.
    """
    user = 4  # frames up: the code that left the block
    outcome = session.finish(error)
    if not session.recording.steps and trace_path.exists():
        held.remove()
        sentence = f"Not a single step was recorded, so the earlier trace {trace_path} was kept."
        warnings.warn(sentence, UserWarning, stacklevel=user)
        return
    complaint = _seal(held, trace_path, session.recording)
    if complaint is not None:
        if error is None:
            raise complaint
        warnings.warn(str(complaint), RuntimeWarning, stacklevel=user)
    elif outcome.status == "no-load":
        warnings.warn(
            "No load came to its end in this block, so there is none in the trace. Put the call of from_pretrained "
            "inside it: a model that was loaded before is not watched.",
            UserWarning,
            stacklevel=user,
        )


def _unwritable(journal: Path, error: OSError) -> TracerError:
    return TracerError(reasons.UNWRITABLE, path=journal, reason=error.strerror or error)


def _seal(held: HeldJournal, trace_path: Path, recording: Recording) -> TracerError | None:
    """Seal the journal and delete it; return what could not be recorded or written."""
    failure = recording.failure
    try:
        seal_and_remove(held, trace_path, redactor=recording.redactor)
    except TracerError as error:
        if failure is None:
            return NotSealed(error.sentence, held.path)
        return NotSealed(reasons.ended_early(failure, error.sentence), held.path)
    if failure is None:
        return None
    return TracerError(reasons.ended_early(failure, reasons.holds_until_then(trace_path)))
