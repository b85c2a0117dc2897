"""Verdicts of checks and predictions, from traces that are there already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.demo.store import unpack
from tests.walkthrough.writing import words
from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.grader import GradeReport, grade, same_answer
from tracer.exercise.runs import RecordedRun
from tracer.trace.outcome import Outcome

SPLIT = {"function": "get_class_from_dynamic_module", "statement": "module_file, class_name ="}
LOADED = {
    "id": "loads",
    "title": words("t"),
    "failing": words("f"),
    "expect": [{"value": "load.status", "is": "loaded"}],
}


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RecordedRun]:
    path: Path = unpack("5.23.0", tmp_path_factory.mktemp("demo"))
    return {"load": RecordedRun(path, Outcome("loaded"))}


def check(**fields: Any) -> dict[str, Any]:
    return {
        "id": "one",
        "title": words("t"),
        "failing": words("It is {{ after.module_file }}."),
        "anchor": SPLIT,
        **fields,
    }


def judged(
    made: Callable[..., ExerciseFiles], ran: dict[str, RecordedRun], *checks: dict[str, Any], **options: Any
) -> GradeReport:
    answers = options.pop("answers", None)
    return grade(made(checks=list(checks), **options).exercise, ran, answers)


def test_a_check_that_holds(made: Any, ran: Any) -> None:
    found = judged(made, ran, LOADED, check(expect=[{"value": "after.module_file", "is": "configuration_chatglm"}]))
    assert found.passed
    assert found.first_failure is None
    assert all(one.step is not None for one in found.grades)


def test_one_that_does_not_says_what_was_wanted_and_found(made: Any, ran: Any) -> None:
    found = judged(
        made, ran, check(stage="dynamic-class", expect=[{"value": "after.module_file", "is": "mine"}]), LOADED
    )
    failure = found.first_failure
    assert failure is not None
    assert (failure.reason, failure.state) == ("one", "failed")
    assert failure.feedback is not None
    assert failure.feedback.en == "It is `configuration_chatglm`."
    assert "mine" in failure.wanted
    assert "configuration_chatglm" in failure.found
    assert [one.state for one in found.grades] == ["failed", "passed"]


def test_a_case_answers_for_itself(made: Any, ran: Any) -> None:
    cases = [
        {"id": "other", "say": words("other"), "when": {"after.module_file": "other*"}},
        {
            "id": "library",
            "say": words("got {{ step.way }}"),
            "anchor": {"kind": "class-resolved"},
            "when": {"step.way": "remote"},
        },
        {"id": "late", "say": words("late")},
    ]
    found = judged(made, ran, check(expect=[{"value": "after.module_file", "is": "mine"}], cases=cases)).first_failure
    assert found is not None
    assert found.reason == "one/library"
    assert found.feedback is not None
    assert found.feedback.zh == "got `remote`"


def test_an_anchor_that_is_not_there_fails_at_the_end(made: Any, ran: Any) -> None:
    found = judged(made, ran, check(anchor={"kind": "peft-applied"}, failing=words("none"))).first_failure
    assert found is not None
    assert found.feedback is not None
    assert found.feedback.en == "none"
    assert found.step is not None


def test_what_has_to_be_absent(made: Any, ran: Any) -> None:
    assert judged(made, ran, check(anchor={"kind": "peft-applied"}, absent=True)).passed
    assert not judged(made, ran, check(anchor={"kind": "class-resolved"}, absent=True, failing=words("x"))).passed


def test_a_check_for_other_releases_is_left_out(made: Any, ran: Any) -> None:
    assert [one.id for one in judged(made, ran, LOADED, check(releases="<5")).grades] == ["loads"]


def test_a_run_that_left_no_trace(made: Any) -> None:
    found = judged(made, {"load": RecordedRun(None, None, missing="model")}, LOADED)
    assert [one.state for one in found.grades] == ["not-seen"]
    assert found.failed_run == "load"
    assert not found.passed


PREDICTIONS = [
    {"id": "file", "ask": words("Which file?"), "anchor": SPLIT, "answer": "after.module_file", "after": words("{{ class_reference }}")},
    {
        "id": "way", "ask": words("Which way?"), "anchor": {"kind": "class-resolved"}, "answer": "step.way", "after": words("a"),
        "choices": [{"text": words("library"), "is": "mapping"}, {"text": words("own"), "is": "rem*"}],
    },
]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "states"),
    [
        ({"file": "configuration_chatglm", "way": "2"}, ["passed", "passed"]),
        ({"file": " `configuration_chatglm` ", "way": "1"}, ["passed", "failed"]),
        ({"file": "modeling", "way": "3"}, ["failed", "failed"]),
        ({"way": "own"}, ["failed", "failed"]),
        ({}, ["failed", "failed"]),
    ],
)
def test_predictions(made: Any, ran: Any, answers: dict[str, str], states: list[str]) -> None:
    found = judged(made, ran, predictions=PREDICTIONS, answers=answers)
    assert [one.state for one in found.grades] == states
    assert found.grades[0].found == "configuration_chatglm"
    assert found.grades[0].feedback is not None
    assert found.grades[0].feedback.en == "`configuration_chatglm.ChatGLMConfig`"


@pytest.mark.parametrize(
    ("given", "truth", "same"),
    [
        ("1 35 320", [1, 35, 320], True),
        ("(1, 35, 320)", [1, 35, 320], True),
        ("1×35×320", [1, 35, 320], True),
        ("1 35", [1, 35, 320], False),
        ("62", 62, True),
        ("1,053", 1053, True),
        ("many", 62, False),
        ("true", True, True),
        ("none", None, True),
        ("ChatGLMConfig", "transformers_modules.x.ChatGLMConfig", True),
        ("config", "transformers_modules.x.ChatGLMConfig", False),
        ("'remote'", "remote", True),
        ("", "", False),
        ("``", "x", False),
    ],
)
def test_what_is_the_same_answer(given: str, truth: Any, same: bool) -> None:
    assert (bool(given) and same_answer(given, truth)) is same
