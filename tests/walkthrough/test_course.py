"""The bundled course, held against real loads on the release that is installed."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.data.demo.store import unpack
from tests.support.loads import Loads
from tests.support.reading import by_line
from tracer.bundled import bundled
from tracer.exercise.load_jobs import WantedLoad, walkthrough_job, wanted_loads
from tracer.trace.reading import open_trace
from tracer.walkthrough.binder import Binder, BoundNote
from tracer.walkthrough.checker import check_one, check_text
from tracer.walkthrough.explained_code import coverage_totals, measure_coverage
from tracer.walkthrough.library import course

COURSE = {one.id: one for one in course()}
LOADS = wanted_loads([(one, None) for one in COURSE.values()])
DEMO = next(one for one in LOADS if ("main-call", "demo") in one.wanted_by)
OTHER = by_line("5.23.0", "4.44.2")


def name_of(wanted: WantedLoad) -> str:
    return "-".join(min(wanted.wanted_by))


def test_nineteen_in_their_order() -> None:
    assert [one.order for one in COURSE.values()] == list(range(1, 20))
    files = sorted(path.stem for path in bundled("walkthroughs").glob("*.yaml"))
    assert len(files) == 19
    assert files == sorted(f"{one.order:02}-{one.id}" for one in COURSE.values())


@pytest.mark.parametrize("name", COURSE)
def test_what_can_be_told_without_a_load(name: str) -> None:
    assert check_text(COURSE[name], COURSE) == []


@pytest.mark.parametrize("name", COURSE)
def test_each_asks_its_reader(name: str) -> None:
    assert sum(note.question is not None for note in COURSE[name].notes) >= 3


@pytest.fixture(scope="session")
def recorded(loads: Loads, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The traces of the loads, by their names; each is recorded when it is first asked for."""
    return {}


def trace_of(wanted: WantedLoad, loads: Loads, recorded: dict[str, Path], folder: Path) -> Path:
    name = name_of(wanted)
    if name not in recorded:
        recorded[name] = loads.run(walkthrough_job(wanted, folder / f"{LOADS.index(wanted)}.glmtrace")).path
    return recorded[name]


@pytest.mark.parametrize(
    "wanted", [pytest.param(one, id=name_of(one), marks=() if one is DEMO else pytest.mark.slow) for one in LOADS]
)
def test_every_note_tells_the_truth(
    wanted: WantedLoad,
    loads: Loads,
    recorded: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
) -> None:
    path = trace_of(wanted, loads, recorded, tmp_path_factory.mktemp("course"))
    with open_trace(path) as trace, open_trace(unpack(OTHER, tmp_path)) as other:
        found = [
            problem
            for walkthrough, load in sorted(wanted.wanted_by)
            for problem in check_one(COURSE[walkthrough], trace, load, [other] if wanted is DEMO else [])
        ]
        assert found == []


def test_the_code_of_the_journey_is_explained(
    loads: Loads, recorded: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At least 80 % of the executed statements, in all and in each of its larger functions."""
    with open_trace(trace_of(DEMO, loads, recorded, tmp_path_factory.mktemp("course"))) as trace:
        found = measure_coverage(trace, COURSE.values())
    explained, executed = coverage_totals(found)
    assert executed > 600
    assert explained >= 0.8 * executed
    assert [one.function for one in found if one.executed >= 10 and one.explained < 0.8 * one.executed] == []


def test_the_first_note_of_every_walkthrough_is_found_in_its_load(
    loads: Loads, recorded: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A reader of the demo can begin each that is about it."""
    with open_trace(trace_of(DEMO, loads, recorded, tmp_path_factory.mktemp("course"))) as trace:
        binder = Binder(trace)
        of_the_demo = 0
        for walkthrough in COURSE.values():
            if next(iter(walkthrough.loads)) == "demo":
                of_the_demo += 1
                bound = [one for one in binder.bind(walkthrough) if isinstance(one, BoundNote)]
                assert len(bound) >= len(walkthrough.notes) / 2, walkthrough.id
        assert of_the_demo > 5


def test_the_course_travels_with_the_package() -> None:
    assert version("glm-trace")
    assert bundled("walkthroughs") == ROOT / "walkthroughs"
