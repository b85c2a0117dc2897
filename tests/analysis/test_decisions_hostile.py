"""Decisions of traces made by hand: there is always a result, whatever they contain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trace import made
from tracer.analysis.decisions.decision import Decision
from tracer.analysis.decisions.explanation import explanation
from tracer.analysis.decisions.tracker import decisions
from tracer.cli.console import print_result
from tracer.export.json_documents import decisions_document
from tracer.i18n import LANGS
from tracer.trace.reading import open_trace
from tracer.trace.steps import Bound, Items, Unbound
from tracer.trace.values import Text
from tracer.views.decisions import decision_lines, explanation_report

TEXT = """def load(path):
    if path:
        config = 1
    for item in path:
        try:
            config = item
        except ValueError:
            return None
    return 2 if config else 3
"""


def trace_of(folder: Path, *steps: dict[str, Any], text: str = TEXT, **frame: Any) -> list[Decision]:
    """Return a trace's decisions after every view has printed them."""
    records = [
        made.source_record(text=text),
        made.frame_record_of(0, **frame),
        made.value_record(0, Text("model")),
        *(made.step_record(made.step(number, **fields)) for number, fields in enumerate(steps)),
        made.end_record(status="failed", step=len(steps) - 1),
    ]
    with open_trace(made.sealed(folder, records)) as trace:
        found = list(decisions(trace))
        told = explanation(trace)
        for lang in LANGS:
            assert len(list(decision_lines(trace, found, lang))) == len(found)  # type: ignore[arg-type]
            print_result(explanation_report(trace, told, len(found), lang))  # type: ignore[arg-type]
        assert decisions_document(trace, found, told)["count"] == len(found)
        return found


def lines(*numbers: int | None) -> list[dict[str, Any]]:
    return [{"kind": "call", "event": "call", "line": 1}, *({"line": number} for number in numbers)]


def ways(found: list[Decision]) -> list[tuple[str, str]]:
    return [(decision.kind, decision.outcome) for decision in found]


def test_an_ordinary_trace(tmp_path: Path) -> None:
    found = trace_of(tmp_path, *lines(2, 3, 4, 5, 6, 4, 9), {"kind": "return", "event": "return", "line": 9})
    assert ways(found) == [("if", "then"), ("loop", "entered"), ("try", "completed"), ("conditional", "unknown")]


def test_a_trace_without_its_end(tmp_path: Path) -> None:
    found = trace_of(tmp_path, *lines(2, 3, 4, 5, 6))
    assert ways(found) == [("if", "then"), ("loop", "entered"), ("try", "unknown")]
    assert (found[1].times, found[1].ended) == (None, "unknown")


@pytest.mark.parametrize("line", [0, -5, 1, 10, 10**9, None])
def test_a_line_without_a_statement(tmp_path: Path, line: int | None) -> None:
    found = trace_of(tmp_path, *lines(2, line, 3))
    assert ways(found) == [("if", "unknown")]


@pytest.mark.parametrize(
    "text", ["", "def load(path:\n", "\0", "x = 1\n", "def other():\n    if 1:\n        pass\n", "é" * 5]
)
def test_a_source_without_the_function(tmp_path: Path, text: str) -> None:
    assert trace_of(tmp_path, *lines(2, 3), text=text) == []


@pytest.mark.parametrize("frame", [{"source": 7}, {"line": 99}, {"line": -1}, {"function": ""}, {"function": "a.b.c"}])
def test_a_frame_that_matches_no_source(tmp_path: Path, frame: dict[str, Any]) -> None:
    assert trace_of(tmp_path, *lines(2, 3), **frame) == []


def test_a_missing_frame(tmp_path: Path) -> None:
    assert trace_of(tmp_path, {"frame": 9, "line": 2}, {"frame": None, "line": 2}) == []


def test_steps_of_another_source(tmp_path: Path) -> None:
    assert ways(trace_of(tmp_path, {"line": 2}, {"line": 3, "source": 5})) == [("if", "unknown")]


@pytest.mark.parametrize(
    "change",
    [
        Unbound("path"),
        Items("path", {"x": 0}, {}, ["y"]),
        Items("nowhere", {"x": 0}, {"y": 0}, ["z"]),
        Bound("path", 77),
        Bound("", 0),
    ],
)
def test_changes_that_do_not_fit(tmp_path: Path, change: Any) -> None:
    found = trace_of(tmp_path, {"line": 2, "changes": [Bound("path", 0), change]}, {"line": 3}, {"line": 4})
    assert ways(found)[0] == ("if", "then")


