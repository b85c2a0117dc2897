"""Secrets that are recorded before they are known to be secrets: the finished trace does not contain them."""

from __future__ import annotations

import os
import sqlite3
import zlib
from pathlib import Path

import msgspec
import pytest

from tests.conftest import FIXTURES
from tests.support.forked import in_fork
from tests.support.loads import Loads
from tracer.trace import journal
from tracer.trace.job import Job
from tracer.trace.reading import open_trace
from tracer.trace.redaction import MASK
from tracer.trace.redaction.learned_secrets import LearnedSecrets, SecretsTeller
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.sealing import seal
from tracer.trace.steps import encode_source

LATE = "4f1c9b7e2d8a6053c1e7b9d2"
QUOTED = 'qu"ote\\4f1c9b7e2d8a'
SCRIPT = """
import os, sys
from transformers import AutoConfig

early = "".join(reversed({backwards!r}))
AutoConfig.from_pretrained({model!r}, note=early, **{{early: 1}})
print("said", early)
AutoConfig.from_pretrained({model!r}, my_token=early)
{end}
"""


def everything(path: Path) -> bytes:
    packed = sqlite3.connect(path).execute("SELECT text FROM source").fetchall()
    return b"\n".join([path.read_bytes(), *(zlib.decompress(text) for (text,) in packed)])


def write_script(folder: Path, end: str) -> Path:
    script = folder / "late.py"
    script.write_text(SCRIPT.format(backwards=LATE[::-1], model=str(FIXTURES / "bert-tiny"), end=end))
    return script


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)"], ids=["ends", "is killed"])
def test_a_secret_named_late(end: str, tmp_path: Path, loads: Loads) -> None:
    script = write_script(tmp_path, end)
    recorded = loads.run(Job(work="script", journal=str(tmp_path / "x.glmtrace.journal"), script=[str(script)]))
    assert LATE.encode() not in everything(recorded.path)
    with open_trace(recorded.path) as trace:
        assert any(step.data.get("text") == f"said {MASK}" for step in trace.steps())
        assert trace.outcome.status == ("killed" if end else "loaded")


def record_in_process(folder: str) -> str:
    from transformers import AutoConfig

    from tracer import record

    path = Path(folder) / "x.glmtrace"
    with record(path):
        early = "".join([LATE[:7], LATE[7:]])
        AutoConfig.from_pretrained(str(FIXTURES / "bert-tiny"), note=early)
        AutoConfig.from_pretrained(str(FIXTURES / "bert-tiny"), extra=[["x-api-key", early]])
    return str(path)


def test_a_secret_named_late_in_process(tmp_path: Path) -> None:
    path = Path(in_fork(record_in_process, str(tmp_path)))
    assert LATE.encode() not in everything(path)
    assert any(MASK in data for (data,) in sqlite3.connect(path).execute("SELECT data FROM value"))


def record_and_leave(folder: str) -> None:
    from tracer.recorder.child import record

    script = write_script(Path(folder), "os._exit(0)")
    record(Job(work="script", journal=str(Path(folder) / "journal"), script=[str(script)]))


def test_a_journal_that_was_left_behind(tmp_path: Path) -> None:
    """Its values do not contain what was learned later, even for a sealer that does not know the secret."""
    with pytest.raises(AssertionError, match="ended its process"):
        in_fork(record_and_leave, str(tmp_path))
    seal(tmp_path / "journal", tmp_path / "x.glmtrace")
    connection = sqlite3.connect(tmp_path / "x.glmtrace")
    values = [data for (data,) in connection.execute("SELECT data FROM value")]
    assert not any(LATE in data for data in values)
    assert any(MASK in data for data in values)


def test_sealing_searches_every_kind_of_record(tmp_path: Path) -> None:
    def record(kind: bytes, content: object) -> bytes:
        return journal.encode_record(kind, msgspec.json.encode(content))

    path = tmp_path / "x.journal"
    text = f"a {LATE} {QUOTED} b"
    writer = journal.JournalWriter(path)
    writer.append(
        b"".join(
            [
                journal.encode_record(journal.SOURCE, encode_source(0, f"/{LATE}.py", text.encode())),
                record(journal.VALUE, [0, {"is": "text", "value": msgspec.json.encode([text]).decode()}]),
                record(journal.VALUE, [1, {"is": "plain", "value": 8675309042}]),
                record(journal.FRAME, [0, None, 0, LATE, text, 0, 1, 0]),
                record(journal.META, {"note": {LATE: [text]}}),
                record(
                    journal.STEP,
                    [0, 1, 0, 0, "config", "line", None, 0, 1, [["bound", LATE, 0]], None, {"text": text, LATE: LATE}],
                ),
            ]
        )
    )
    writer.close()
    redactor = Redactor([LATE, QUOTED, "8675309042"])
    seal(path, tmp_path / "x", meta={"native_output": text}, redactor=redactor)
    content = everything(tmp_path / "x")
    for secret in (LATE, "8675309042", "4f1c9b7e2d8a"):
        assert secret.encode() not in content
    assert content.count(MASK.encode()) > 10


def test_learned_secrets_are_passed_on() -> None:
    with LearnedSecrets() as learned:
        tell = SecretsTeller(learned.path)
        for secret in ("first-secret", "with\nline é", "x" * 4_000):
            tell(secret)
        learned.read()
        assert learned.secrets == {"first-secret", "with\nline é", "x" * 4_000}
        for _ in range(100):  # more than a pipe holds, and without a reader: the load continues
            tell("y" * 4_000)
    tell("nobody reads any more")
    SecretsTeller("/no/such/pipe")("neither here")
    assert not os.path.exists(learned.path)
