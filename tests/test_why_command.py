"""``glm-trace why``, as users and programs call it."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.analysis.diagnosis_cases import CASES
from tests.conftest import FIXTURES
from tests.support.commands import Command, command_line
from tests.support.loads import Loads
from tests.support.reading import OLD_LINE
from tests.trace import made
from tracer.cli.repairing import _copy, _load_again
from tracer.trace.reading import open_trace
from tracer.views.issue import without_homes
from tracer.views.outcome import failure_lines

BROKEN = FIXTURES / "broken"


@pytest.fixture
def why(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Call the command in an empty folder."""
    return command_line(monkeypatch, capsys, "why")


def test_it_reads_in_order(why: Command, loads: Loads) -> None:
    path = loads.record(BROKEN / "misspelt-class", tokenizer=False, forward=False).path
    code, out, err = why(path)
    assert (code, err) == (0, "")
    titles = ["The load failed at step", "What the library said", "Cause", "What to do", "How it happened", "See it"]
    assert [out.index(title) for title in titles] == sorted(out.index(title) for title in titles)
    assert f"glm-trace show {path} --stage dynamic-class --steps" in out
    *above, _ = out.rstrip("\n").splitlines()
    assert all(cell_len(line) <= 80 for line in above)
    assert "class-resolved" not in out
    assert "raise" in out