def test_missing_values(tmp_path: Path) -> None:
    found = trace_of(
        tmp_path,
        {"line": 5, "changes": [Bound("path", 42)]},
        {"line": 6},
        {"line": 6, "event": "raise", "kind": "raise", "value": 42},
        {"line": 6, "event": "unwind", "kind": "unwind", "value": 42},
    )
    assert ways(found) == [("try", "not-caught")]
    assert found[0].value is None


@pytest.mark.parametrize(
    "steps",
    [
        lambda: [{"line": 9, "event": "return", "kind": "return"}] * 3,
        lambda: [{"line": 4, "event": "unwind", "kind": "unwind"}, {"line": 4}, {"line": 4}, {"line": 4}],
        lambda: [{"line": 7}, {"line": 8}, {"line": 5}, {"line": 7}, {"line": 2}],
        lambda: [{"line": 6, "event": "raise", "kind": "raise"}, {"line": 6}, {"line": 7}, {"line": 7}],
        lambda: [{"line": 2, "event": "nonsense"}, {"line": 3, "event": None}],
    ],
)
def test_events_in_no_order(tmp_path: Path, steps: Callable[[], list[dict[str, Any]]]) -> None:
    trace_of(tmp_path, *steps())


def test_a_long_chain_and_a_deep_expression(tmp_path: Path) -> None:
    chain = "".join(f"    elif path == {n}:\n        pass\n" for n in range(800))
    deep = "+".join(["path"] * 900)
    text = f"def load(path):\n    if path is None:\n        pass\n{chain}    if {deep}:\n        pass\n"
    last = text.count("\n") - 1
    found = trace_of(tmp_path, *lines(2, 4, 6, last, last + 1), text=text)
    assert ways(found) == [("if", "elif"), ("elif", "elif"), ("elif", "after"), ("if", "then")]


def test_terminal_control_codes_are_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'def load(path):\n    if path != "\x1b[2J":  \n        return 1\n    return 2\n'
    trace_of(tmp_path, *lines(2, 3), text=text, function="load")
    assert "\x1b[2J" not in capsys.readouterr().out
    path = made.sealed(
        tmp_path,
        [
            made.source_record(path="<evil>\x1b[2J", text=text),
            made.frame_record_of(0),
            made.step_record(made.step(0)),
            made.step_record(made.step(1, line=3)),
        ],
        "evil",
    )
    with open_trace(path) as trace:
        for line in decision_lines(trace, decisions(trace), "en"):
            assert "\x1b" not in line.plain


@pytest.mark.parametrize(
    "stages",
    ["construct config construct", "config construct config", "construct config config", "config config construct"],
)
def test_a_stage_in_the_middle_of_a_frame_is_complete(tmp_path: Path, stages: str) -> None:
    """A value bound in one stage, and where the frame goes there, can decide the outcome in another."""
    at_first, between, at_last = stages.split()
    records = [
        made.source_record(text="def load(path):\n    path = 1\n    if path:\n        config = 2\n    return config\n"),
        made.frame_record_of(0),
        made.value_record(0, Text("model")),
        made.step_record(made.step(0, stage=at_first, kind="call", event="call", line=1)),
        made.step_record(made.step(1, stage=between)),
        made.step_record(made.step(2, stage=between, kind="log", event=None, changes=[Bound("path", 0)])),
        made.step_record(made.step(3, stage=at_last, line=3)),
        made.step_record(made.step(4, stage=between, line=4)),
        made.step_record(made.step(5, stage=at_first, line=5)),
        made.step_record(made.step(6, stage=at_last, kind="return", event="return", line=5)),
        made.end_record(status="loaded", step=6),
    ]
    with open_trace(made.sealed(tmp_path, records)) as trace:
        [decision] = decisions(trace)
        assert decision.outcome == "then"
        assert decision.went == 4
        assert decision.names == {"path": Text("model")}
        assert list(decisions(trace, stages=[at_last])) == [decision]
        assert not list(decisions(trace, stages=[{"config": "construct", "construct": "config"}[at_last]]))
