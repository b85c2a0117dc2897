"""``tracer.record``: recording in one's own process, from Python or a notebook."""

from __future__ import annotations

import os
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracer.recorder.session import Session
from tracer.trace.errors import TracerError
from tracer.trace.sealing import seal

_recording = False


@contextmanager
def record(path: str | os.PathLike[str], *, model: str | None = None, lines: bool = True) -> Iterator[None]:
    """Record every load that happens inside the ``with`` block into a trace file.

    An exception of the block is recorded and passed on. If the process dies in the block, ``<path>.journal`` holds
    what was recorded until then, and :func:`tracer.open_trace` reads it.

    Args:
        path: the trace file to write; an older trace there is replaced.
        model: a model directory, which the trace will then call ``<model>``.
        lines: whether lines are stepped, or calls and returns alone.

    Raises:
        TracerError: a recording is under way already in this process, or the file can't be written.
    """
    global _recording
    if _recording:
        raise TracerError("A recording is under way already; one process can make one at a time.")
    trace_path = Path(os.path.abspath(path))
    if not trace_path.parent.is_dir():
        raise TracerError(f"The folder {trace_path.parent} does not exist. Make it, or record to another place.")
    if trace_path.is_dir():
        raise TracerError(f"{trace_path} is a directory. Name a file in it, such as {trace_path / 'load.glmtrace'}.")
    journal = trace_path.with_name(f"{trace_path.name}.journal")
    try:
        session = Session(
            journal,
            model=os.path.abspath(model) if model is not None else None,
            command=list(sys.argv),
            lines=lines,
            all_threads=True,
        )
    except OSError as refusal:
        reason = refusal.strerror or refusal
        raise TracerError(f"{journal} can't be written: {reason}. Record to another place.") from refusal
    session.recording.meta(work="record", asked="<model>" if model is not None else os.path.basename(sys.argv[0]))
    error: BaseException | None = None
    _recording = True
    try:
        with session:
            yield
    except BaseException as caught:
        error = caught
        raise
    finally:
        _recording = False
        outcome = session.finish(error)
        failure = session.recording.failure or _seal(journal, trace_path)
        if failure is not None:
            sentence = (
                f"The trace {trace_path} can't be written: {failure}. {journal} holds what was recorded until then; "
                "tracer.open_trace reads it."
            )
            if error is None:
                raise TracerError(sentence) from failure
            warnings.warn(sentence, RuntimeWarning, stacklevel=3)  # the block's own exception is on its way
        elif outcome.status == "no-load":
            warnings.warn(
                "No load came to its end in this block, so there is none in the trace. Put the call of from_pretrained "
                "inside it: a model that was loaded before is not watched.",
                UserWarning,
                stacklevel=3,
            )


def _seal(journal: Path, trace_path: Path) -> Exception | None:
    """Seal the journal and delete it, or tell why not."""
    try:
        seal(journal, trace_path)
        journal.unlink()
    except (OSError, sqlite3.Error) as error:
        return error
    return None
