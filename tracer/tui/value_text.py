"""Recorded values as styled text; markup and control characters in them have no effect."""

from __future__ import annotations

from rich.text import Text

from tracer.analysis.locals import Local
from tracer.analysis.value_format import format_summary
from tracer.text.visible import one_line
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace

_STYLES = {
    "plain": "cyan",
    "text": "green",
    "tensor": "magenta",
    "module": "magenta",
    "config": "yellow",
    "mapping": "",
    "sequence": "",
    "secret": "red",
    "exception": "red",
}


def local_text(trace: Trace, local: Local, limit: int = 80) -> Text:
    """Return what a variable holds, on one line."""
    try:
        return value_text(trace, local.value(trace), limit)
    except DanglingNumber:
        return Text("?", "dim")


def number_text(trace: Trace, number: v.ValueId | None, limit: int = 80) -> Text:
    """Return a value by its number; empty for None."""
    if number is None:
        return Text("")
    try:
        return value_text(trace, trace.value(number), limit)
    except DanglingNumber:
        return Text("?", "dim")


def value_text(trace: Trace, value: v.Value, limit: int = 80) -> Text:
    return Text(one_line(format_summary(trace, value, limit), limit), _STYLES.get(v.kind_of(value), "dim"))
