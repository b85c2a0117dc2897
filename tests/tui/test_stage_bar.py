"""The bar of the stages: its stretches and its title; and a step without a source."""

from __future__ import annotations

import asyncio
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.trace.made import end_record, meta_record, sealed, step, step_record
from tests.tui.conftest import settled
from tracer.trace.reading import Trace, open_trace
from tracer.tui.player import Player
from tracer.tui.source_view import SourceView
from tracer.tui.stage_bar import StageBar, stretches


def test_stretches_are_the_runs_of_a_stage(demo: Trace) -> None:
    expected = []
    for stage, steps in groupby(demo.steps(), key=lambda step: step.stage):
        numbers = [step.number for step in steps]
        expected.append((stage, numbers[0], numbers[-1]))
    assert len(expected) > len(demo.stages())
    assert list(stretches(demo)) == expected


def test_a_trace_without_steps_has_no_stretches(tmp_path: Path) -> None:
    with open_trace(sealed(tmp_path, [meta_record(), end_record()])) as trace:
        assert list(stretches(trace)) == []


@pytest.mark.parametrize(
    ("result", "lang", "title"),
    [
        ("transformers_modules.demo.0a505b.modeling.Own", "en", "trace · Own, the directory's own class · loaded"),
        pytest.param(
            "transformers_modules.demo.0a505b.modeling.Own", "zh", "trace · Own（目录自带的类） · 加载成功", marks=pytest.mark.slow
        ),
        pytest.param(
            "transformers.models.bert.modeling_bert.Bert", "en", "trace · Bert, a class of the library · loaded",
            marks=pytest.mark.slow,
        ),
        ("transformers.models.bert.modeling_bert.Bert", "zh", "trace · Bert（transformers 里的类） · 加载成功"),
        ("elsewhere.Own\x1b[31m", "en", "trace · Own\\x1b[31m · loaded"),
        (7, "en", "trace · loaded"),
    ],
)  # fmt: skip
def test_the_title_names_the_class_and_its_origin(result: object, lang: Any, title: str, tmp_path: Path) -> None:
    records = [meta_record(), step_record(step(0, frame=None, source=None)), end_record(status="loaded", result=result)]
    with open_trace(sealed(tmp_path, records)) as trace:
        app = Player(trace, lang)

        async def run() -> None:
            async with app.run_test(size=(120, 40)) as pilot:
                await settled(pilot)
                bar = app.query_one(StageBar).render()
                assert bar.plain.split("\n")[0] == title

        asyncio.run(run())


def test_a_step_without_a_source_shows_its_data(tmp_path: Path) -> None:
    made = step(0, frame=None, source=None, kind="module-entered", data={"class": "Own\x1b[31m", "path": "head"})
    with open_trace(sealed(tmp_path, [meta_record(), step_record(made), end_record(status="loaded")])) as trace:
        app = Player(trace, "en", 0)

        async def run() -> None:
            async with app.run_test(size=(120, 40)) as pilot:
                await settled(pilot)
                source = app.query_one(SourceView)
                lines = [source.render_line(y).text.rstrip() for y in range(source.size.height)]
                assert lines[0] == "This step has no source file."
                assert "  class: Own\\x1b[31m" in lines
                assert "  path: head" in lines

        asyncio.run(run())
