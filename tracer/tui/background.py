"""Work in background threads, which quitting the player does not wait for."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

from tracer.i18n import N_
from tracer.text.visible import one_line
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace, open_trace

T = TypeVar("T")
_SWITCH: Final = 0.000_2
"""Seconds between thread switches. The screen waits for the computing thread at every query; by default that is
5 ms each time, which would be felt at every key."""


def start_worker(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], *, group: str = "default", exclusive: bool = False
) -> None:
    """Run ``work`` as a worker of ``node``. It is passed as a function, since a player that is left before the worker
    starts would never await a coroutine."""
    _: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive)


async def in_background(path: Path, compute: Callable[[Trace], T]) -> T:
    """Return what ``compute`` makes of the trace at ``path``. The thread opens its own: the player can close the other
    at any time.

    Raises:
        TracerError: the trace is damaged, or there is something in it that ``compute`` can't handle.
    """

    def work() -> T:
        with closing(open_trace(path)) as trace:
            return compute(trace)

    return await in_thread(work)


async def in_thread(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, from a daemon thread; threads of asyncio's pool would delay the exit.

    Raises:
        TracerError: ``work`` raised it, or something else that it describes.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(settle: Callable[[Any], None], result: object) -> None:
        if not future.done():
            settle(result)

    def run() -> None:
        settle: Callable[[Any], None] = future.set_result
        result: object
        try:
            result = work()
        except TracerError as error:
            settle, result = future.set_exception, error
        except Exception as error:  # an explanation that fails must not end the player
            told = TracerError(
                N_("This could not be computed ({kind}: {error})."),
                kind=type(error).__name__,
                error=one_line(str(error), 200),
            )
            told.__cause__ = error
            settle, result = future.set_exception, told
        try:
            loop.call_soon_threadsafe(deliver, settle, result)
        except RuntimeError:
            return  # the player has ended meanwhile

    sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH))
    threading.Thread(target=run, daemon=True).start()
    return await future
