"""Keyword journeys as plain data for programs, free of any language."""

from __future__ import annotations

from typing import Any

import msgspec

from tracer.analysis.kwargs.model import KeywordPath
from tracer.analysis.loading_calls import LoadingCall
from tracer.analysis.value_format import to_json
from tracer.trace.reading import Trace


def document(trace: Trace, call: LoadingCall | None, found: list[KeywordPath]) -> dict[str, Any]:
    """``{"call", "journeys": [{"name", "origin", "value", "stops", "end"}]}``, values as JSON."""
    return {
        "call": msgspec.to_builtins(call),
        "journeys": [_journey(trace, one) for one in found],
    }


def _journey(trace: Trace, journey: KeywordPath) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(journey)
    made["value"] = to_json(trace, journey.value)
    for stop, number in zip(made["stops"], [stop.value for stop in journey.hops], strict=True):
        stop["value"] = None if number is None else to_json(trace, number)
    return made
