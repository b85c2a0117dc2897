"""No glm-trace process runs a Python file just because it is in the current folder, a model's or a learner's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.support.loads import Loads
from tests.support.own_code_model import write_own_model
from tests.support.traps import NAMES, Traps
from tests.tui.pseudo_terminal import PROGRAM, PseudoTerminal
from tracer.launch.interpreter import python_command

_SAFE_HELPERS = """
import multiprocessing, os
from multiprocessing.forkserver import ensure_running
from tracer.launch.interpreter import safe_helpers
with safe_helpers():
    ensure_running()
context = multiprocessing.get_context("forkserver")
process = context.Process(target=os.getpid)
process.start()
process.join()
print(process.exitcode)
"""
_TRIAL = """
from pathlib import Path
from tracer.launch.amx_workaround import amx_environment
os.environ.pop("ONEDNN_MAX_CPU_ISA", None)
print(amx_environment("model name : Some Processor\\nflags : amx_tile\\n", Path(sys.argv[1])))
"""


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path / "marks")


@pytest.fixture
def here(tmp_path: Path, traps: Traps) -> Path:
    """Return a folder full of traps."""
    folder = tmp_path / "here"
    folder.mkdir()
    return traps.lay(folder)


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert "trap" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_traps_work(here: Path, traps: Traps) -> None:
    code = """
import sys
for name in sys.argv[1:]:
    sys.modules.pop(name, None)
    try:
        __import__(name)
    except SystemExit:
        pass
"""
    subprocess.run([sys.executable, "-c", code, *NAMES], cwd=here, check=True)
    assert traps.sprung == sorted(f"here-{name}" for name in NAMES)


def test_a_started_interpreter_imports_nothing_from_the_folder(here: Path, traps: Traps) -> None:
    names = ", ".join(name for name in NAMES if name not in ("conftest", "sitecustomize", "usercustomize"))
    code = f"import importlib.util as u; print([n for n in '{names}'.split(', ') if 'here' in str(u.find_spec(n))])"
    assert run(python_command(code), here) == "[]\n"
    assert run(python_command("import sys; print(sys.argv[1:], '' in sys.path)", "a b"), here) == "['a b'] False\n"
    assert traps.sprung == []


def test_folders_that_the_user_named_are_still_searched(here: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "my_helper.py").write_text("word = 'mine'\n", encoding="utf-8")
    assert run(python_command("import my_helper; print(my_helper.word)"), here, PYTHONPATH=str(own)) == "mine\n"


def test_multiprocessing_helpers_import_nothing_from_the_folder(here: Path, traps: Traps) -> None:
    assert run(python_command(_SAFE_HELPERS), here) == "0\n"
    assert traps.sprung == []


@pytest.mark.slow
def test_the_bfloat16_trial_runs_the_real_torch(here: Path, traps: Traps, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    said = run(python_command("import os, sys" + _TRIAL, str(known)), here)
    assert said.startswith("{")
    assert traps.sprung == []
    assert known.is_file()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["here", "model"])
def test_no_command_runs_a_file_of_the_folder(
    loads: Loads, tmp_path: Path, here: Path, traps: Traps, where: str
) -> None:
    trace = loads.record(FIXTURES / "glm-4v-tiny", generate=1).path
    other = loads.record(FIXTURES / "bert-tiny").path
    model = Path(shutil.copytree(FIXTURES / "glm-4v-tiny", tmp_path / "model"))
    folder = {"here": here, "model": traps.lay(model)}[where]
    loading: list[list[object]] = [
        ["load", model, "--trust-remote-code", "-o", tmp_path / "1.glmtrace"], ["load", model], ["show", trace],
    ]  # fmt: skip
    # What has nothing to do with the model has only the folder it is run in.
    for number, arguments in enumerate(loading if where == "model" else [
        *loading,
        ["demo", "--no-forward", "-o", tmp_path / "2.glmtrace"],
        *([command, trace] for command in ("why", "decisions", "replay")),
        ["kwargs", trace], ["kwargs", trace, "use_cache"], ["diff", trace, other],
        ["walkthrough", "list"], ["walkthrough", "list", trace], ["walkthrough", "show", "1"],
        ["walkthrough", "show", "1", trace], ["walkthrough", "check", "1", trace], ["walkthrough", "new", trace],
        ["exercise", "list"], ["exercise", "start", "1", tmp_path / f"course-{where}"],
        ["fixture"], ["fixture", "bert-tiny", tmp_path / f"fixture-{where}"], ["--version"], ["--help"],
    ]):  # fmt: skip
        run([str(PROGRAM), *map(str, arguments)], folder)
        assert traps.sprung == [], (number, arguments)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["here", "learner"])
def test_checking_an_exercise_runs_no_file_of_the_folder(tmp_path: Path, here: Path, traps: Traps, where: str) -> None:
    above = here if where == "here" else tmp_path
    run([str(PROGRAM), "exercise", "start", "1"], above)
    learner = next(path for path in (above / "glm-trace-exercises").iterdir() if path.is_dir())
    traps.lay(learner)
    traps.lay(learner / "model")
    folder = here if where == "here" else learner
    for command in (["check"], ["hint"], ["progress"], ["solution", "--yes"], ["reset", "--yes"]):
        said = run([str(PROGRAM), "exercise", *command], folder)
        assert traps.sprung == [], command
        assert command != ["check"] or "The model loads" in said  # it was recorded and graded


@pytest.mark.slow
def test_watching_an_exercise_runs_no_file_of_the_folder(tmp_path: Path, traps: Traps) -> None:
    course = tmp_path / "glm-trace-exercises"
    run([str(PROGRAM), "exercise", "start", "1", str(course)], tmp_path)
    learner = traps.lay(next(path for path in course.iterdir() if path.is_dir()))
    terminal = PseudoTerminal(PROGRAM, "exercise", "watch", cwd=learner)
    terminal.wait_for("Save a file", 120)
    terminal.interrupt()
    assert terminal.end() == 130
    terminal.close()
    assert traps.sprung == []


@pytest.mark.slow
def test_code_that_is_changed_after_the_answer_does_not_run(tmp_path: Path) -> None:
    """The loading process takes seconds to start: enough time to replace the file that was shown."""
    model = write_own_model(tmp_path / "own", tokenizer=False)
    terminal = PseudoTerminal(PROGRAM, "load", "own", "-o", "own.glmtrace", "--weights", "random", cwd=tmp_path)
    terminal.wait_for("Run this code?")
    terminal.type("y\n")
    while not (tmp_path / "own.glmtrace.journal").exists():
        time.sleep(0.01)
    (model / "part.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\nword = ''\n", encoding="utf-8")
    assert terminal.end() == 3
    terminal.close()
    assert "part.py is not the file that was agreed to" in " ".join(terminal.text.split())
    assert not (tmp_path / "mark").exists()
