"""The stored demo, and what binds notes to its steps."""

from __future__ import annotations

import pytest

from tracer.trace.reading import Trace
from tracer.walkthrough.binder import Binder


@pytest.fixture(scope="session")
def demo(stored_demo: Trace) -> Trace:
    return stored_demo


@pytest.fixture(scope="session")
def binder(demo: Trace) -> Binder:
    return Binder(demo)
