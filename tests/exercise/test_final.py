"""The course's last exercise: its solution is a model that learns, built, trained and used without being traced."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.loads import Loads
from tracer.bundled import bundled
from tracer.exercise.collection import ExerciseFiles, read_exercise
from tracer.exercise.grader import grade
from tracer.exercise.runs import RecordedRun
from tracer.exercise.working_folder import build_folder

pytestmark = pytest.mark.slow  # seconds each, of whole processes

FALLS = re.compile(r"the loss falls: from ([\d.]+) to ([\d.]+)")
DECIDES = re.compile(r"the picture decides: ([\d.]+), turned ([\d.]+)")


@pytest.fixture(scope="module")
def final() -> ExerciseFiles:
    folder = Path(str(bundled("walkthroughs"))) / "exercises" / "small-vision-language-model"
    return ExerciseFiles(read_exercise(folder), folder, True)


@pytest.fixture
def learner(final: ExerciseFiles, tmp_path: Path) -> Path:
    """A learner's folder with the solution in it."""
    build_folder(final, tmp_path / "learner", "solution")
    return tmp_path / "learner"


def output_of(script: Path, learner: Path) -> str:
    """What a script prints that is run in a learner's folder."""
    environment = {**os.environ, "HF_MODULES_CACHE": str(learner.parent / "modules")}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=learner, env=environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_solution_learns_from_pictures(final: ExerciseFiles, learner: Path) -> None:
    (learner / "model" / "model.safetensors").unlink()
    assert output_of(learner / "make_weights.py", learner) == ""
    printed = output_of(final.folder / "judge" / "train.py", learner)
    falls, decides = FALLS.search(printed), DECIDES.search(printed)
    assert falls is not None
    assert decides is not None, printed
    first, last = map(float, falls.groups())
    right, turned = map(float, decides.groups())
    assert last < first / 4  # it begins near ln 100, the loss of one who guesses among 100 tokens
    assert abs(first - 4.6) < 0.5
    assert turned > right + 0.2


def test_a_picture_takes_the_place_of_its_token(final: ExerciseFiles, learner: Path) -> None:
    printed = output_of(final.folder / "judge" / "facts.py", learner)
    assert "text fits: 15 tokens, logits 1×15×100" in printed
    assert "picture placed: 16 tokens, logits 1×31×100" in printed
    assert "the future is hidden" in printed


def test_a_layer_holds_no_large_file(final: ExerciseFiles) -> None:
    sizes = {path: path.stat().st_size for path in final.folder.rglob("*") if path.is_file()}
    assert max(sizes.values()) < 200_000
    assert sum(sizes.values()) < 1_000_000


@pytest.mark.parametrize("tokenizer", [False, True])
def test_what_the_model_lacks_is_not_told_of_the_tokenizer(
    final: ExerciseFiles, loads: Loads, tmp_path: Path, tokenizer: bool
) -> None:
    solution = final.folder / "solution" / "model"
    for name in ("config.json", "configuration_small.py", *(["tokenizer_config.json"] if tokenizer else [])):
        shutil.copy(solution / name, tmp_path)
    recorded = loads.record(tmp_path, auto_class="AutoModelForCausalLM")
    verdicts = grade(final.exercise, {"load": RecordedRun(recorded.path, recorded.outcome)}).grades
    said = next(one.feedback for one in verdicts if one.id == "tokenizer")
    assert said is not None
    for text in (said.en, said.zh):
        assert "modeling_small" not in text
        assert ("tokenization_small" in text) == tokenizer
