"""The demo as it was recorded on both lines, whichever is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.data.demo.store import unpack
from tracer.trace.reading import Trace, open_trace
from tracer.walkthrough.binder import Binder

OLD, NEW = "4.44.2", "5.23.0"


@pytest.fixture(scope="session", params=[OLD, NEW])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    """The kept recording of the demo's load, of each line in turn."""
    with open_trace(unpack(request.param, tmp_path_factory.mktemp("demo"))) as trace:
        yield trace


@pytest.fixture(scope="session")
def new_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    with open_trace(unpack(NEW, tmp_path_factory.mktemp("new-demo"))) as trace:
        yield trace


@pytest.fixture(scope="session")
def old_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    with open_trace(unpack(OLD, tmp_path_factory.mktemp("old-demo"))) as trace:
        yield trace


@pytest.fixture(scope="session")
def binder(demo: Trace) -> Binder:
    return Binder(demo)
