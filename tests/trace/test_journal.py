"""The journal: whole records are read back, whatever happened to the end of the file."""

from __future__ import annotations

import errno
import mmap
import os
import resource
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trace.made import ordinary_records, write_journal
from tracer.trace import journal
from tracer.trace.append_only import RESERVE, WINDOW, MappedFile, PlainFile
from tracer.trace.errors import JournalTaken, NotATrace
from tracer.trace.held_journal import HeldJournal, journal_path, state_of
from tracer.trace.journal import MAGIC, JournalReader, JournalWriter, Record, encode_record

kinds = st.sampled_from([bytes([kind]) for kind in sorted(journal.RECORD_KINDS)])
records = st.lists(st.tuples(kinds, st.binary(max_size=60)), max_size=8)


def framed(made: list[tuple[bytes, bytes]]) -> bytes:
    return MAGIC + b"".join(encode_record(kind, payload) for kind, payload in made)


def read(path: Path) -> tuple[list[Record], JournalReader]:
    reader = JournalReader(path)
    try:
        return list(reader.read_new()), reader
    finally:
        reader.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / "x.journal"


@given(made=records)
def test_appended_records_are_read_back(file: Path, made: list[tuple[bytes, bytes]]) -> None:
    file.unlink(missing_ok=True)
    write_journal(file, [encode_record(*one) for one in made])
    found, reader = read(file)
    assert found == made
    assert not reader.damaged
    assert reader.end == file.stat().st_size


