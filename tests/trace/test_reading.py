"""Read damaged or hostile files: one sentence, never another exception, and nothing is executed."""

from __future__ import annotations

import io
import os
import random
import sqlite3
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from tests.trace.made import (
    edited,
    end_record,
    meta_record,
    ordinary_records,
    raw_value_record,
    read_everything,
    sealed,
    step,
    step_record,
    write_journal,
)
from tests.trace.wrong_content import WRONG_CONTENT
from tracer.analysis.value_format import format_value, to_json
from tracer.export.json_documents import load_document, step_documents
from tracer.trace.errors import NewerTrace, NotATrace
from tracer.trace.metadata import Metadata
from tracer.trace.outcome import Outcome, outcome_facts
from tracer.trace.reading import open_trace
from tracer.trace.schema import SCHEMA_VERSION
from tracer.trace.steps import Bound, LightStep
from tracer.trace.values import Plain, Text
from tracer.views.show import load_report, next_commands, step_lines


def look(path: Path) -> None:
    """Open a file and show all of it, like the commands."""
    with open_trace(path) as trace:
        read_everything(trace)
        load_document(trace)
        list(step_documents(trace))
        list(step_lines(trace))
        console = Console(file=io.StringIO(), width=80)
        console.print(load_report(trace, "en"), crop=False)
        console.print(next_commands(trace, "en"), crop=False)


def is_shown_or_reported(path: Path) -> bool:
    """Return whether the file could be shown; otherwise the exception must be a TracerError."""
    try:
        look(path)
    except (NotATrace, NewerTrace) as raised:
        assert str(path) in str(raised) or path.name in str(raised)
        assert "\n" not in str(raised)
        return False
    return True


# ── Not a trace ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"hello",
        b"SQLite format 3",
        b"SQLite format 3\0",
        b"SQLite format 3\0" + b"\0" * 4096,
        b"PK\3\4" * 99,
    ],
    ids=["empty", "one-byte", "text", "half-magic", "magic", "magic-and-zeros", "zip"],
)
def test_another_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.glmtrace"
    path.write_bytes(content)
    assert not is_shown_or_reported(path)


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(
        NotATrace, match=r"is a directory, not a trace\. Record a model directory with: glm-trace load "
    ):
        open_trace(tmp_path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotATrace, match=r"There is no file .*x\.glmtrace\. Record one with: glm-trace load"):
        open_trace(tmp_path / "x.glmtrace")


def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "x.glmtrace"
    with edited(path) as db:
        db.execute("CREATE TABLE step (number INTEGER)")
    with pytest.raises(NotATrace, match="SQLite file, but not a glm-trace trace"):
        open_trace(path)


def test_a_trace_as_a_string(tmp_path: Path) -> None:
    with open_trace(str(sealed(tmp_path))) as trace:
        assert len(trace) == 3


# ── Requests for what does not exist ───────────────────────────────────────────────────────────────────


def test_numbers_that_do_not_exist(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path)) as trace:
        with pytest.raises(IndexError, match="has 3 steps; there is no step 3"):
            trace.step(3)
        with pytest.raises(IndexError):
            trace.step(-1)
        for missing in (7, -1, 1 << 62, 1 << 80):
            for ask in (trace.value, trace.frame, trace.source):
                with pytest.raises(KeyError):
                    ask(missing)


def test_filters(tmp_path: Path) -> None:
    made = [
        *ordinary_records(0)[:-1],
        step_record(step(0, stage="trust", kind="call", frame=None)),
        step_record(step(1)),
    ]
    with open_trace(sealed(tmp_path, made)) as trace:
        assert [one.number for one in trace.steps(stages=["trust"])] == [0]
        assert [one.number for one in trace.steps(kinds=["line"])] == [1]
        assert [one.number for one in trace.steps(kinds=[])] == []
        assert [one.number for one in trace.steps(frame=0)] == [1]
        assert [one.number for one in trace.steps(1)] == [1]
        assert [one.number for one in trace.steps(0, 1)] == [0]
        assert list(trace.stage_counts()) == ["config", "trust"]


# ── Damage ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A sealed trace with something in every table."""
    made = ordinary_records(40)[:-1]
    made.append(raw_value_record(1, b'{"is":"mapping","type":"dict","length":1,"items":[["a",0]]}'))
    made.append(step_record(step(40, kind="file-resolved", event="return", value=1, data={"path": "<model>/a"})))
    return sealed(tmp_path_factory.mktemp("whole"), made).read_bytes()


