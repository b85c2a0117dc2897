"""Summaries made for a test, and read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracer.recorder.summary import Summariser
from tracer.trace import values as v
from tracer.trace.values import Value, decode_value


class Made:
    """A summariser and what it stored."""

    def __init__(self, clean: Callable[[str], str] = str) -> None:
        self.stored: dict[int, bytes] = {}
        self.learned: list[str] = []
        self.summaries = Summariser(clean, self.learned.append, self.stored.__setitem__)

    def __call__(self, value: object, name: str = "") -> Value:
        return self.value(self.summaries.number(value, name))

    def value(self, number: int) -> Value:
        return decode_value(self.stored[number])

    def plain(self, number: int) -> Any:
        """Return the summary with numbers replaced by the values they refer to."""
        value = self.value(number)
        if isinstance(value, (v.Mapping, v.Config)):
            return (v.kind_of(value), value.type, value.length, [(key, self.plain(item)) for key, item in value.items])
        if isinstance(value, v.Sequence):
            return (v.kind_of(value), value.type, value.length, [self.plain(item) for item in value.items])
        return value
