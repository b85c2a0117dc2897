"""Start programs that receive a signal even if this run ignores it."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Final

_OFTEN_IGNORED: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def restore_signals_in_programs() -> None:
    """Restore the default handling of ignored signals in programs started from now on.

    A run started in the background (``nohup pytest &``) ignores some signals, and so does every program that it starts:
    a Ctrl-C sent by a test has no effect. A handler that does nothing also keeps the signal from this run, but is not
    inherited.
    """
    for number in _OFTEN_IGNORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _do_nothing)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    pass
