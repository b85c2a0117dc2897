"""``glm-trace replay`` as users call it: what can't be played, and a real terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import command_line
from tests.tui.pseudo_terminal import PseudoTerminal
from tracer.cli.main import main
from tracer.trace.reading import open_trace
from tracer.trace.schema import SCHEMA_VERSION

pytestmark = pytest.mark.slow  # seconds each, of whole processes


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A function that runs the command line and returns the sentence of its refusal."""

    command = command_line(monkeypatch, capsys)

    def call(*arguments: object) -> str:
        code, out, err = result = command(*arguments)
        assert (code, out) == (2, "")
        assert result.sentence.startswith("Error: ")
        assert err.count("Error") == 1
        return result.sentence

    return call


def damaged(demo_file: Path, folder: Path, case: str) -> tuple[Path, str]:
    path = folder / f"{case}.glmtrace"
    content = demo_file.read_bytes()
    if case == "missing":
        return path, "There is no file"
    if case == "empty":
        path.write_bytes(b"")
        return path, "is not a glm-trace trace"
    if case == "truncated":
        path.write_bytes(content[: len(content) // 2])
        return path, "is damaged and can't be read"
    path.write_bytes(content[:60] + (SCHEMA_VERSION + 1).to_bytes(4, "big") + content[64:])  # PRAGMA user_version
    return path, f"was written by a newer glm-trace (schema {SCHEMA_VERSION + 1}"


@pytest.mark.parametrize("case", ["missing", "empty", "truncated", "newer"])
@pytest.mark.parametrize("options", [(), ("--serve", "--port", "0")], ids=["terminal", "serve"])
def test_a_file_that_cannot_be_played(
    case: str, options: tuple[str, ...], refused: Callable[..., str], demo_file: Path, tmp_path: Path
) -> None:
    path, sentence = damaged(demo_file, tmp_path, case)
    assert sentence in refused("replay", path, *options)


@pytest.mark.parametrize("options", [(), ("--serve", "--port", "0")], ids=["terminal", "serve"])
def test_an_unknown_step(options: tuple[str, ...], refused: Callable[..., str], demo_file: Path) -> None:
    with open_trace(demo_file) as trace:
        count = len(trace)
    for step in (count, -1):
        assert f"has {count:,} steps, numbered from 0; there is no step {step}." in refused(
            "replay", demo_file, "--step", step, *options
        )


@pytest.mark.parametrize("driver", [None, "", "textual.drivers.headless_driver:HeadlessDriver"])
def test_without_a_terminal(
    driver: str | None, refused: Callable[..., str], demo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the process that --serve starts for a browser needs none."""
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    if driver is not None:
        monkeypatch.setenv("TEXTUAL_DRIVER", driver)
    sentence = refused("replay", demo_file)
    assert "The player needs a terminal." in sentence
    assert "glm-trace show " in sentence


@pytest.mark.parametrize(
    ("module", "package"), [("aiohttp", "textual-serve"), ("textual_serve.server", "textual-serve")]
)
def test_serving_without_its_packages(
    module: str, package: str, refused: Callable[..., str], demo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tracer.tui.serving", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    assert f"pip install {package}" in refused("replay", demo_file, "--serve", "--port", "0")


def test_a_port_without_serving(refused: Callable[..., str], demo_file: Path) -> None:
    assert "--port goes with --serve" in refused("replay", demo_file, "--port", "1234")


@pytest.mark.parametrize("arguments", [["--help"], ["replay", "--help"], ["show", "FILE"]], ids=" ".join)
def test_other_commands_do_not_import_the_player(arguments: list[str], demo_file: Path) -> None:
    arguments = [str(demo_file) if word == "FILE" else word for word in arguments]
    code = (
        "import sys\nfrom tracer.cli.main import app\napp(sys.argv[1:], standalone_mode=False)\n"
        "print('LOADED', *({'textual', 'aiohttp', 'torch', 'transformers', 'asyncio'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.rsplit("LOADED", 1)[1].split() == []


def test_in_a_real_terminal(terminal: Callable[..., PseudoTerminal], demo_file: Path) -> None:
    """Open, step 200 times, quit: the terminal is as it was before."""
    shown = terminal("replay", demo_file, "--step", "1000", "--lang", "en")
    shown.wait_for("step 1000")
    shown.type("l" * 200)
    shown.wait_for("1200")
    shown.type("q")
    assert shown.end() == 0
    assert "Traceback" not in shown.text
    assert shown.is_as_it_was()


def test_wrong_options_are_reported_without_a_terminal_too(
    demo_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["glm-trace", "replay", str(demo_file), "--walkthrough", "dynamik-class"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "There is no walkthrough" in capsys.readouterr().err