def test_cut_off_at_any_byte(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "x.glmtrace"
    cuts = {*range(0, len(whole), 61), *range(110), *range(len(whole) - 5, len(whole))}
    cuts |= {page + off for page in range(0, len(whole), 4096) for off in (-1, 0, 1) if 0 <= page + off < len(whole)}
    for cut in sorted(cuts):
        path.write_bytes(whole[:cut])
        assert not is_shown_or_reported(path), f"cut at byte {cut} of {len(whole)}"
    path.write_bytes(whole)
    assert is_shown_or_reported(path)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4, 5))])
def test_flipped_bytes(tmp_path: Path, whole: bytes, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "x.glmtrace"
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 1, 2, 5, 40))):
            at = chance.randrange(len(damaged)) if chance.random() < 0.8 else chance.randrange(100)
            damaged[at] = chance.randrange(256)
        path.write_bytes(damaged)
        is_shown_or_reported(path)
    assert os.listdir(tmp_path) == ["x.glmtrace"]


@pytest.mark.slow
def test_every_byte_of_the_header_flipped(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "x.glmtrace"
    for at in range(100):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[at] ^= flip
            path.write_bytes(damaged)
            is_shown_or_reported(path)
    assert os.listdir(tmp_path) == ["x.glmtrace"]


@pytest.mark.slow
def test_flipped_bytes_in_a_journal(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "x.glmtrace", ordinary_records(10))
    content, chance = path.read_bytes(), random.Random(0)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        is_shown_or_reported(path)


# ── Hostile files ──────────────────────────────────────────────────────────────────────────────────


def run(*statements: str) -> Callable[[sqlite3.Connection], None]:
    def change(db: sqlite3.Connection) -> None:
        for statement in statements:
            db.execute(statement)

    return change


def schema(old: str, new: str) -> Callable[[sqlite3.Connection], None]:
    """Rewrite the text of the schema itself, which no well-behaved program does."""

    def change(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA writable_schema = ON")
        done = db.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (old, new)).rowcount
        assert done
        db.execute("PRAGMA writable_schema = OFF")

    return change


FOREIGN = {
    "a view": run("CREATE VIEW extra AS SELECT load_extension('/tmp/x.so')"),
    "a view in place of a table": run("DROP TABLE meta", "CREATE VIEW meta AS SELECT 'outcome' AS key, '{}' AS value"),
    "a trigger": run("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM step; END"),
    "a table": run("CREATE TABLE extra (x)"),
    "an index": run("CREATE INDEX extra ON step (time)"),
    "a virtual table": run("CREATE VIRTUAL TABLE extra USING fts5(x)"),
    "a name that begins like SQLite's own": run("CREATE TABLE sqliteXextra (x)"),
    "a view that begins like SQLite's own": run("CREATE VIEW sqliteXextra AS SELECT 1"),
    "no table": run("DROP TABLE value"),
    "another column": run("ALTER TABLE step ADD COLUMN extra TEXT"),
    "a renamed column": run("ALTER TABLE step RENAME COLUMN data TO extra"),
    "a computed column": schema("data TEXT NOT NULL\n", "data TEXT AS (hex(zeroblob(100000000)))\n"),
    "an index over an expression": run("DROP INDEX step_kind", "CREATE INDEX step_kind ON step (hex(zeroblob(99)))"),
    "a virtual table in place of a table": run(
        "DROP TABLE source", "CREATE VIRTUAL TABLE source USING fts3tokenize('simple')"
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_schema_is_not_opened(tmp_path: Path, what: str) -> None:
    path = sealed(tmp_path)
    try:
        with edited(path) as db:
            FOREIGN[what](db)
    except sqlite3.OperationalError as error:
        pytest.skip(f"this SQLite cannot make it: {error}")
    started = time.monotonic()
    with pytest.raises(NotATrace):
        look(path)
    assert time.monotonic() - started < 2


def test_nothing_is_written_to_a_trace(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    before = path.read_bytes()
    with open_trace(path) as trace, pytest.raises(NotATrace, match="readonly database"):
        list(trace.rows(tuple[int], "DELETE FROM step"))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def test_a_trace_in_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        look(path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 2**31 - 1])
def test_a_newer_schema(tmp_path: Path, version: int) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("CREATE TABLE something_new (x)")  # only the version matters
    with pytest.raises(NewerTrace, match=f"schema {version}.*pip install --upgrade glm-trace"):
        open_trace(path)


@pytest.mark.parametrize("version", [0, -1])
def test_an_unknown_older_schema(tmp_path: Path, version: int) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(NotATrace):
        open_trace(path)


def test_fields_of_the_outcome_have_their_types(tmp_path: Path) -> None:
    """Fields of another type are left out, and the rest of the trace is read."""
    path = sealed(tmp_path)
    outcome = '{"status": "told by a newer release", "step": [], "result": 7, "seconds": 1.5}'
    with edited(path) as db:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('outcome', ?)", (outcome,))
    with open_trace(path) as trace:
        assert outcome_facts(trace.stored_meta) == {"status": "told by a newer release", "seconds": 1.5}
        assert (trace.outcome.status, trace.outcome.seconds) == ("told by a newer release", 1.5)
    for broken in ('{"status": []}', "[]", "7"):
        with edited(path) as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('outcome', ?)", (broken,))
        with open_trace(path) as trace:
            assert trace.outcome == Outcome("unfinished")
        assert is_shown_or_reported(path)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("releases", '{"transformers": []}'),
        ("roots", "3"),
        ("command", '"glm-trace"'),
        ("remote_code", '{"refused": {"file": null}}'),
        ("recording_ended", "true"),
        ("threads", '{"0": 0}'),
    ],
)
def test_metadata_of_wrong_types_is_damage(tmp_path: Path, name: str, stored: str) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, stored))
    with pytest.raises(NotATrace, match=rf"is damaged and can't be read: .*\$\.{name}"):
        open_trace(path)