def test_in_chinese(why: Command, loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    path = loads.record(BROKEN / "misspelt-class", tokenizer=False, forward=False).path
    _, out, _ = why(path, "--lang", "zh")
    assert all(word in out for word in ("加载在第", "原因", "怎么办", "来龙去脉", "亲自查看"))
    monkeypatch.setenv("GLM_TRACE_LANG", "zh")
    assert why(path)[1] == out


def test_json(why: Command, loads: Loads) -> None:
    path = loads.record(BROKEN / "not-json", tokenizer=False, forward=False).path
    code, out, _ = why(path, "--json")
    found: dict[str, Any] = json.loads(out)
    assert code == 0
    assert (found["status"], found["error"], found["stage"]) == ("failed", "OSError", "config")
    (cause,) = found["causes"]
    assert (cause["kind"], cause["certainty"], cause["remedy"]) == ("not-json", "certain", "json-trailing-comma")
    assert cause["values"] == {"file": "<model>/config.json", "line": 12, "column": 1, "at": 11}
    assert [one["error"] for one in found["exceptions"]] == ["json.decoder.JSONDecodeError", "OSError"]
    with open_trace(path) as trace:
        for one in cause["chain"]:
            assert trace.step(one["step"]).number == one["step"]
    assert why(path, "--json", "--lang", "zh")[1] == out


def test_a_successful_load(why: Command, loads: Loads) -> None:
    code, out, _ = why(loads.record(FIXTURES / "bert-tiny", tokenizer=False, forward=False).path)
    assert code == 0
    assert "The load went well." in out
    assert "Cause" not in out


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\x00 and no more", b"hello"])
def test_a_file_that_is_not_a_trace_gives_a_sentence(content: bytes | None, why: Command, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "x.glmtrace").write_bytes(content)
    code, out, err = why("x.glmtrace")
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert "Traceback" not in err


def test_a_damaged_trace_gives_a_sentence(why: Command, tmp_path: Path) -> None:
    path = made.sealed(tmp_path)
    with made.edited(path) as connection:
        connection.execute("UPDATE step SET data = 'nonsense', kind = 'log' WHERE number = 1")
    code, out, err = why(path)
    assert (code, out) == (2, "")
    assert "is damaged" in err


@pytest.mark.parametrize(("lang", "words"), [("en", "Why, and what to do:"), ("zh", "原因和解决办法：")])
def test_a_failed_load_points_to_it(lang: Any, words: str, loads: Loads) -> None:
    path = loads.record(BROKEN / "not-json", tokenizer=False, forward=False).path
    with open_trace(path) as trace:
        assert f"{words} glm-trace why {path}".replace("： ", "：") in "\n".join(map(str, failure_lines(trace, lang)))
    with open_trace(loads.record(FIXTURES / "bert-tiny", tokenizer=False, forward=False).path) as trace:
        assert not list(failure_lines(trace, lang))


@pytest.mark.slow
def test_a_patch_and_its_trial_on_a_copy(why: Command, loads: Loads, place: Path) -> None:
    directory = place / "model"
    shutil.copytree(BROKEN / "misspelt-class", directory)
    text = directory.joinpath("config.json").read_text()
    directory.joinpath("config.json").write_text(text.rstrip().removesuffix("}").rstrip() + ",\n}\n")
    command = ["glm-trace", "load", "<model>", "--no-tokenizer", "--no-forward"]
    path = loads.record_anew(work="load", model=str(directory), command=command, tokenizer=False, forward=False).path
    before = {file.name: file.read_bytes() for file in directory.iterdir()}

    code, out, err = why(path, "--patch")
    assert (code, err) == (0, "")
    assert out.startswith("diff --git a/config.json b/config.json\n--- a/config.json\n+++ b/config.json\n@@ ")

    code, out, err = why(path, "--apply", "copy", "--trust-remote-code")
    assert "Repaired in the copy copy: config.json." in err
    assert code == 1, err
    assert "Emeddings" in out or "AttributeError" in out  # the next fault: the class that auto_map misspells
    assert json.loads((place / "copy" / "config.json").read_text())
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == before

    code, _, err = why(path, "--apply", "copy")
    assert code == 2
    assert "name a new directory" in err
    assert why(path, "--apply", directory / "inside").code == 2

    directory.joinpath("config.json").write_text("{}")
    assert "changed since it was recorded" in why(path, "--apply", "other").err
    shutil.rmtree(directory)
    assert "is not on this machine" in why(path, "--apply", "other").err


@pytest.mark.parametrize(("lang", "words"), [("en", "This repair is mechanical: `{}`"), ("zh", "可以自动修复：`{}`")])
def test_a_repair_is_pointed_to_only_where_there_is_one(why: Command, loads: Loads, lang: str, words: str) -> None:
    for name, is_there in (("misspelt-class", True), ("unknown-model-type", False)):
        path = loads.record(BROKEN / name, tokenizer=False, forward=False).path
        command = f"glm-trace why {path} --patch"
        out = " ".join(why(path, "--lang", lang).out.split())
        assert (words.format(command) in out) is is_there
        assert ("--patch" in out) is is_there
        assert (why(path, "--patch").code == 0) is is_there


def test_repairs_of_what_a_load_went_on_with_are_pointed_to(why: Command, loads: Loads, tmp_path: Path) -> None:
    path = loads.record(CASES["tie-not-said"].make(tmp_path / "m"), tokenizer=False, forward=False).path
    out = " ".join(why(path).out.split())
    is_there = not OLD_LINE  # 4.x ties them without being told
    assert (why(path, "--patch").code == 0) is is_there
    assert (f"`glm-trace why {path} --patch` prints what can be repaired mechanically, as a diff." in out) is is_there
    assert ("--patch" in out) is is_there


def test_a_copy_on_another_release_proves_little(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr("tracer.cli.load.record_load", lambda model, *_, **__: loaded.append(model))
    here = importlib.metadata.version("transformers")
    for release, told in (("4.40.0", True), (here, False)):
        folder = place / release
        folder.mkdir()
        records = [
            made.meta_record(command=["glm-trace", "load", "x"], releases={"transformers": release}),
            made.end_record(status="failed"),
        ]
        made.write_journal(folder / "a.journal", records)
        with open_trace(folder / "a.journal") as trace:
            _load_again(trace, place / "copy", "en", trust_remote_code=False)
        err = " ".join(capsys.readouterr().err.split())
        assert (f"Recorded on transformers 4.40.0, and loaded here on {here}: that it loads does not" in err) is told
        assert ("glm-trace across copy --releases 4.40.0" in err) is told
    assert loaded == [str(place / "copy")] * 2


def test_a_link_to_nothing_is_not_copied(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "weights.bin").symlink_to(tmp_path / "blobs" / "gone")
    assert _copy(model, tmp_path / "copy") == []
    assert [file.name for file in (tmp_path / "copy").iterdir()] == ["config.json"]


def test_consent_is_asked_for_the_copy_too(why: Command, loads: Loads, place: Path) -> None:
    directory = Path(shutil.copytree(BROKEN / "misspelt-class", place / "model"))
    text = directory.joinpath("config.json").read_text()
    directory.joinpath("config.json").write_text(text.rstrip().removesuffix("}").rstrip() + ",\n}\n")
    command = ["glm-trace", "load", "<model>", "--trust-remote-code"]
    path = loads.record_anew(work="load", model=str(directory), command=command).path
    code, _, err = why(path, "--apply", "copy")
    assert code == 3
    assert "there is no terminal to ask you in" in err


def test_no_patch_is_one_sentence(why: Command, loads: Loads) -> None:
    code, out, err = why(loads.record(FIXTURES / "bert-tiny", tokenizer=False, forward=False).path, "--patch")
    assert (code, out) == (1, "")
    assert err.startswith("There is nothing here that can be repaired mechanically.\n")


def test_an_issue_to_paste(why: Command, loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    path = loads.record(BROKEN / "not-json", tokenizer=False, forward=False).path
    monkeypatch.setenv("GLM_TRACE_LANG", "zh")
    code, out, _ = why(path, "--format", "md")
    assert code == 0
    assert out.startswith("# The load failed at step ")
    titles = ["## Cause", "**What to do**", "## The exception", "## How it happened", "## Where it ran"]
    assert [out.index(title) for title in titles] == sorted(out.index(title) for title in titles)
    assert "| transformers | " in out
    assert "OSError: " in out
    assert "## 原因" in why(path, "--format", "md", "--lang", "zh").out


def test_an_issue_names_nobody() -> None:
    text = "/home/ada/x /Users/ada.l/x C:\\Users\\ada\\x /root/x /rooted/x '/home/ada'"
    assert without_homes(text) == "~/x ~/x ~\\x ~/x /rooted/x '~'"
    text = "/data/home/ada/x file:///home/ada/x a:/home/ada/x -I/home/ada/x (/Users/ada/x) \\\\n/home/ada/x"
    assert without_homes(text) == "~/x file://~/x a:~/x -I~/x (~/x) \\\\n~/x"
    others = "/data/root/x <model>/home/x https://example.org/home/x a/home/x ../Users/x"
    assert without_homes(others) == others
