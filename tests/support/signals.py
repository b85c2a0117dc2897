"""Programs that hear a signal whatever this run was told to ignore."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Final

_OFTEN_IGNORED: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def let_programs_hear() -> None:
    """Give programs that are started from now on the usual answer to signals that this process ignores.

    A run started in the background (``nohup pytest &``) ignores some, and so does every program it starts: a Ctrl-C that
    a test sends is never heard. A handler that does nothing keeps the signal from this run as well, but is not inherited.
    """
    for number in _OFTEN_IGNORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _do_nothing)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    pass