def test_metadata_of_a_newer_release_is_kept_and_ignored(tmp_path: Path) -> None:
    records = [meta_record(lines=False, weather={"sun": 1}), end_record(status="loaded")]
    with open_trace(sealed(tmp_path, records)) as trace:
        assert trace.meta == Metadata(lines=False)
        assert trace.stored_meta == {"lines": False, "weather": {"sun": 1}, "outcome": {"status": "loaded"}}


@pytest.mark.parametrize("what", WRONG_CONTENT)
def test_content_of_wrong_types_is_reported_or_shown(tmp_path: Path, what: str) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute(WRONG_CONTENT[what])
    is_shown_or_reported(path)


@pytest.mark.parametrize(
    "what", ["a step is missing", "the first step is missing", "a negative step", "a step beyond counting"]
)
def test_steps_have_no_gaps(tmp_path: Path, what: str) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute(WRONG_CONTENT[what])
    with pytest.raises(NotATrace, match="steps"):
        open_trace(path)


@pytest.mark.parametrize("what", ["value", "frame", "source"])
def test_a_dangling_reference_in_a_step_is_damage(tmp_path: Path, what: str) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute(f"UPDATE step SET {what} = 99")
    with open_trace(path) as trace, pytest.raises(NotATrace, match=f"has no {what} 99"):
        getattr(trace, what)(99)


def test_terminal_escapes_are_written_out(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    with edited(path) as db:
        db.execute(WRONG_CONTENT["terminal escapes everywhere"])
        db.execute("INSERT OR REPLACE INTO meta VALUES ('asked', '\"\\u001b[31m\\u202e\"')")
        db.execute("UPDATE source SET text = ?", (zlib.compress(b"\x1b[2Jline one\nline \x07two\n"),))
        db.execute("UPDATE frame SET function = char(27) || 'c'")
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    with open_trace(path) as trace:
        console.print(load_report(trace, "en"), crop=False)
        for line in step_lines(trace):
            console.print(line)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "\\x1b" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(b"\0" * (1 << 20)) for _ in range(megabytes)), packer.flush()])


@pytest.mark.parametrize(
    "pack",
    [
        lambda: bomb(300),
        lambda: zlib.compress(b"x" * 1000)[:-6],
        lambda: zlib.compress(b"x") + b"trailing",
        lambda: zlib.compress(b"\xff\xfe"),
    ],
    ids=["unpacks without end", "cut off", "more behind it", "no UTF-8"],
)
def test_a_malformed_source(tmp_path: Path, pack: Callable[[], bytes]) -> None:
    path, packed = sealed(tmp_path), pack()
    with edited(path) as db:
        db.execute("UPDATE source SET text = ?", (packed,))
    started = time.monotonic()
    with open_trace(path) as trace, pytest.raises(NotATrace, match="source"):
        trace.source(0)
    assert time.monotonic() - started < 2


def of_itself(count: int, kind: str, length: int) -> list[bytes]:
    """Return a container whose items are all itself, with ``length`` as their number."""
    items = ",".join("0" if kind == "sequence" else f'["k{n}",0]' for n in range(count))
    made = f'{{"is":"{kind}","type":"list","length":{length},"items":[{items}]}}'
    steps = [step_record(step(n, changes=[Bound("a", 0)], value=0)) for n in range(2)]
    return [*ordinary_records(0)[:3], raw_value_record(0, made.encode()), *steps]


