"""The exceptions in a trace: each from where it was first seen, through the functions that it left."""

from __future__ import annotations

import ast
from typing import Final

import msgspec

from tracer.trace.events import ChainedException, HiddenProperty, Traceback, TracebackFrame, raised_in
from tracer.trace.outcome import Outcome
from tracer.trace.reading import Trace
from tracer.trace.source_parser import parse
from tracer.trace.steps import Step
from tracer.trace.values import Exception_

# The kinds of steps at which an exception arrives or leaves: a probe gives such a step its own kind.
_KINDS: Final = ("raise", "unwind", "file-missing", "imports-checked", "trust-asked", "module-imported")


class Passage(msgspec.Struct, frozen=True):
    """A stepped function that an exception arrived in: ``event`` is ``raise`` or ``unwind``."""

    step: int
    event: str
    frame: int | None
    function: str
    module: str
    file: str | None
    line: int | None


class RecordedException(msgspec.Struct, frozen=True):
    """An exception as it was recorded, from where it was first seen outwards.

    Attributes:
        error: ``module.Class``, or ``Class`` if it is built in.
        message: its message; None where reading it would have run foreign code.
        passages: the stepped functions that it arrived in.
        traceback: the frames below the first of them; empty if that one raised it, None if they were not recorded.
        chained: the exception that it was raised from or while handling, the one behind that, and so on.
        hidden: the property that failed, where a ``__getattr__`` says that there is no such attribute.
    """

    error: str
    message: str | None
    passages: list[Passage]
    traceback: Traceback | None = None
    chained: list[ChainedException] = []
    hidden: HiddenProperty | None = None

    @property
    def step(self) -> int:
        return self.passages[0].step

    @property
    def origin(self) -> Passage:
        """The function where it was first seen: raised there, or in a call that was not stepped."""
        return self.passages[0]

    @property
    def name(self) -> str:
        return self.error.rpartition(".")[2]

    @property
    def text(self) -> str:
        return self.message or ""

    @property
    def frames(self) -> list[TracebackFrame]:
        """The frame of the function where it was first seen and those below it, as far as they were recorded."""
        origin = self.origin
        seen_in = TracebackFrame(origin.file or "?", origin.line or 0, origin.function, "")
        return [seen_in, *(frame for frame in self.traceback or () if frame is not None)]

    @property
    def innermost(self) -> TracebackFrame | None:
        """The frame that raised it; None where the frames below the stepped function were not recorded."""
        return None if self.traceback is None else self.frames[-1]

    @property
    def innermost_remote(self) -> TracebackFrame | None:
        """The last frame of the model's own code that it came from."""
        return next((frame for frame in reversed(self.frames) if frame.is_remote), None)


def exceptions(trace: Trace) -> list[RecordedException]:
    """Return every exception that was seen in a stepped function, in order."""
    found: list[RecordedException] = []
    paths = trace.source_paths()
    for step in trace.steps(kinds=_KINDS):
        if step.event not in ("raise", "unwind") or step.value is None:
            continue
        value = trace.value(step.value)
        if not isinstance(value, Exception_):
            continue
        passage = _passage(trace, step, paths)
        error = value.type if value.module == "builtins" else f"{value.module}.{value.type}"
        if found and _continues(trace, found[-1], error, value.message, passage):
            found[-1].passages.append(passage)
        else:
            raised = raised_in(step)
            found.append(
                RecordedException(error, value.message, [passage], raised.traceback, raised.chained, raised.hidden)
            )
    return found


def exception_chain(trace: Trace, thrown: list[RecordedException], outcome: Outcome) -> list[RecordedException]:
    """Return the exception that ended the load, last, and before it those whose handling raised it."""
    last = next((exception for exception in reversed(thrown) if _ended_load(exception, outcome)), None)
    if last is None:
        return []
    chain = [_with_whole_traceback(trace, last)]
    for earlier in reversed(thrown[: thrown.index(last)]):
        if _is_handled_by(trace, earlier.passages[-1], chain[0].origin):
            chain.insert(0, earlier)
    return chain


def dropped_error(trace: Trace, thrown: list[RecordedException], last: RecordedException) -> RecordedException | None:
    """Return the error of a property that Python dropped before it asked ``__getattr__``; None if none was seen."""
    if last.hidden is None or last not in thrown:
        return None
    for earlier in reversed(thrown[: thrown.index(last)]):
        left = earlier.passages[-1]
        if left.event != "unwind" or not left.function.endswith(f".{last.hidden.property}") or left.frame is None:
            continue
        if trace.frame(left.frame).parent == last.origin.frame:
            return earlier
    return None


def _with_whole_traceback(trace: Trace, last: RecordedException) -> RecordedException:
    """Return the exception that ended the load, with what the outcome has of it where the step has nothing."""
    failure = trace.meta.failure
    if last.traceback is not None or failure is None or failure.error != last.error:
        return last
    origin = last.origin
    for index in range(len(failure.traceback) - 1, -1, -1):
        frame = failure.traceback[index]
        if frame is not None and (frame.file, frame.function) == (origin.file, origin.function):
            below = failure.traceback[index + 1 :]
            return msgspec.structs.replace(last, traceback=below, chained=failure.chained)
    return last


def _ended_load(exception: RecordedException, outcome: Outcome) -> bool:
    """Return whether it is the outcome's exception, and not a similar one that was caught."""
    if exception.error != outcome.error:
        return False
    return any(passage.step == outcome.step for passage in exception.passages) or exception.message == outcome.message


def _is_handled_by(trace: Trace, caught: Passage, raised: Passage) -> bool:
    """Return whether the second was raised in the ``except`` block that caught the first."""
    if caught.frame is None or caught.frame != raised.frame or caught.line is None or raised.line is None:
        return False
    source = trace.frame(caught.frame).source
    try:
        tree = parse(trace.source(source).text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a file made by hand can hold anything
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and _covers(node.body, caught.line):
            return any(_covers(handler.body, raised.line) for handler in node.handlers)
    return False


def _covers(statements: list[ast.stmt], line: int) -> bool:
    return bool(statements) and statements[0].lineno <= line <= (statements[-1].end_lineno or 0)


def _continues(trace: Trace, before: RecordedException, error: str, message: str | None, passage: Passage) -> bool:
    """Return whether this is the same exception, one function further out."""
    if (before.error, before.message) != (error, message):
        return False
    last = before.passages[-1]
    if last.event == "raise":
        return passage.frame == last.frame
    return passage.event == "raise" and last.frame is not None and trace.frame(last.frame).parent == passage.frame


def _passage(trace: Trace, step: Step, paths: dict[int, str]) -> Passage:
    frame = trace.frame(step.frame) if step.frame is not None else None
    path = paths.get(step.source) if step.source is not None else None
    return Passage(
        step.number,
        step.event or "raise",
        step.frame,
        frame.function if frame is not None else "?",
        frame.module if frame is not None else "?",
        path,
        step.line,
    )
