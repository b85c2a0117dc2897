"""Which walkthrough a trace is opened with, when nobody says, and which trace a walkthrough is read along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tracer.trace.reading import Trace, open_trace
from tracer.walkthrough.binding import Binder, BoundNote
from tracer.walkthrough.fitting import count_applicable
from tracer.walkthrough.format import Walkthrough
from tracer.walkthrough.library import course
from tracer.walkthrough.paths import load_facts

_DEMO = "glm-4v-tiny"


def fixture_of(trace: Trace) -> str | None:
    """The bundled model directory that a trace is a load of, by its name; None for any other script or model."""
    command = trace.meta.get("command")
    if isinstance(command, list) and command[1:2] == ["demo"]:
        return _DEMO
    model = load_facts(trace)["model"]
    return str(model) if trace.meta.get("work") == "load" and model else None


def walkthrough_for(trace: Trace, walkthroughs: Iterable[Walkthrough]) -> str | None:
    """The id of the first walkthrough that was written for this very model directory and for how its load ended."""
    fixture = fixture_of(trace)
    failed = trace.outcome.get("status") != "loaded"
    for one in walkthroughs:
        fixtures = {load.fixture.rpartition("/")[2] for load in one.loads.values()}
        if fixture in fixtures and (one.suits == "failed") == failed:
            return one.id
    return None


def best_traces(names: Sequence[str], traces: Iterable[Path]) -> dict[str, Path]:
    """For walkthroughs of the course, the trace that most of the notes are about; those without any are left out."""
    wanted = [one for one in course() if one.id in names]
    best: dict[str, tuple[tuple[int, int], Path]] = {}
    for path in traces:
        with open_trace(path) as trace:
            binder = Binder(trace)
            for one in wanted:
                bound = sum(isinstance(note, BoundNote) for note in binder.bind(one))
                count = (count_applicable(binder, one) if bound else 0, bound)
                if bound and (one.id not in best or count > best[one.id][0]):
                    best[one.id] = count, path
    return {name: best[name][1] for name in names if name in best}
