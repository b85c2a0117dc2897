"""Run a function in a fork of a process that has imported torch: each call starts from the same state."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from tracer.launch.process_start import PRELOADED


def in_fork(function: Callable[..., Any], *args: Any, timeout: float = 120) -> Any:
    """Return what ``function(*args)`` returns in its own process; an exception is raised here."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, function, args))
    process.start()
    sender.close()
    try:
        assert receiver.poll(timeout), f"{function.__name__} did not answer in {timeout} s"
        good, value = receiver.recv()
    except EOFError:
        process.join()
        raise AssertionError(f"{function.__name__} ended its process with {process.exitcode}") from None
    process.join()
    if not good:
        raise AssertionError(value)
    return value


def _run(sender: Connection, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        sender.send((True, function(*args)))
    except BaseException as error:
        import traceback

        sender.send((False, "".join(traceback.format_exception(error))))
