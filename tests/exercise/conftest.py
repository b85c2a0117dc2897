"""Exercises made by hand, and one bench for all that are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.walkthrough.writing import words
from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.runs import RunRecorder, run_recorder
from tracer.exercise.task import Exercise


@pytest.fixture(scope="session")
def workbench() -> Iterator[RunRecorder]:
    with run_recorder() as made:
        yield made


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., ExerciseFiles]:
    """Makes an exercise whose folder is empty but for what a test puts there."""

    def make(**fields: Any) -> ExerciseFiles:
        whole: dict[str, Any] = {
            "id": "made",
            "title": words(),
            "text": words(),
            "hints": [words()],
            "runs": {"load": {"auto_class": "AutoModel", "seconds": 30}},
            "checks": [
                {
                    "id": "loads",
                    "title": words(),
                    "failing": words(),
                    "expect": [{"value": "load.status", "is": "loaded"}],
                }
            ],
        }
        folder = tmp_path / "tasks" / "made"
        folder.mkdir(parents=True, exist_ok=True)
        return ExerciseFiles(msgspec.convert({**whole, **fields}, Exercise), folder, True)

    return make
