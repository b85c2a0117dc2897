"""The player in a real terminal: a pane of tmux."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")]

PROMPT = "ready>"


class Pane:
    """A shell in a pane of a tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        shell = ["env", f"PS1={PROMPT} ", "TERM=tmux-256color", "LC_ALL=C.UTF-8", "bash", "--norc", "--noprofile"]
        self("new-session", "-d", "-x", "100", "-y", "30", "-c", str(folder), *shell)

    def __call__(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, timeout=20).stdout

    def keys(self, *names: str) -> None:
        self("send-keys", *names)

    def screen(self) -> str:
        return self("capture-pane", "-p")

    def wait_for(self, text: str, *, gone: bool = False, seconds: float = 40) -> str:
        until = time.monotonic() + seconds
        while (text in (screen := self.screen())) == gone:
            assert time.monotonic() < until, f"{text!r} did not {'go' if gone else 'come'}:\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        self("kill-server")


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    made = Pane(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_stepping_searching_and_leaving(pane: Pane, demo_file: Path, tmp_path: Path) -> None:
    pane.wait_for(PROMPT)
    pane.keys("stty -a > before; echo one-$((1+1))", "Enter")
    pane.wait_for("one-2")
    command = f"{sys.executable} -m tracer.cli.main replay {demo_file} --lang en --step 1029"
    pane.keys(command, "Enter")
    pane.wait_for("step 1029 /")
    assert pane("display-message", "-p", "#{alternate_on}").strip() == "1"

    pane.keys("-N", "100", "Right")
    pane.keys("-N", "100", "l")
    pane.wait_for("step 1229 /")

    pane.keys("/")
    pane.wait_for("Search functions")
    pane.keys("-l", "query_key_value")
    pane.wait_for(" found")
    pane.wait_for("query_key_value.weight")
    pane.keys("Enter")
    pane.wait_for("step 1229 /", gone=True)

    pane.keys("q")
    screen = pane.wait_for("one-2")
    assert pane("display-message", "-p", "#{alternate_on}").strip() == "0"
    assert "step 1229" not in screen
    pane.keys("stty -a > after; echo three-$((1+2))", "Enter")
    screen = pane.wait_for("three-3")
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()
    lines = [line for line in screen.splitlines() if line.strip()]
    assert lines[-1].strip() == PROMPT
    assert lines[-2] == "three-3"
    assert not any(rubbish in screen for rubbish in ("^[", "[?", "\x1b"))
    for flag in ("mouse_any_flag", "mouse_sgr_flag", "keypad_flag"):
        assert pane("display-message", "-p", f"#{{{flag}}}").strip() == "0", flag
