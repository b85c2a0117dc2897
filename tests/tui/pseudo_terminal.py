"""A program in a pseudo-terminal: what it shows, what is typed, and whether the terminal is left as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("glm-trace")
_CONTROL = re.compile(r"\x1b\[[0-9;?<>=$ ]*[@-~]|\x1b\][^\x07]*\x07|\x1b[PX^_].*?\x1b\\|\x1b.", re.DOTALL)


class PseudoTerminal:
    def __init__(self, *command: object, cwd: Path, columns: int = 100, lines: int = 30) -> None:
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.settings: list[Any] = termios.tcgetattr(self._theirs)
        environment = {**os.environ, "TERM": "xterm-256color", "GLM_TRACE_LANG": "en"}
        for name in ("COLUMNS", "LINES", "TEXTUAL_DRIVER"):
            environment.pop(name, None)
        self._process = subprocess.Popen(
            [*map(str, command)], cwd=cwd, env=environment, start_new_session=True,
            stdin=self._theirs, stdout=self._theirs, stderr=self._theirs,
        )  # fmt: skip
        self.raw = ""
        self._seen = 0

    @property
    def text(self) -> str:
        """The text shown so far, without colours and cursor movements."""
        return _CONTROL.sub("", self.raw)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Wait until a text is shown that was not shown before the last call."""
        deadline = time.monotonic() + seconds
        while text not in self.text[self._seen :]:
            assert time.monotonic() < deadline, f"{text!r} is not in {self.text[-3_000:]!r}"
            assert self._read() or self._process.poll() is None, f"ended without {text!r}: {self.text[-3_000:]}"
        self._seen = self.text.index(text, self._seen) + len(text)

    def wait_until(self, reached: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for a condition that the screen doesn't show."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, self.text[-3_000:]
            assert self._read() or self._process.poll() is None, f"ended: {self.text[-3_000:]}"

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        deadline = time.monotonic() + 60
        while self._process.poll() is None:
            assert time.monotonic() < deadline, self.text[-3_000:]
            self._read()
        while self._read():
            pass
        return self._process.returncode

    def interrupt(self) -> None:
        """Send SIGINT as a terminal does at Ctrl-C; this one does not control its session, so it can't."""
        os.killpg(self._process.pid, signal.SIGINT)

    def is_as_it_was(self) -> bool:
        """Return whether the line settings are those of the start, and alternate screen, mouse and cursor are reset."""
        pairs = (("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?1000h", "\x1b[?1000l"), ("\x1b[?25l", "\x1b[?25h"))
        reset = all(self.raw.rfind(on) < self.raw.rfind(off) for on, off in pairs)
        return reset and termios.tcgetattr(self._theirs) == self.settings

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.1)[0]:
            return False
        self.raw += os.read(self._ours, 65_536).decode("utf-8", "replace")
        return True