@pytest.mark.parametrize("count", [1, 2, 12, 400])
@pytest.mark.parametrize("kind", ["sequence", "mapping", "config"])
@pytest.mark.parametrize("honest", [True, False])
def test_values_that_contain_themselves_end(tmp_path: Path, count: int, kind: str, honest: bool) -> None:
    path = sealed(tmp_path, of_itself(count, kind, count if honest else 1))
    started = time.monotonic()
    look(path)
    with open_trace(path) as trace:
        assert len(repr(to_json(trace, 0))) < 10_000_000
        assert len(format_value(trace, 0)) <= 60
    assert time.monotonic() - started < 5


def test_two_values_that_contain_each_other(tmp_path: Path) -> None:
    made = [*ordinary_records(1)[:3], step_record(step(0, value=0))]
    for number, other in ((0, 1), (1, 0)):
        data = f'{{"is":"sequence","type":"list","length":2,"items":[{other},{other}]}}'
        made.append(raw_value_record(number, data.encode()))
    started = time.monotonic()
    look(sealed(tmp_path, made))
    assert time.monotonic() - started < 5


def test_the_limits_of_numbers(tmp_path: Path) -> None:
    numbers = [0, -1, 2**63 - 1, -(2**63) + 1, 0.1, -0.0, 1.7976931348623157e308, 5e-324]
    made = ordinary_records(1)[:3]
    made += [raw_value_record(n, f'{{"is":"plain","value":{value!r}}}'.encode()) for n, value in enumerate(numbers)]
    with open_trace(sealed(tmp_path, made)) as trace:
        for number, value in enumerate(numbers):
            read = trace.value(number)
            assert isinstance(read, Plain)
            assert read.value is not None
            assert struct.pack("<d", read.value) == struct.pack("<d", value)
            assert type(read.value) is type(value)


def test_closing_is_final_and_threads_may_share(tmp_path: Path) -> None:
    import threading

    with open_trace(sealed(tmp_path)) as trace:
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(trace.value(0)))
        thread.start()
        thread.join()
        assert found == [Text("config.json")]
    with pytest.raises(sqlite3.ProgrammingError):
        list(trace.steps())


def test_light_steps_have_the_values_of_the_steps(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path, ordinary_records(5))) as trace:
        for picked in ({}, {"start": 1, "stop": 3}, {"frame": 0}, {"stages": ["config"]}, {"kinds": ["call"]}):
            light, whole = list(trace.light_steps(**picked)), list(trace.steps(**picked))  # type: ignore[arg-type]
            assert light == [
                LightStep(*(getattr(step, name) for name in LightStep.__struct_fields__)) for step in whole
            ]
            assert light


@pytest.mark.parametrize("column", ["frame", "stage", "event", "source", "line", "value", "changes"])
def test_a_damaged_light_step_is_reported(tmp_path: Path, column: str) -> None:
    path = sealed(tmp_path)
    with edited(path) as connection:
        connection.execute(f"UPDATE step SET {column} = x'ff' WHERE number = 1")
    with open_trace(path) as trace, pytest.raises(NotATrace):
        list(trace.light_steps())


def test_a_missing_trace_and_its_recording(tmp_path: Path) -> None:
    """The error for a missing trace names a recording beside it, and no other file of that name."""
    left = tmp_path / "x.glmtrace.journal"
    left.write_bytes(b"my diary")
    with pytest.raises(NotATrace, match="There is no file") as raised:
        open_trace(tmp_path / "x.glmtrace")
    assert "journal" not in str(raised.value)
    write_journal(tmp_path / "y.glmtrace.journal", ordinary_records(3))
    with pytest.raises(NotATrace, match=r"glm-trace seal .*y\.glmtrace\.journal"):
        open_trace(tmp_path / "y.glmtrace")


@pytest.mark.parametrize(("column", "asked"), [("kind", {"kinds": ["line"]}), ("stage", {"stages": ["config"]})])
def test_a_damaged_entry_of_an_index_is_damage(tmp_path: Path, column: str, asked: dict[str, list[str]]) -> None:
    """SQLite takes the value from the index, and goes on past an entry that is smaller than the one looked for."""
    path = sealed(tmp_path)
    [[value]] = asked.values()
    with edited(path) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (f"step_{column}",))
        [(size,)] = connection.execute("PRAGMA page_size")
    with open_trace(path) as trace:
        assert len(list(trace.steps(**asked))) >= 2
    content = bytearray(path.read_bytes())
    first = content.index(value.encode(), (page - 1) * size, page * size)  # entries are written from the page's end on
    content[first] = 0
    path.write_bytes(content)
    with open_trace(path) as trace, pytest.raises(NotATrace, match="an index does not agree with its table"):
        list(trace.steps(**asked))
