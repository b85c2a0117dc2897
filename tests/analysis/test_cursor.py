"""Moves through a trace: a move and its opposite lead back, and each goes where a reader expects."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.loads import MAIN_CALL, Loads
from tests.trace.made import frame_record_of, raw_value_record, sealed, source_record, step, step_record
from tracer.analysis.cursor import Cursor
from tracer.trace.reading import Trace, open_trace
from tracer.trace.steps import Bound, Step, Unbound

STAGE_NAMES = ("config", "trust", "weights")

Move = Callable[[Cursor], "int | None"]

# ── Traces of any shape ────────────────────────────────────────────────────────────────────────────


class Shape:
    """Write the records of a run in two threads that calls, returns and prints as the test asks."""

    def __init__(self, ticks: list[tuple[int, str, int]]) -> None:
        self.records = [source_record()]
        self._stacks: dict[int, list[int]] = {0: [], 1: []}
        self._frames = 0
        self._count = 0
        for thread, what, detail in ticks:
            stack = self._stacks[thread]
            if what == "call":
                self._call(thread, detail)
            elif what == "return" and stack:
                self._step(thread, detail, "return", stack[-1])
                stack.pop()
            elif what == "abandon" and stack:  # an end that was never recorded
                stack.pop()
            elif what == "line" and stack:
                self._step(thread, detail, "line", stack[-1])
            else:
                self._step(thread, detail, None, stack[-1] if stack else None)

    def _call(self, thread: int, detail: int) -> None:
        stack = self._stacks[thread]
        parent = stack[-1] if stack else None
        number = self._frames
        self._frames += 1
        self.records.append(frame_record_of(number, parent=parent, thread=thread, depth=len(stack)))
        stack.append(number)
        self._step(thread, detail, "call", number)

    def _step(self, thread: int, detail: int, event: str | None, frame: int | None) -> None:
        made = step(
            self._count,
            thread=thread,
            frame=frame,
            event=event,
            kind=event or "log",
            stage=STAGE_NAMES[detail % 3],
            source=None if frame is None else 0,
            line=None if frame is None else 1 + detail % 4,
        )
        self._count += 1
        self.records.append(step_record(made))


ticks = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from(["call", "call", "return", "return", "line", "line", "line", "line", "point", "abandon"]),
        st.integers(0, 11),
    ),
    max_size=40,
)
any_trace = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def opened(folder: Path, shape: list[tuple[int, str, int]]) -> Trace:
    return open_trace(sealed(folder, Shape(shape).records))


@given(ticks=ticks)
@any_trace
def test_there_and_back(ticks: list[tuple[int, str, int]], tmp_path: Path) -> None:
    with opened(tmp_path, ticks) as trace:
        check_moves(trace, range(len(trace)))


@pytest.mark.slow
def test_there_and_back_in_the_demo(loads: Loads, fixtures: Path) -> None:
    with loads.trace(fixtures / "glm-4v-tiny", kwargs=MAIN_CALL, forward=True) as trace:
        check_moves(trace, random.Random(1).sample(range(len(trace)), 60))


def check_moves(trace: Trace, numbers: Iterable[int]) -> None:
    steps = list(trace.steps())
    for number in numbers:
        cursor = Cursor(trace, number)
        check_pair(cursor, Cursor.next, Cursor.previous, range(len(steps)))
        check_pair(cursor, Cursor.into, Cursor.into_back, those(steps, "thread", steps[number].thread))
        for kind in {made.kind for made in steps}:
            check_hits(cursor, those(steps, "kind", kind))
        check_line(cursor, steps, number)
        check_stages(cursor, steps, number)
        check_over(trace, steps, number)


def those(steps: list[Step], field: str, value: object) -> list[int]:
    return [made.number for made in steps if getattr(made, field) == value]


def check_pair(cursor: Cursor, forward: Move, back: Move, found: Sequence[int]) -> None:
    """Check that both go to the nearest step in ``found``, or stay if there is none, and that each undoes the other."""
    number = cursor.number
    after = next((n for n in found if n > number), None)
    before = next((n for n in reversed(found) if n < number), None)
    assert forward(cursor) == after
    assert cursor.number == (number if after is None else after)
    if after is not None:
        assert back(cursor) == (number if number in found else before)
    cursor.go(number)
    assert back(cursor) == before
    assert cursor.number == (number if before is None else before)
    if before is not None:
        assert forward(cursor) == (number if number in found else after)
    cursor.go(number)


def check_hits(cursor: Cursor, found: list[int]) -> None:
    check_pair(cursor, lambda c: c.next_of(found), lambda c: c.previous_of(found), found)


def check_line(cursor: Cursor, steps: list[Step], number: int) -> None:
    source, line = steps[number].source, steps[number].line
    if source is not None and line is not None:
        found = [n for n in those(steps, "line", line) if steps[n].source == source and steps[n].event == "line"]
        check_pair(cursor, lambda c: c.next_line(source, line), lambda c: c.previous_line(source, line), found)


def check_stages(cursor: Cursor, steps: list[Step], number: int) -> None:
    runs = [n for n, made in enumerate(steps) if n == 0 or made.stage != steps[n - 1].stage]
    begun = max(n for n in runs if n <= number)
    cursor.go(begun)
    check_pair(cursor, Cursor.next_stage, Cursor.previous_stage, runs)
    cursor.go(number)
    assert cursor.next_stage() == next((n for n in runs if n > number), None)
    cursor.go(number)
    assert cursor.previous_stage() == next((n for n in reversed(runs) if n < begun), None)
    cursor.go(number)


def check_over(trace: Trace, steps: list[Step], number: int) -> None:
    made = steps[number]
    cursor = Cursor(trace, number)
    after = cursor.over()
    if after is not None:
        assert after > number
        assert steps[after].thread == made.thread
        behind = cursor.over_back()
        if steps[after].frame == made.frame or made.frame is None:
            assert behind == number
        else:
            assert behind is None or behind < after
    cursor = Cursor(trace, number)
    before = cursor.over_back()
    if before is not None:
        assert before < number
        assert steps[before].thread == made.thread
        if steps[before].frame == made.frame:
            assert cursor.over() == number
    same = [other.number for other in steps if other.frame == made.frame and other.thread == made.thread]
    if made.frame is not None and number < same[-1]:
        assert after == same[same.index(number) + 1]
    check_out(trace, steps, number, same)


def check_out(trace: Trace, steps: list[Step], number: int, same: list[int]) -> None:
    made = steps[number]
    out, called = Cursor(trace, number).out(), Cursor(trace, number).caller()
    if made.frame is None:
        assert out is None
        assert called is None
        return
    assert out is None or out > same[-1]
    parent = trace.frame(made.frame).parent
    if parent is None:
        assert called is None
        return
    of_parent = [other.number for other in steps if other.frame == parent]
    assert called == max(n for n in of_parent if n < same[0])
    if later := [n for n in of_parent if n > same[-1]]:
        assert out == later[0]


# ── One trace, move by move ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def walked(tmp_path: Path) -> Iterator[Trace]:
    """``load`` calls ``find`` twice; a second thread runs in between; a log outside any function is at both ends."""
    calls = {"event": "call", "kind": "call"}
    returns = {"event": "return", "kind": "return"}
    outside = {"frame": None, "event": None, "kind": "log", "source": None, "line": None}
    other = {"frame": 9, "thread": 1}
    made = [
        step(0, **outside),
        step(1, **calls, line=1, changes=[Bound("d", 0)]),
        step(2, line=2),
        step(3, frame=1, **calls, line=7),
        step(4, **other, **calls, line=20),
        step(5, frame=1, line=8, changes=[Bound("d", 0)]),
        step(6, frame=1, **returns, line=8),
        step(7, line=3, changes=[Unbound("d")]),
        step(8, frame=2, **calls, line=7, stage="trust"),
        step(9, frame=2, line=8, stage="trust"),
        step(10, **other, line=21, stage="trust"),
        step(11, **returns, line=3),
        step(12, **outside),
        step(13, **other, **returns, line=21),
    ]
    frames = [
        frame_record_of(0),
        frame_record_of(1, parent=0),
        frame_record_of(2, parent=0),
        frame_record_of(9, thread=1),
    ]
    value = raw_value_record(0, b'{"is":"plain","value":0}')
    records = [source_record(), *frames, value, *map(step_record, made)]
    with open_trace(sealed(tmp_path, records)) as trace:
        yield trace


@pytest.mark.parametrize(
    ("move", "path"),
    [
        (Cursor.next, [0, 1, 2, 3, 4]),
        (Cursor.next, [12, 13, None]),
        (Cursor.into, [0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, None]),
        (Cursor.into, [4, 10, 13, None]),
        (Cursor.into_back, [12, 11, 9, 8, 7, 6, 5, 3, 2, 1, 0, None]),
        (Cursor.over, [0, 1, 2, 7, 11, 12, None]),
        (Cursor.over, [3, 5, 6, 7]),
        (Cursor.over, [9, 11]),
        (Cursor.over, [4, 10, 13, None]),
        (Cursor.over_back, [12, 1, 0, None]),
        (Cursor.over_back, [11, 7, 2, 1, 0, None]),
        (Cursor.over_back, [9, 8, 7]),
        (Cursor.out, [5, 7, 12, None]),
        (Cursor.out, [8, 11]),
        (Cursor.out, [10, None]),
        (Cursor.caller, [6, 2, None]),
        (Cursor.caller, [9, 7]),
        (Cursor.next_stage, [3, 8, 11, None]),
        (Cursor.previous_stage, [13, 8, 0, None]),
        (lambda cursor: cursor.next_line(0, 8), [0, 5, 9, None]),
        (lambda cursor: cursor.previous_line(0, 8), [13, 9, 5, None]),
        (lambda cursor: cursor.next_change("d"), [1, 7, None]),
        (lambda cursor: cursor.next_change("d"), [3, 5, None]),
        (lambda cursor: cursor.next_change("d"), [0, None]),
        (lambda cursor: cursor.previous_change("d"), [11, 7, 1, None]),
        (lambda cursor: cursor.previous_change("nothing"), [11, None]),
        (lambda cursor: cursor.next_of([2, 5, 6]), [0, 2, 5, 6, None]),
        (lambda cursor: cursor.previous_of([2, 5, 6]), [9, 6, 5, 2, None]),
        (Cursor.first, [7, 0]),
        (Cursor.last, [7, 13]),
        (lambda cursor: cursor.go(5), [0, 5]),
        (lambda cursor: cursor.go(14), [3, None]),
        (lambda cursor: cursor.go(-1), [3, None]),
    ],
)
def test_moves(move: Move, path: list[int | None], walked: Trace) -> None:
    """Repeat a move from the first step of the path; None means that there is no such step and the cursor stays."""
    at = path[0]
    assert at is not None
    cursor = Cursor(walked, at)
    for expected in path[1:]:
        assert move(cursor) == expected
        at = at if expected is None else expected
        assert cursor.number == cursor.step.number == at


def test_a_cursor_starts_at_a_step(walked: Trace, tmp_path: Path) -> None:
    for beyond in (-1, 14):
        with pytest.raises(IndexError):
            Cursor(walked, beyond)
    with open_trace(sealed(tmp_path, [source_record()], "empty.glmtrace")) as nothing:
        cursor = Cursor(nothing)
        moves: list[Move] = [
            Cursor.next,
            Cursor.previous,
            Cursor.into,
            Cursor.into_back,
            Cursor.over,
            Cursor.over_back,
            Cursor.out,
        ]
        moves += [Cursor.caller, Cursor.next_stage, Cursor.previous_stage, Cursor.first, Cursor.last]
        moves += [lambda c: c.next_change("a"), lambda c: c.previous_line(0, 1)]
        assert [move(cursor) for move in moves] == [None] * len(moves)
        with pytest.raises(IndexError):
            Cursor(nothing, 1)
