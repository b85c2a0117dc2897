"""Which walkthrough a trace is opened with, when nobody says."""

from __future__ import annotations

from collections.abc import Iterable

from tracer.trace.reading import Trace
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.paths import facts

_DEMO = "glm-4v-tiny"


def fixture_of(trace: Trace) -> str | None:
    """The bundled model directory that a trace is a load of, by its name; None for any other script or model."""
    command = trace.meta.get("command")
    if isinstance(command, list) and command[1:2] == ["demo"]:
        return _DEMO
    model = facts(trace)["model"]
    return str(model) if trace.meta.get("work") == "load" and model else None


def matching(trace: Trace, walkthroughs: Iterable[Walkthrough]) -> str | None:
    """The id of the first walkthrough that was written for this very model directory and for how its load ended."""
    fixture = fixture_of(trace)
    failed = trace.outcome.get("status") != "loaded"
    for one in walkthroughs:
        fixtures = {load.fixture.rpartition("/")[2] for load in one.loads.values()}
        if fixture in fixtures and (one.suits == "failed") == failed:
            return one.id
    return None
