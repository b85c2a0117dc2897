"""The guard between the recorder and the load: the recorder's own faults are noted, and the load goes on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple


class StopLoad(BaseException):
    """Ends a load on purpose after the stage that was asked for."""


_PANIC: Final = "PanicException"  # of libraries written in Rust: an error like others, except for its base class


class CallOutcome(NamedTuple):
    """How a watched call ended: ``error`` is None where it returned ``result``."""

    result: Any = None
    error: BaseException | None = None


Watching = Generator[None, CallOutcome, None]
Watch = Callable[..., Watching]
"""What runs around a call, as a generator function with the call's own arguments.

It yields once, where the call happens, and is sent the call's :class:`CallOutcome`. If it returns before it yields, the
call is left alone.
"""


class Guard:
    """Runs the recorder's own code in the middle of the load. What it raises never reaches the load.

    Args:
        note: takes the name of what failed, and the reason.

    Attributes:
        check: called whenever code of the recorder is about to run.
    """

    def __init__(self, note: Callable[[str, str], None]) -> None:
        self._note = note
        self.check: Callable[[], None] = _nothing

    def note(self, name: str, error: BaseException) -> None:
        """Note a fault; raise it if it is to end the load."""
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise error
        try:
            self._note(name, f"{type(error).__name__}: {error}")
        except Exception:  # no room left on the stack, say
            return

    def call(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Return what ``function`` returns, or None if it fails."""
        try:
            self.check()
            return function(*args, **kwargs)
        except BaseException as error:
            self.note(name, error)
            return None

    def callback(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function`` guarded, for others to call."""
        return functools.partial(self.call, name, function)

    def around(self, name: str, original: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
        """Return ``original`` with ``watch`` around every call; its result or exception passes unchanged."""
        begin, end = self._begin, self._end

        def watched(*args: Any, **kwargs: Any) -> Any:
            watching = begin(name, watch, args, kwargs)
            if watching is None:
                return original(*args, **kwargs)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                end(name, watching, CallOutcome(None, error))
                raise
            end(name, watching, CallOutcome(result))
            return result

        return watched

    def _begin(self, name: str, watch: Watch, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Watching | None:
        try:
            self.check()
            watching = watch(*args, **kwargs)
            next(watching)
            return watching
        except StopIteration:
            return None
        except BaseException as error:
            self.note(name, error)
            return None

    def _end(self, name: str, watching: Watching, outcome: CallOutcome) -> None:
        try:
            watching.send(outcome)
        except StopIteration:
            return
        except BaseException as error:
            self.note(name, error)
            return
        watching.close()  # it yielded twice


def _nothing() -> None:
    pass
