"""Printed commands can be pasted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trace.made import sealed
from tracer.text.shell import shell_word
from tracer.trace.errors import NotATrace
from tracer.trace.reading import open_trace
from tracer.views.shell_commands import command, pasteable, program, trace_argument


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program in a separate environment, called from the folder that contains the environment."""
    path = tmp_path / ".venv" / "bin" / "glm-trace"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [".venv/bin/glm-trace", "demo"])
    monkeypatch.setenv("PATH", os.defpath)
    return path


def test_a_program_that_is_not_on_the_path_is_named_as_it_was_called(installed: Path) -> None:
    assert program() == ".venv/bin/glm-trace"
    assert command("replay", "a b.glmtrace") == ".venv/bin/glm-trace replay 'a b.glmtrace'"


def test_a_program_on_the_path_has_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program() == "glm-trace"


def test_another_program_of_that_name_on_the_path_is_not_meant(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "glm-trace"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == ".venv/bin/glm-trace"


def test_from_elsewhere_the_whole_path(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "argv", [str(installed), "demo"])
    assert program() == str(installed)


def test_a_module_or_a_notebook_has_no_such_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [__file__])
    assert program() == "glm-trace"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (b"model", "model"),
        (b"a b", "'a b'"),
        ("模型".encode(), "'模型'"),
        (b"u\xff.glmtrace", r"$'u\xff.glmtrace'"),
        (b"it's\n\xe9", r"$'it\'s\x0a\xe9'"),
        ("a\\\u200b".encode(), r"$'a\\\xe2\x80\x8b'"),
    ],
    ids=["plain", "space", "Chinese", "not UTF-8", "line feed and quote", "invisible and backslash"],
)  # fmt: skip
def test_a_word_for_the_shell_is_the_same_name_again(name: bytes, word: str) -> None:
    assert shell_word(os.fsdecode(name)) == word
    echoed = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert echoed == name


def test_the_next_command_of_a_trace_whose_name_is_not_utf8(tmp_path: Path) -> None:
    path = sealed(tmp_path, name=os.fsdecode(b"u\xff.glmtrace"))
    with open_trace(path) as trace:
        assert trace_argument(trace) == rf"$'{path.parent}/u\xff.glmtrace'"


def test_a_missing_trace_is_named_so_that_it_can_be_pasted() -> None:
    with pytest.raises(NotATrace, match=r"-o \$'no\\xff\.glmtrace'"):
        open_trace(os.fsdecode(b"no\xff.glmtrace"))


def test_a_sentence_names_the_program_as_it_is_called(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "Read it with: glm-trace show a – or: glm-trace seal a.glmtrace.journal. This glm-trace reads ./glm-trace load"
    )
    here = ".venv/bin/glm-trace"
    assert pasteable(said) == (
        f"Read it with: {here} show a – or: {here} seal a.glmtrace.journal. This glm-trace reads ./glm-trace load"
    )
    monkeypatch.setenv("PATH", str(installed.parent))
    assert pasteable(said) == said


def test_every_command_can_be_pasted(installed: Path) -> None:
    from typer.main import get_command

    from tracer.cli.main import app

    names = get_command(app).list_commands(None)  # type: ignore[attr-defined]
    assert [pasteable(f"glm-trace {name} x") for name in names] == [f".venv/bin/glm-trace {name} x" for name in names]


def test_help_and_errors_name_the_program_as_it_is_called(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("glm-trace")
    environment = {**os.environ, "PATH": os.defpath, "COLUMNS": "200"}

    def said(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert f"{program} demo" in said()
    assert f"{program} show FILE --json" in said("show", "--help")
    assert f"{program} load MODEL" in said("show")
    assert f"Try '{program} seal -h'" in said("seal")
