"""Every bundled exercise is sound on the installed transformers; and what is not sound is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.exercise.teacher import FIRST, teachers
from tests.support.damaged import edit_text
from tracer.exercise.collection import TASK, ExerciseFiles, read_exercise
from tracer.exercise.runs import RunRecorder
from tracer.exercise.validator import ExerciseProblem, static_problems, validate
from tracer.views.exercise.tables import WORDS
from tracer.walkthrough.library import course

COURSE = ROOT / "walkthroughs" / "exercises"
NAMES = sorted(path.parent.name for path in COURSE.glob(f"*/{TASK}"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == FIRST else pytest.mark.slow) for name in NAMES]
)
def test_the_start_fails_the_solution_passes_and_wrong_attempts_fail_for_their_reasons(
    name: str, workbench: RunRecorder
) -> None:
    files = ExerciseFiles(read_exercise(COURSE / name), COURSE / name, True)
    assert validate(files, workbench, [one.id for one in course()]).problems == []


def test_the_course_is_in_order() -> None:
    assert len(NAMES) >= 10
    orders = [read_exercise(COURSE / name).order for name in NAMES]
    assert len(set(orders)) == len(orders)
    assert None not in orders


def test_no_task_holds_much() -> None:
    for name in NAMES:
        sizes = {path: path.stat().st_size for path in (COURSE / name).rglob("*") if path.is_file()}
        assert sizes, name
        assert sum(sizes.values()) < 1_000_000, name
        assert max(sizes.values()) <= 200_000, name


def unsound(folder: Path, change: Callable[[Path], object], recorder: RunRecorder) -> list[ExerciseProblem]:
    task = teachers(folder, "task", questions=False) / "task"
    change(task)
    return validate(ExerciseFiles(read_exercise(task), task, False), recorder).problems


def swapped(task: Path) -> None:
    """The solution is what the learner begins with."""
    shutil.copytree(task / "solution", task / "start", dirs_exist_ok=True)


@pytest.mark.slow
def test_a_start_that_passes_and_attempts_that_pass_are_found(tmp_path: Path, workbench: RunRecorder) -> None:
    def change(task: Path) -> None:
        swapped(task)
        shutil.rmtree(task / "wrong" / "class-too")
        (task / "wrong" / "class-too").mkdir()

    found = unsound(tmp_path, change, workbench)
    assert ExerciseProblem("start-passes") in found
    assert ExerciseProblem("attempt-passes", {"attempt": "class-too"}) in found


@pytest.mark.slow
def test_a_solution_that_fails_and_a_layer_that_does_not_fit_are_found(tmp_path: Path, workbench: RunRecorder) -> None:
    def change(task: Path) -> None:
        shutil.rmtree(task / "solution")
        (task / "wrong" / "class-too" / "none.json.merge").write_text("{}")

    found = unsound(tmp_path, change, workbench)
    assert ExerciseProblem("solution-fails", {"first": "loads/no-such-file"}) in found
    [layer] = [one for one in found if one.what == "no-files"]
    assert layer.values["layer"] == "wrong/class-too"


@pytest.mark.slow
def test_an_attempt_that_fails_elsewhere_is_found(tmp_path: Path, workbench: RunRecorder) -> None:
    def change(task: Path) -> None:
        edit_text(task / "task.yaml", "class-too: {fails: loads/no-such-class", "class-too: {fails: own-class")

    values = {"attempt": "class-too", "wanted": "own-class", "first": "loads/no-such-class"}
    assert unsound(tmp_path, change, workbench) == [ExerciseProblem("attempt-fails-elsewhere", values)]


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"a": "loads", "b": "run"}, [ExerciseProblem("few-attempts", {"count": 2, "least": 3})]),
        ({"a": "loads", "b": "run", "c": "loads"}, [ExerciseProblem("same-reason", {"attempt": "c", "other": "a", "first": "loads"})]),
    ],
    ids=["few", "same"],
)  # fmt: skip
def test_attempts_that_teach_too_little_are_found(
    made: Callable[..., ExerciseFiles], wrong: dict[str, str], found: list[ExerciseProblem]
) -> None:
    files = made(wrong={name: {"fails": fails, "what": "x"} for name, fails in wrong.items()})
    assert list(static_problems(files, None)) == found


def test_what_is_not_named_and_what_is_not_there_are_found(made: Callable[..., ExerciseFiles]) -> None:
    wrong: dict[str, Any] = {name: {"fails": "loads", "what": "x"} for name in "a"}
    files = made(wrong=wrong, read=["nowhere", "dynamic-class"])
    (files.folder / "wrong" / "forgotten").mkdir(parents=True)
    found = list(static_problems(files, ["dynamic-class"]))
    assert found[1:] == [
        ExerciseProblem("unlisted", {"attempt": "forgotten"}),
        ExerciseProblem("read", {"name": "nowhere"}),
    ]


def test_there_is_a_sentence_for_every_problem() -> None:
    source = (ROOT / "tracer" / "exercise" / "validator.py").read_text(encoding="utf-8")
    used = {key for key in WORDS if key.startswith("problem:") and f'"{key.removeprefix("problem:")}"' in source}
    assert len(used) == 9
    assert {key for key in WORDS if key.startswith("problem:")} == used
