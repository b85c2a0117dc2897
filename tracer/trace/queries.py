"""SQL queries about functions, their lines, frames and stages over a trace's tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from tracer.trace.reading import Trace
from tracer.trace.steps import Frame

_OF_CODE: Final = "frame.function = ? AND frame.source = ? AND frame.line = ?"
_AT_DEF: Final = "frame.source = ? AND frame.line = ?"
_STEPS: Final = "step JOIN frame ON step.frame = frame.number"


class FunctionCode(NamedTuple):
    """A function executed in a trace: its qualified name, and where its ``def`` is in a stored source."""

    function: str
    source: int
    line: int

    @classmethod
    def of(cls, frame: Frame) -> FunctionCode:
        """Return the function that a frame executes."""
        return cls(frame.function, frame.source, frame.line)


class FunctionSteps(NamedTuple):
    """Which steps of a function to find: those within some line ranges, or else those of an event, or else all.

    Attributes:
        code: the function.
        lines: first and last lines of statements; None if the lines don't matter.
        event: ``call``, ``return``, ``raise`` or ``unwind``; empty for any.
    """

    code: FunctionCode
    lines: list[tuple[int, int]] | None = None
    event: str = ""


class FrameSpan(NamedTuple):
    """The first step of a frame, and the times of its first and last step in nanoseconds."""

    first: int
    began: int
    ended: int


class LoopLines(NamedTuple):
    """The lines of a loop: those of its head, those of its body, and its last one, which can be that of an ``else``."""

    head: int
    head_end: int
    body: int
    body_end: int
    end: int


class LoopStepRow(NamedTuple):
    """A step at the head of a loop.

    Attributes:
        step: the step.
        enters: whether the frame was outside of the loop before.
        began: the step after it, if that is the first of a turn.
    """

    step: int
    enters: bool
    began: int | None


class FrameEventRow(NamedTuple):
    """A call that a frame made, or a step of the frame that a probe recorded.

    Attributes:
        step: the step; for a call, the first step of the called frame.
        kind: ``call``, or the kind of the step.
        function: the function that was called; empty for a step.
        data: data of the step as JSON; empty for a call.
    """

    step: int
    kind: str
    function: str
    data: str


def functions(trace: Trace) -> list[FunctionCode]:
    """Return every executed function, in the order of their first frames."""
    query = "SELECT function, source, line FROM frame GROUP BY function, source, line ORDER BY min(number)"
    return list(trace.rows(FunctionCode, query))


def frames_of(trace: Trace, code: FunctionCode, most: int) -> list[int]:
    """Return the numbers of the first ``most`` frames that executed a function."""
    query = f"SELECT number FROM frame WHERE {_AT_DEF} ORDER BY number LIMIT ?"
    return [number for (number,) in trace.rows(tuple[int], query, code.source, code.line, most)]


def lines_in_frame(trace: Trace, frame: int, source: int) -> set[int]:
    """Return the lines of a source at which one frame has line steps."""
    query = "SELECT DISTINCT line FROM step WHERE frame = ? AND event = 'line' AND source = ?"
    return _lines(trace, query, frame, source)


def lines_in_function(trace: Trace, code: FunctionCode) -> set[int]:
    """Return the lines at which any execution of a function has line steps."""
    return _lines(trace, f"SELECT DISTINCT step.line FROM {_STEPS} WHERE {_OF_CODE} AND step.event = 'line'", *code)


def last_lines(trace: Trace, code: FunctionCode) -> list[int]:
    """Return, for each execution of a function that has line steps, the greatest line among them."""
    query = (
        f"SELECT max(step.line) FROM {_STEPS} WHERE {_AT_DEF}"
        " AND step.source = frame.source AND step.event = 'line' GROUP BY frame.number"
    )
    return [line for (line,) in trace.rows(tuple[int], query, code.source, code.line)]


def has_line_step(trace: Trace, code: FunctionCode, first: int, last: int) -> bool:
    """Return whether any execution of a function has a line step between two lines, both included."""
    query = f"SELECT 1 FROM {_STEPS} WHERE {_AT_DEF} AND step.line BETWEEN ? AND ? AND step.event = 'line' LIMIT 1"
    return next(iter(trace.rows(tuple[int], query, code.source, code.line, first, last)), None) is not None


def find_steps(
    trace: Trace, *, within: Iterable[FunctionSteps] | None = None, kind: str = "", stage: str | None = None
) -> Iterator[int]:
    """Yield the numbers of the steps that meet every given condition, in order.

    Args:
        trace: the trace.
        within: the functions that the steps may be in; None for anywhere.
        kind: the steps' kind; empty for any.
        stage: the steps' stage; None for any.
    """
    conditions, arguments = ["1"], list[Any]()
    if within is not None:
        alternatives = [_in_function(steps) for steps in within]
        conditions.append(f"({' OR '.join(condition for condition, _ in alternatives) or '0'})")
        arguments += [argument for _, given in alternatives for argument in given]
    if kind:
        conditions.append("step.kind = ?")
        arguments.append(kind)
    if stage is not None:
        conditions.append("step.stage = ?")
        arguments.append(stage)
    tables = _STEPS if within is not None else "step"
    query = f"SELECT step.number FROM {tables} WHERE {' AND '.join(conditions)} ORDER BY step.number"
    for (number,) in trace.rows(tuple[int], query, *arguments):
        yield number


def steps_that_change(trace: Trace, key: str) -> Iterator[int]:
    """Yield the numbers of the steps whose changes name a variable or key that is a plain word, in order."""
    query = "SELECT number FROM step WHERE instr(changes, ?) ORDER BY number"
    for (number,) in trace.rows(tuple[int], query, f'"{key}"'):
        yield number


def frame_spans(trace: Trace, frames: Collection[int]) -> dict[int, FrameSpan]:
    """Return the first step and the duration of each of these frames that has steps."""
    query = (
        "SELECT frame, min(number), min(time), max(time) FROM step"
        f" WHERE frame IN ({', '.join('?' * len(frames))}) GROUP BY frame"
    )
    return {frame: FrameSpan(*span) for frame, *span in trace.rows(tuple[int, int, int, int], query, *frames)}


def frame_events(trace: Trace, frame: int, most: int) -> list[FrameEventRow]:
    """Return the calls that a frame made and the steps that probes recorded in it, at most ``most`` of each."""
    query = (
        "SELECT * FROM (SELECT min(step.number), 'call', frame.function, '' FROM frame"
        " JOIN step ON step.frame = frame.number WHERE frame.parent = ?1 GROUP BY frame.number ORDER BY 1 LIMIT ?2)"
        " UNION ALL SELECT * FROM (SELECT number, kind, '', data FROM step WHERE frame = ?1"
        " AND kind NOT IN ('call', 'line', 'return', 'raise', 'unwind') ORDER BY number LIMIT ?2) ORDER BY 1"
    )
    return list(trace.rows(FrameEventRow, query, frame, most))


def line_counts(trace: Trace, frame: int) -> dict[int, int]:
    """Return how often a frame ran each of its lines."""
    query = "SELECT line, count(*) FROM step WHERE frame = ? AND event = 'line' AND line IS NOT NULL GROUP BY line"
    return dict(trace.rows(tuple[int, int], query, frame))


def loop_steps(trace: Trace, frame: int, lines: LoopLines) -> Iterator[LoopStepRow]:
    """Yield the steps of a frame at which a loop was entered or a turn of it began, in order."""
    query = (
        "SELECT number, enters, CASE WHEN turns THEN next END FROM (SELECT number, line,"
        " coalesce(lag(line) OVER steps NOT BETWEEN ?2 AND ?6, 1) AS enters,"
        " coalesce(lead(line) OVER steps BETWEEN ?4 AND ?5, 0) AS turns, lead(number) OVER steps AS next"
        " FROM step WHERE frame = ?1 AND event = 'line' WINDOW steps AS (ORDER BY number))"
        " WHERE line BETWEEN ?2 AND ?3 AND (enters OR turns) ORDER BY number"
    )
    for number, enters, began in trace.rows(tuple[int, int, int | None], query, frame, *lines):
        yield LoopStepRow(number, bool(enters), began)


def nearest_of_stages(
    trace: Trace, number: int, stages: Sequence[str], *, backwards: bool = False
) -> tuple[int, str] | None:
    """Return the first step after ``number`` (the last before it, with ``backwards``) that is in any of the stages.

    The step comes with its stage.
    """
    if not stages:
        return None
    best, ahead = ("max", "<") if backwards else ("min", ">")
    # For each stage by itself SQLite finds the step in an index; with one condition for all it would read every step
    # between.
    nearest = f"SELECT {best}(number) AS number, stage FROM step WHERE stage = ? AND number {ahead} ?"
    # A condition on the inner numbers would make SQLite read all of a stage's steps again; min and max ignore NULL.
    query = f"SELECT {best}(number), stage FROM ({' UNION ALL '.join([nearest] * len(stages))})"
    arguments = [argument for stage in stages for argument in (stage, number)]
    [(found, stage)] = trace.rows(tuple[int | None, str | None], query, *arguments)
    return None if found is None or stage is None else (found, stage)


def _in_function(steps: FunctionSteps) -> tuple[str, list[Any]]:
    """Return the SQL condition for the steps of one function, and its arguments."""
    condition, arguments = _OF_CODE, list[Any](steps.code)
    if steps.lines is not None:
        ranges = " OR ".join(["step.line BETWEEN ? AND ?"] * len(steps.lines)) or "0"
        condition += f" AND step.event = 'line' AND step.source = frame.source AND ({ranges})"
        arguments += [line for both in steps.lines for line in both]
    elif steps.event:
        condition += " AND step.event = ?"
        arguments.append(steps.event)
    return f"({condition})", arguments


def _lines(trace: Trace, query: str, *arguments: Any) -> set[int]:
    return {line for (line,) in trace.rows(tuple[int | None], query, *arguments) if line is not None}


class StepRow(NamedTuple):
    """Where a step is and what happened there, without its values: the quickest to read of a whole trace."""

    number: int
    frame: int | None
    thread: int
    source: int | None
    line: int | None
    event: str | None
    kind: str


def step_rows(trace: Trace) -> Iterator[StepRow]:
    """Yield what is known of every step without its values, in order."""
    query = "SELECT number, frame, thread, source, line, event, kind FROM step ORDER BY number"
    yield from trace.rows(StepRow, query)
