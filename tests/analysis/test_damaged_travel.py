"""Moves in a damaged or hostile trace give a result, or one sentence that names the file."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest

from tests.trace.made import (
    edited,
    frame_record_of,
    ordinary_records,
    raw_value_record,
    sealed,
    source_record,
    step,
    step_record,
)
from tests.trace.wrong_content import WRONG_CONTENT
from tracer.analysis.cursor import Cursor
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.locals import LocalsHistory
from tracer.analysis.search import search
from tracer.analysis.syntax import SyntaxTrees
from tracer.trace.errors import NewerTrace, NotATrace
from tracer.trace.reading import Trace, open_trace
from tracer.trace.source_parser import extent, parse
from tracer.trace.steps import Bound, Items
from tracer.tui.player_state import PlayerState
from tracer.tui.stage_bar import stretches
from tracer.walkthrough import library
from tracer.walkthrough.binder import Binder
from tracer.walkthrough.explained_code import measure_coverage

MOVES = (
    Cursor.next, Cursor.previous, Cursor.into, Cursor.into_back, Cursor.over, Cursor.over_back, Cursor.out,
    Cursor.caller, Cursor.next_stage, Cursor.previous_stage, Cursor.first, Cursor.last,
)  # fmt: skip


def look_at_variables(trace: Trace) -> None:
    kept = LocalsHistory(trace)
    for number in range(len(trace)):
        for state in kept.at(number):
            for local in state.variables.values():
                local.value(trace)


def move_about(trace: Trace) -> None:
    for number in range(len(trace)):
        for move in MOVES:
            move(Cursor(trace, number))
        cursor = Cursor(trace, number)
        cursor.previous_line(0, 2)
        cursor.next_change("path")


def search_for_all(trace: Trace) -> None:
    for text in ("a", "load", "config.json"):
        search(trace, text)


def bind_notes(trace: Trace) -> None:
    walkthrough = library.find_walkthrough("config-file", library.library())
    list(Binder(trace).bind(walkthrough))
    measure_coverage(trace, [walkthrough])


def decide(trace: Trace) -> None:
    list(decisions(trace))


def list_what_ran(trace: Trace) -> None:
    state = PlayerState(trace)
    for number in range(len(trace)):
        if (frame := trace.step(number).frame) is not None:
            state.line_counts(frame)
    list(stretches(trace))


def travels_or_is_told(path: Path) -> None:
    for travel in (look_at_variables, move_about, search_for_all, bind_notes, decide, list_what_ran):
        try:
            with open_trace(path) as trace:
                travel(trace)
        except (NotATrace, NewerTrace) as told:
            assert path.name in str(told)
            assert "\n" not in str(told)


MORE_WRONG_CONTENT = {
    "changes are no list": "UPDATE step SET changes = '{}' WHERE number = 1",
    "changes are a blob": "UPDATE step SET changes = x'ff' WHERE number = 1",
    "changes are a number": "UPDATE step SET changes = 7",
    "a change of no kind": """UPDATE step SET changes = '[["never","path"]]' WHERE number = 1""",
    "a value beyond counting": """UPDATE step SET changes = '[["set","path",99999999999999999999]]' WHERE number = 1""",
    "items of a value that is not there": """UPDATE step SET changes = '[["set","d",77],["items","d",{"a":0},{},[]]]'""",
    "a name of another type": """UPDATE step SET changes = '[["set",7,0]]'""",
    "stage is a number": "UPDATE step SET stage = 7 WHERE number = 1",
    "stage is a blob": "UPDATE step SET stage = x'ff' WHERE number = 1",
    "thread is text": "UPDATE step SET thread = 'main'",
    "parent is text": "UPDATE frame SET parent = 'load'",
    "parent is not there": "UPDATE frame SET parent = 70",
    "source of a frame is text": "UPDATE frame SET source = 'x'",
    "step's value is text": "UPDATE step SET value = 'x'",
    "data is a list": "UPDATE step SET kind = 'log', data = '[\"a\"]'",
    "data is no JSON": "UPDATE step SET kind = 'log', data = 'a'",
    "value is a list": "UPDATE value SET data = '[\"a\"]'",
    "value is in a circle": """UPDATE value SET data = '{"is":"sequence","type":"list","length":1,"items":[0]}'""",
}


@pytest.mark.parametrize("what", [*WRONG_CONTENT, *MORE_WRONG_CONTENT])
def test_content_of_wrong_types(tmp_path: Path, what: str) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute({**WRONG_CONTENT, **MORE_WRONG_CONTENT}[what])
    travels_or_is_told(path)


COLUMNS = [
    *(f"frame.{name}" for name in ("parent", "thread", "module", "function", "source", "line", "depth")),
    *(f"step.{name}" for name in ("time", "thread", "frame", "stage", "kind", "event", "source", "line", "value")),
]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("value", ["'x'", "x'ff'", "1e300", "NULL"])
def test_a_column_of_another_type(tmp_path: Path, column: str, value: str) -> None:
    table, name = column.split(".")
    path = sealed(tmp_path)
    with edited(path) as db, contextlib.suppress(sqlite3.IntegrityError):  # a column may forbid NULL
        db.execute(f"UPDATE {table} SET {name} = {value}")
    travels_or_is_told(path)


def test_a_query_reads_rows_of_its_type_or_raises(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute("UPDATE step SET line = 'x' WHERE number = 1")
    with open_trace(path) as trace:
        with pytest.raises(NotATrace, match=path.name):
            list(trace.rows(tuple[int, int], "SELECT number, line FROM step"))
        assert list(trace.rows(tuple[int], "SELECT line FROM step WHERE number = 2")) == [(2,)]


def test_endless_sources_are_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary, endless = "def load():\n    return 1\n", "a\n" * 1_000_000
    with pytest.raises(ValueError, match="too large"):
        parse(endless)
    records = [source_record(number, f"{number}.py", text) for number, text in enumerate((endless, ordinary, ordinary))]
    with open_trace(sealed(tmp_path, [*records, frame_record_of(0), step_record(step(0))])) as trace:
        sources = SyntaxTrees(trace)
        assert sources(0) is not None
        assert [len(syntax.functions) for number in range(3) if (syntax := sources(number))] == [0, 1, 1]
        monkeypatch.setattr(SyntaxTrees, "MAX_EXTENT", extent(ordinary) + 1)
        small = SyntaxTrees(trace)
        assert [len(syntax.functions) for number in (1, 2) if (syntax := small(number))] == [1, 0]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_flipped_bytes(tmp_path: Path, seed: int) -> None:
    made = ordinary_records(8)[:-1]
    made.append(raw_value_record(1, b'{"is":"mapping","type":"dict","length":1,"items":[["a",0]]}'))
    made.append(step_record(step(8, changes=[Bound("d", 1), Items("d", {"b": 0}, {}, [])], value=1)))
    path, chance = sealed(tmp_path, made), random.Random(seed)
    whole = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 5, 40))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        travels_or_is_told(path)
