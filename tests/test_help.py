"""What the command line says of itself: alone, with --help, when completing, and where a trace is not named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.support.commands import PROGRAM, Command, command_line
from tests.trace.made import sealed
from tracer.cli import completion
from tracer.cli.help import paragraphs
from tracer.cli.main import app
from tracer.views import shell_commands

COMMANDS = "load demo run across fixture seal show replay decisions kwargs why diff check walkthrough exercise".split()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return command_line(monkeypatch, capsys)


def made(name: str, age: int) -> Path:
    """Make a trace in the current folder that is ``age`` seconds old."""
    folder = Path(name)
    folder.mkdir()
    path = sealed(folder, []).rename(f"{name}.glmtrace")
    os.utime(path, (1_000_000_000 - age,) * 2)
    return path


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_alone_it_says_how_to_get_a_trace(command: Command, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLM_TRACE_LANG", lang)
    code, out, err = command()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= 7
    assert max(map(cell_len, lines)) <= 80
    for words in ("glm-trace demo ", "glm-trace load MODEL ", "glm-trace --help "):
        assert any(line.startswith(words) for line in lines)


def test_alone_it_names_the_newest_trace(command: Command) -> None:
    made("old", 100)
    made("new", 10)
    code, out, err = command()
    assert (code, err) == (0, "")
    assert "glm-trace replay      # play new.glmtrace, the newest trace here" in out
    assert [line.split()[1] for line in out.splitlines()[2:]] == ["replay", "show", "why", "load", "--help"]


@pytest.mark.parametrize("name", ["show", "why", "decisions", "kwargs", "replay"])
def test_without_file_the_newest_trace_is_taken(command: Command, name: str) -> None:
    nothing = command(name)
    assert nothing.code == 2
    assert nothing.err == (
        "Error: There is no trace in this folder. Name one, or record one with: glm-trace load MODEL\n"
    )
    made("old", 100)
    made("new", 10)
    taken = command(name)
    assert taken.err.splitlines()[0] == "new.glmtrace, the newest trace in this folder:"
    assert (taken.code == 0) == (name != "replay")  # there is no terminal here
    assert taken.out == command(name, "new.glmtrace").out


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns_and_has_examples(
    command: Command, name: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLM_TRACE_LANG", lang)
    code, out, err = command(name, "--help")
    assert (code, err) == (0, "")
    assert max(map(cell_len, out.splitlines())) <= 80
    assert "<" not in out
    if name != "seal":
        examples = out[out.rindex("╯") :]
        assert sum(line.startswith(" glm-trace ") for line in examples.splitlines()) == 3


def test_options_are_in_panels(command: Command) -> None:
    out = command("load", "--help").out
    titles = [line.strip("╭╮─ ") for line in out.splitlines() if line.startswith("╭")]
    assert titles == ["Arguments", "The model", "The pass", "Recording", "Output", "Options"]
    assert "--trust-remote-code " in out


def test_commands_are_in_groups_with_what_they_do(command: Command) -> None:
    out = command("--help").out
    titles = [line.strip("╭╮─ ") for line in out.splitlines() if line.startswith("╭")]
    assert titles == ["Record a load", "Look at it", "Learn from it", "Options"]
    listed = [line.split()[1] for line in out.splitlines() if line.startswith("│ ") and line[2] != " "]
    assert listed[: len(COMMANDS)] == COMMANDS
    assert "Print the load that FILE holds, stage by stage" in out


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], ["tracer.cli.load", "tracer.cli.show", "tracer.analysis", "rich.markdown"]),
        (["show", "a.glmtrace"], ["tracer.export.json_documents", "tracer.launch"]),
        (["load", "--help"], ["tracer.recorder", "rich.markdown"]),
    ],
)
def test_what_is_not_used_is_not_imported(arguments: list[str], unwanted: list[str], command: Command) -> None:
    made("a", 0)
    program = (
        "import sys; sys.argv[0] = 'glm-trace'\nfrom tracer.cli.main import app\ntry: app()\nexcept SystemExit: pass\n"
    )
    report = "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program + report, *arguments], capture_output=True, text=True, check=True
    )
    assert {*unwanted, "pydantic", "typer.rich_utils", "torch", "textual"} & set(done.stderr.split()) == set()


def test_lines_of_a_paragraph_are_joined() -> None:
    assert paragraphs("One\ntwo.\n\nThree\n") == ["One two.", "Three"]
    assert paragraphs("一，\n二 a\nb") == ["一，二 a b"]


def completed(line: str, folder: Path) -> list[str]:
    """Return what bash is offered at the end of a command line."""
    words = line.split(" ")
    environment = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_GLM_TRACE_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [PROGRAM], env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("glm-trace re", ["replay"]),
        ("glm-trace exercise start adapter-", ["adapter-base"]),
        ("glm-trace walkthrough show main", ["main-call"]),
        ("glm-trace replay --walkthrough main", ["main-call"]),
        ("glm-trace fixture glm-4v-9", ["glm-4v-9b"]),
        ("glm-trace show a", ["a.glmtrace"]),
        ("glm-trace show sub/", ["sub/b.glmtrace"]),
        ("glm-trace show --stage tru", ["trust"]),
        ("glm-trace diff a.glmtrace --topic cl", ["classes"]),
    ],
)
def test_values_are_completed(line: str, offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.glmtrace", "sub/b.glmtrace", "another.txt"):
        (tmp_path / name).touch()
    assert completed(line, tmp_path) == offered


def test_completion_offers_what_there_is() -> None:
    from tracer.exercise.collection import all_exercises
    from tracer.walkthrough.library import library

    assert sorted(completion.complete_exercise("")) == sorted(all_exercises())
    assert completion.complete_walkthrough("") == list(library())


def test_every_command_is_listed() -> None:
    from typer.main import get_command

    group = get_command(app)
    assert group.list_commands(None) == COMMANDS  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_in_a_narrow_terminal_nothing_of_the_help_is_cut(
    command: Command, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLM_TRACE_LANG", lang)
    code, whole, _ = command("show", "--help")
    monkeypatch.setenv("COLUMNS", "32")
    narrow = command("show", "--help")[1]
    assert code == 0
    lines = [line for line in narrow.splitlines() if not line.strip().startswith("glm-trace")]
    assert max(map(cell_len, lines)) <= 32
    only_letters = [re.sub(r"[\W_]", "", text) for text in (narrow, whole)]
    assert sorted(only_letters[0]) == sorted(only_letters[1])
    _, out, _ = command()
    assert all(line.startswith(("#", "glm-trace ")) for line in out.split("\n\n")[1].splitlines())


def test_a_folder_that_is_gone_is_no_reason_to_fail(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Path("bin", "glm-trace").absolute()
    program.parent.mkdir()
    program.touch()
    gone = Path("gone").absolute()
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", os.defpath)
    assert shell_commands.program() == str(program)
    code, out, err = command()
    assert (code, err) == (0, "")
    assert " demo" in out
