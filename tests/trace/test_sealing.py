"""Sealing: a journal becomes a SQLite file with the same content, which appears only when it is whole."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.trace.made import (
    SOURCE_TEXT,
    edited,
    encode,
    end_record,
    meta_record,
    ordinary_records,
    raw_value_record,
    sealed,
    step,
    step_record,
    write_journal,
)
from tracer.trace import journal
from tracer.trace.errors import NotATrace
from tracer.trace.journal import MAGIC, encode_record
from tracer.trace.outcome import Outcome
from tracer.trace.reading import open_trace
from tracer.trace.schema import APPLICATION_ID, SCHEMA_VERSION
from tracer.trace.sealing import _StepRow, seal
from tracer.trace.steps import Bound, Frame, Items, LightStep, Source, Step, Unbound
from tracer.trace.values import Text


def test_a_sealed_trace_has_the_content_of_the_journal(tmp_path: Path) -> None:
    changes = [Bound("a", 0), Unbound("b"), Items("kwargs", {"x": 0}, {}, ["y"])]
    made = [*ordinary_records(3)[:-1], step_record(step(3, changes=changes, value=0, data={"path": "<model>/α"}))]
    journal_path = write_journal(tmp_path / "x.journal", made)
    seal(journal_path, tmp_path / "x.glmtrace")
    with open_trace(journal_path) as unsealed, open_trace(tmp_path / "x.glmtrace") as trace:
        assert list(trace.steps()) == list(unsealed.steps())
        assert list(trace.frames()) == list(unsealed.frames())
        assert trace.stored_meta == unsealed.stored_meta
        assert trace.source(0) == unsealed.source(0)
        assert trace.source(0).text == SOURCE_TEXT
        assert trace.value(0) == unsealed.value(0) == Text("config.json")
        assert trace.step(3).changes == changes
        assert trace.step(3).data == {"path": "<model>/α"}
        assert len(trace) == len(unsealed) == 4


def test_the_file_identifies_its_format(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert path.read_bytes()[68:72] == b"GLMT"


def test_a_journal_without_an_end_is_unfinished(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path, ordinary_records()[:-1])) as trace:
        assert trace.outcome == Outcome("unfinished")
        assert len(trace) == 3


def test_later_facts_replace_earlier_facts_and_the_sealer_overrides_all(tmp_path: Path) -> None:
    made = [meta_record(a=1, b=1), meta_record(b=2), end_record(status="loaded")]
    path = write_journal(tmp_path / "x.journal", made)
    seal(path, tmp_path / "x", meta={"outcome": {"status": "interrupted"}, "c": 3})
    with open_trace(tmp_path / "x") as trace:
        assert trace.stored_meta == {"a": 1, "b": 2, "c": 3, "outcome": {"status": "interrupted"}}


def test_an_empty_journal_becomes_an_empty_trace(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(MAGIC)
    seal(path, tmp_path / "x")
    with open_trace(tmp_path / "x") as trace:
        assert len(trace) == 0
        assert list(trace.steps()) == []
        assert trace.stage_counts() == {}


def test_a_torn_tail_is_dropped_and_damage_is_reported(tmp_path: Path) -> None:
    whole = MAGIC + b"".join(ordinary_records())
    torn, damaged = tmp_path / "torn.journal", tmp_path / "damaged.journal"
    torn.write_bytes(whole[:-3])
    at = len(whole) - len(ordinary_records()[-1]) + 9
    damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    for path in (torn, damaged):
        seal(path, path.with_suffix(".glmtrace"))
    with open_trace(tmp_path / "torn.glmtrace") as trace:
        assert not trace.meta.journal_damaged
        assert len(trace) == 3
    with open_trace(tmp_path / "damaged.glmtrace") as trace:
        assert trace.meta.journal_damaged is True
        assert len(trace) == 3


def test_many_steps_in_batches(tmp_path: Path) -> None:
    made = [*ordinary_records(0)[:-1], *(step_record(step(n)) for n in range(12_345))]
    with open_trace(sealed(tmp_path, made)) as trace:
        assert len(trace) == 12_345
        assert [one.number for one in trace.steps(12_340)] == [12_340, 12_341, 12_342, 12_343, 12_344]


HUGE = 1 << 70
NOT_OUR_FORMAT = {
    "no JSON": encode_record(journal.STEP, b"not json"),
    "another shape": encode_record(journal.STEP, b'{"number":0}'),
    "a step twice": step_record(step(0)) + step_record(step(0)),
    "a value twice": raw_value_record(0, b"{}") + raw_value_record(0, b"{}"),
    "a number beyond SQLite": encode_record(journal.VALUE, b"[%d,{}]" % HUGE),
    "a time beyond SQLite": step_record(step(0, time=HUGE)),
    "a lone surrogate": encode_record(journal.SOURCE, b'[0,"x","\\ud800"]'),
    "no UTF-8": encode_record(journal.SOURCE, b'[0,"x","\xff"]'),
    "no UTF-8 in raw data": encode_record(journal.VALUE, b'[0,"\xff"]'),
    "nested without end": encode_record(journal.META, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "nested raw data": encode_record(journal.VALUE, b"[0," + b"[" * 100_000 + b"]" * 100_000 + b"]"),
    "meta that is a list": encode_record(journal.META, b"[1]"),
}


@pytest.mark.parametrize("what", NOT_OUR_FORMAT)
def test_a_record_of_another_format_ends_the_reading_and_loses_nothing_before_it(tmp_path: Path, what: str) -> None:
    made = [*ordinary_records()[:-1], NOT_OUR_FORMAT[what], step_record(step(3)), end_record(status="loaded")]
    path = write_journal(tmp_path / "x.journal", made)
    seal(path, tmp_path / "x")
    for one in (path, tmp_path / "x"):
        with open_trace(one) as trace:
            assert [step.number for step in trace.steps()] == list(range(3))
            assert trace.meta.journal_damaged is True
            assert trace.outcome == Outcome("unfinished")
            assert trace.source(0).text == SOURCE_TEXT


def test_sealing_writes_under_an_unpredictable_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    replace = os.replace

    def noted(source: str, target: Path) -> None:
        seen.append((os.path.basename(source), os.stat(source).st_mode & 0o777))
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    path = write_journal(tmp_path / "x.journal", ordinary_records())
    before = os.umask(0o022)
    try:
        for _ in range(2):
            seal(path, tmp_path / "x")
    finally:
        os.umask(before)
    assert len({name for name, _ in seen}) == 2
    assert {mode for _, mode in seen} == {0o600}, "a trace can hold prompts and code"


def test_leftovers_of_a_killed_sealing_are_deleted_later(tmp_path: Path) -> None:
    old, new = tmp_path / ".glm-trace-old.partial", tmp_path / ".glm-trace-new.partial"
    for file in (old, new):
        file.touch()
    os.utime(old, (1, 1))
    sealed(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_a_failed_sealing_leaves_the_older_trace_and_nothing_else(tmp_path: Path) -> None:
    older = sealed(tmp_path).read_bytes()
    path = tmp_path / "x.journal"
    path.write_text("no journal")
    with pytest.raises(NotATrace):
        seal(path, tmp_path / "made.glmtrace")
    assert sorted(os.listdir(tmp_path)) == ["made.glmtrace", "x.journal"]
    assert (tmp_path / "made.glmtrace").read_bytes() == older


def test_sealing_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "x.journal", ordinary_records())
    with pytest.raises((OSError, sqlite3.Error)):
        seal(path, tmp_path / "missing" / "x")
    assert os.listdir(tmp_path) == ["x.journal"]


@pytest.mark.parametrize("name", ["sp ace.glmtrace", "we?ird#na%me&.glmtrace", "追踪.glmtrace", "file:x?mode=rwc"])
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    with open_trace(sealed(tmp_path, name=name)) as trace:
        assert len(trace) == 3
    assert os.listdir(tmp_path) == [name]


def test_a_file_name_that_is_not_unicode(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.glmtrace")
    with open_trace(sealed(tmp_path, name=name)) as trace:
        assert len(trace) == 3


def test_the_tests_encode_like_the_recorder() -> None:
    assert encode(step(0)).startswith(b"[0,")


@pytest.mark.parametrize(("table", "row"), [("step", Step), ("frame", Frame), ("source", Source)])
def test_the_columns_of_a_table_are_the_fields_of_its_type(tmp_path: Path, table: str, row: Any) -> None:
    connection = sqlite3.connect(sealed(tmp_path, ordinary_records()))
    columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    assert tuple(columns) == row.__struct_fields__


def test_a_step_has_the_same_fields_while_it_is_sealed_and_when_it_is_read_in_part() -> None:
    assert _StepRow.__struct_fields__ == Step.__struct_fields__
    assert set(LightStep.__struct_fields__) <= set(Step.__struct_fields__)
