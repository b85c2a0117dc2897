"""The stretches of the stages."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.trace.made import end_record, meta_record, sealed
from tracer.trace.reading import Trace, open_trace
from tracer.tui.stage_bar import stretches


def test_stretches_are_the_runs_of_a_stage(demo: Trace) -> None:
    expected = []
    for stage, steps in groupby(demo.steps(), key=lambda step: step.stage):
        numbers = [step.number for step in steps]
        expected.append((stage, numbers[0], numbers[-1]))
    assert len(expected) > len(demo.stages())
    assert list(stretches(demo)) == expected


def test_no_step_makes_no_stretch(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path, [meta_record(), end_record()])) as trace:
        assert list(stretches(trace)) == []
