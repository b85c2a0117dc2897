"""Secrets that the traced process learns, handed through a pipe to the process that seals the trace.

What is in a pipe is in memory alone, and this one has no name in the file system. Each secret is handed on when it is
learned, so that those of a process that is killed are known as well.
"""

from __future__ import annotations

import contextlib
import json
import os


class LearnedSecrets:
    """The reading end: made before the traced process starts.

    Attributes:
        path: under which a process of this user opens the other end while this one has it.
        secrets: what was handed on so far.
    """

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self._fds = os.pipe()
        os.set_blocking(self._fds[0], False)
        self.path = f"/proc/{os.getpid()}/fd/{self._fds[1]}"
        self._rest = b""

    def read(self) -> None:
        """Take what has come. To be called often: a pipe holds some 64 kB."""
        with contextlib.suppress(OSError):  # nothing there yet
            while data := os.read(self._fds[0], 1 << 16):
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    with contextlib.suppress(ValueError):
                        self.secrets.add(str(json.loads(line)))

    def __enter__(self) -> LearnedSecrets:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._fds:
            os.close(descriptor)


class SecretsTeller:
    """The writing end, in the traced process. Nothing that happens to the pipe disturbs the load."""

    def __init__(self, path: str) -> None:
        self._fd = -1
        with contextlib.suppress(OSError, AttributeError):
            self._fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)

    def __call__(self, secret: str) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # nobody reads any more, or the pipe is full
                os.write(self._fd, json.dumps(secret).encode() + b"\n")