@given(made=records, data=st.data())
def test_every_prefix_reads_as_whole_records(file: Path, made: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    whole = framed(made)
    cut = data.draw(st.integers(0, len(whole)))
    file.write_bytes(whole[:cut])
    found, reader = read(file)
    assert found == made[: len(found)]
    assert not reader.damaged
    end = len(framed(made[: len(found)])) if cut >= len(MAGIC) else 0
    assert reader.end == end
    if len(found) < len(made) and cut >= len(MAGIC):
        assert len(framed(made[: len(found) + 1])) > cut, "a whole record was not read"


def test_every_prefix_of_an_ordinary_journal_opens(tmp_path: Path) -> None:
    from tracer.trace.reading import open_trace

    made = ordinary_records()
    whole = MAGIC + b"".join(made)
    path = tmp_path / "x.journal"
    steps = set()
    for cut in range(len(MAGIC), len(whole) + 1):
        path.write_bytes(whole[:cut])
        with open_trace(path) as trace:
            steps.add(len(trace))
            assert [step.number for step in trace.steps()] == list(range(len(trace)))
    assert steps == {0, 1, 2, 3}


@given(made=records.filter(bool), data=st.data())
def test_reading_ends_before_a_flipped_bit(file: Path, made: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    whole = bytearray(framed(made))
    at = data.draw(st.integers(len(MAGIC), len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(whole)
    found, reader = read(file)
    assert found == made[: len(found)]
    assert len(found) < len(made)
    assert reader.end == len(framed(found))


def test_a_flipped_byte_in_a_payload_ends_reading_there(tmp_path: Path) -> None:
    made = [(b"S", b"first"), (b"S", b"second"), (b"S", b"third")]
    whole = bytearray(framed(made))
    whole[whole.index(b"second")] ^= 0x20
    path = tmp_path / "x"
    path.write_bytes(whole)
    found, reader = read(path)
    assert found == made[:1]
    assert reader.damaged


def test_a_damaged_length_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(MAGIC + b"S" + (0xFFFF_FFFF).to_bytes(4, "little") + b"\0\0\0\0")
    found, reader = read(path)
    assert found == []
    assert reader.damaged


@pytest.mark.parametrize("start", [b"diary", b"glm-trace journal 2\n", b"SQLite format 3\0....", b"\0" * 40])
def test_another_file_is_not_a_journal(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(start)
    with pytest.raises(NotATrace, match="not a glm-trace journal"):
        read(path)


def test_a_reader_continues_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(MAGIC)
    reader = JournalReader(path)
    assert list(reader.read_new()) == []
    whole = encode_record(b"S", b"a" * 100)
    for number in range(3):
        with path.open("ab") as file:  # half a record: the writer is in the middle of it
            file.write(encode_record(b"S", b"%d" % number) + whole[:50])
        assert [record.payload for record in reader.read_new()] == [b"%d" % number]
        assert reader.end == path.stat().st_size - 50
        with path.open("ab") as file:
            file.write(whole[50:])
        assert [record.payload for record in reader.read_new()] == [b"a" * 100]
        assert reader.end == path.stat().st_size
    reader.close()


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    """Space that is reserved and not yet used counts neither as a record nor as damage."""
    writer, path = JournalWriter(tmp_path / "x"), tmp_path / "x"
    reader = JournalReader(path)
    for number in range(300):  # across several windows, and a record larger than a window
        size = 3 * WINDOW if number == 150 else 20_000
        writer.append(encode_record(b"S", b"%d:" % number + b"a" * size))
        found = [record.payload for record in reader.read_new()]
        assert [payload.partition(b":")[0] for payload in found] == [b"%d" % number]
        assert (reader.end, reader.damaged) == (writer.size, False)
    assert path.stat().st_size >= writer.size
    writer.close()
    assert path.stat().st_size == writer.size
    reader.close()


@pytest.mark.parametrize("make", [MappedFile, PlainFile])
def test_an_interrupted_append_is_completed(tmp_path: Path, make: Any) -> None:
    fd = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    file = make(fd)
    file.append(b"first")
    start = file.size
    os.pwrite(fd, b"\0ec", start)  # the part that was written
    file.complete(b"second", start)
    file.append(b"third")
    assert file.size == len(b"firstsecondthird")
    file.close()
    assert (tmp_path / "x").read_bytes() == b"firstsecondthird"
    file.close()


def test_a_file_system_that_cannot_map_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(mmap, "mmap", refuse)
    writer = JournalWriter(tmp_path / "x")
    writer.append(encode_record(b"S", b"plainly written"))
    assert [record.payload for record in read(tmp_path / "x")[0]] == [b"plainly written"]
    writer.close()


def test_a_forked_process_leaves_the_file_alone(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "x")
    writer.append(encode_record(b"S", b"before"))
    child = os.fork()
    if child == 0:
        writer.let_go()
        os._exit(0)
    os.waitpid(child, 0)
    writer.append(encode_record(b"S", b"after"))
    writer.close()
    assert [record.payload for record in read(tmp_path / "x")[0]] == [b"before", b"after"]


def test_records_larger_than_the_reading_chunk(tmp_path: Path) -> None:
    big = os.urandom(3 << 20)
    path = write_journal(tmp_path / "x", [encode_record(b"C", big), encode_record(b"S", b"after")])
    found, _ = read(path)
    assert [zlib.crc32(record.payload) for record in found] == [zlib.crc32(big), zlib.crc32(b"after")]


def test_only_the_owner_can_read_a_journal(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "x", [])
    assert path.stat().st_mode & 0o077 == 0


def test_a_journal_is_created_only_where_nothing_exists(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "x", [encode_record(b"S", b"old")])
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for taken in (path, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            write_journal(taken, [])
    assert [record.payload for record in read(path)[0]] == [b"old"]
    assert not (tmp_path / "elsewhere").exists()


def test_a_journal_created_for_the_writer(tmp_path: Path) -> None:
    """Another process creates the file and passes its identity; a file that replaced it is not written."""
    path = tmp_path / "x.journal"
    with HeldJournal.create(path) as held:
        writer = JournalWriter(path, held.identity)
        writer.append(encode_record(b"S", b"first"))
        path.unlink()
        writer.append(encode_record(b"S", b"second"))
        path.write_text("somebody's diary")
        with pytest.raises(FileExistsError):
            JournalWriter(path, held.identity)
        reader = held.reader()
        assert [record.payload for record in reader.read_new()] == [b"first", b"second"]
        reader.close()
        held.remove()
        writer.close()
    assert path.read_text() == "somebody's diary"


def test_a_journal_is_sealed_once_and_not_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    with HeldJournal.create(path) as held:
        writer = JournalWriter(path, held.identity)
        assert state_of(path) == "recording"
    assert state_of(path) == "recording", "the writer is still there"
    with pytest.raises(JournalTaken, match="in use"):
        HeldJournal.take_over(path)
    writer.close()
    assert state_of(path) == "left"
    with HeldJournal.take_over(path), pytest.raises(JournalTaken, match="in use"):
        HeldJournal.take_over(path)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "pipe", "empty"])
def test_other_files_are_left_alone(tmp_path: Path, kind: str) -> None:
    trace = tmp_path / "x.glmtrace"
    path = journal_path(trace)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"diary" if kind == "file" else b"")
    before = path.lstat()
    with pytest.raises(JournalTaken, match="not a journal of a recording"):
        HeldJournal.create_for(trace)
    assert path.lstat() == before
    with pytest.raises(NotATrace):
        HeldJournal.take_over(path)


WRITER = """
import os, sys
from pathlib import Path
from tracer.trace.journal import JournalWriter, encode_record
writer = JournalWriter(Path(sys.argv[1]))
for number in range(100):
    writer.append(encode_record(b"S", b"%d" % number))
os.kill(os.getpid(), int(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGILL, signal.SIGABRT, signal.SIGTERM])
def test_appended_records_survive_the_writer(tmp_path: Path, number: signal.Signals) -> None:
    ended = subprocess.run([sys.executable, "-c", WRITER, tmp_path / "x", str(int(number))], check=False)
    assert ended.returncode == -number
    found, reader = read(tmp_path / "x")
    assert [record.payload for record in found] == [b"%d" % n for n in range(100)]
    assert not reader.damaged


def test_a_full_disk_is_an_error_and_leaves_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "x"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        writer = JournalWriter(path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, before[1]))
        written = 0
        with pytest.raises(OSError, match="too large"):
            for _ in range(1000):
                writer.append(encode_record(b"S", b"x" * 40_000))
                written += 1
        writer.append_last(encode_record(b"E", b"the disk is full"))  # there is always space to record that
        with pytest.raises(OSError, match="No space"):
            writer.append_last(bytes(2 * RESERVE))
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    found, reader = read(path)
    assert found.pop().payload == b"the disk is full"
    assert len(found) == written == (3_000_000 - RESERVE - len(MAGIC)) // 40_009
    assert not reader.damaged
