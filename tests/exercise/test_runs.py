"""Runs of learners' folders: hostile ones end within their limits, and nothing of the learner's is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.exercise.teacher import files_of
from tests.support.damaged import copied, edit_text
from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.grader import GradeReport, grade
from tracer.exercise.runs import RunRecorder
from tracer.launch.runner import Limits
from tracer.trace.errors import TracerError
from tracer.trace.held_journal import HeldJournal
from tracer.trace.reading import open_trace

pytestmark = pytest.mark.slow  # seconds each, of whole processes

Make = Callable[..., ExerciseFiles]
EXITS = "        os._exit(0)"


@pytest.fixture
def learner(tmp_path: Path) -> Callable[..., Path]:
    """Makes a learner's folder whose model runs some statements where it is built."""

    def make(*statements: str) -> Path:
        model = copied("broken/exits", tmp_path / "learner" / "model")
        code = (model / "modeling_broken.py").read_text(encoding="utf-8")
        [line] = [line for line in code.splitlines() if "os._exit" in line]
        indent = line[: len(line) - len(line.lstrip())]
        edit_text(model / "modeling_broken.py", line, "\n".join(f"{indent}{one}" for one in statements))
        return tmp_path / "learner"

    return make


def run(files: ExerciseFiles, folder: Path, workbench: RunRecorder, tmp_path: Path) -> GradeReport:
    return grade(files.exercise, workbench.record(files, folder, tmp_path / "traces"))


def quick(seconds: int = 6, **fields: Any) -> dict[str, Any]:
    return {"runs": {"load": {"auto_class": "AutoModel", "seconds": seconds, **fields}}}


def test_what_works_passes(made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path) -> None:
    judged = run(made(), learner("pass"), workbench, tmp_path)
    assert judged.passed
    assert judged.failed_run is None


def test_an_endless_loop_ends_in_time(made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path) -> None:
    began = time.monotonic()
    judged = run(made(**quick()), learner("while True:", "    pass"), workbench, tmp_path)
    assert judged.runs["load"].limit == "seconds"
    assert judged.failed_run == "load"
    assert not judged.passed
    assert time.monotonic() - began < 30
    assert judged.runs["load"].trace is not None
    with open_trace(judged.runs["load"].trace) as trace:  # what it did until then was kept
        assert len(trace) > 100


def test_a_loop_that_ignores_everything_ends_in_time(
    made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    statements = (
        "import signal",
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)",
        "while True:",
        "    try:",
        "        while True: pass",
        "    except BaseException: pass",
    )
    assert run(made(**quick()), learner(*statements), workbench, tmp_path).runs["load"].limit == "seconds"


@pytest.mark.parametrize(
    "statement",
    ["print('x' * 1000)", "os.write(1, b'x' * 65536)", "os.write(2, b'x' * 65536)"],
    ids=["print", "fd1", "fd2"],
)
def test_gigabytes_of_output_end_at_a_limit(
    statement: str, made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracer.exercise.runs as running

    monkeypatch.setattr(running, "Limits", lambda seconds: Limits(seconds, bytes=8 << 20))
    judged = run(made(**quick(60)), learner("while True:", f"    {statement}"), workbench, tmp_path)
    assert judged.runs["load"].limit == "output"
    assert sum(path.stat().st_size for path in (tmp_path / "traces").iterdir()) < 64 << 20


@pytest.mark.parametrize(
    "statements",
    [
        ("kept = []", "while True: kept.append(bytearray(256 << 20))"),
        ("import torch", "kept = []", "while True: kept.append(torch.empty(1 << 26, device='cpu').fill_(1))"),
        ("import torch", "torch.empty(1 << 42, device='cpu')"),
    ],
    ids=["python", "torch", "at once"],
)
def test_memory_has_a_limit(
    statements: tuple[str, ...], made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    import tracer.exercise.runs as running

    monkeypatch.setattr(running, "Limits", lambda seconds: Limits(seconds, memory=1 << 30))
    judged = run(made(**quick(60)), learner(*statements), workbench, tmp_path)
    assert judged.runs["load"].limit == "memory"
    assert judged.failed_run == "load"
    assert judged.runs["load"].outcome is not None
    assert judged.runs["load"].outcome.status == "failed"  # with an exception, and all that was recorded until then


@pytest.mark.parametrize("code", [0, 3])
def test_a_process_that_ends_itself(
    code: int, made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    judged = run(made(), learner(f"os._exit({code})"), workbench, tmp_path)
    outcome = judged.runs["load"].outcome
    assert judged.failed_run == "load"
    assert outcome is not None
    assert (outcome.status, outcome.exit_code) == ("killed", code)


def test_a_process_that_kills_itself(made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path) -> None:
    judged = run(made(), learner("os.kill(os.getpid(), 9)"), workbench, tmp_path)
    outcome = judged.runs["load"].outcome
    assert outcome is not None
    assert outcome.signal == "SIGKILL"


def test_code_that_deletes_its_own_files_deletes_a_copy(
    made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    folder = learner("import shutil", "shutil.rmtree(config._name_or_path)", "shutil.rmtree(os.getcwd(), True)")
    before = files_of(folder)
    run(made(), folder, workbench, tmp_path)  # it may even pass: 4.44 has read the weights by then
    assert files_of(folder) == before


def test_what_a_process_has_started_ends_with_it(
    made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    folder = learner(
        "import subprocess, sys",
        f"started = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], cwd={str(tmp_path)!r})",
        f"open({str(mark)!r}, 'w').write(str(started.pid))",
    )
    assert run(made(), folder, workbench, tmp_path).passed
    deadline = time.monotonic() + 10
    while _runs(int(mark.read_text())):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return "sleep" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_escape_sequences_are_shown_and_not_obeyed(
    made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    check = {
        "id": "loads",
        "title": {"en": "x", "zh": "x"},
        "failing": {"en": "{{ load.message }}", "zh": "{{ load.message }}"},
        "expect": [{"value": "load.status", "is": "loaded"}],
    }
    folder = learner(r"raise RuntimeError('\x1b[31mred\x1b]0;title\x07 `code` [bold]')")
    judged = run(made(checks=[check]), folder, workbench, tmp_path)
    assert judged.first_failure is not None
    assert judged.first_failure.feedback is not None
    assert "\x1b" not in judged.first_failure.feedback.en
    assert "\\x1b[31mred" in judged.first_failure.feedback.en


def test_a_directory_that_is_not_there(made: Make, workbench: RunRecorder, tmp_path: Path) -> None:
    (tmp_path / "learner").mkdir()
    judged = run(made(), tmp_path / "learner", workbench, tmp_path)
    assert judged.runs["load"].missing == "model"
    assert judged.failed_run == "load"
    assert [one.state for one in judged.grades] == ["not-seen"]


def test_two_checks_of_one_folder_at_once(made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path) -> None:
    folder = learner("pass")
    (tmp_path / "traces").mkdir()
    with HeldJournal.create(tmp_path / "traces" / "load.glmtrace.journal") as held:
        with pytest.raises(TracerError, match="still running"):
            run(made(), folder, workbench, tmp_path)
        assert held.is_named()
    assert run(made(), folder, workbench, tmp_path).passed  # what a killed check left is in nobody's way


def test_a_folder_that_is_too_large(made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path) -> None:
    folder = learner("pass")
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(600 << 20)
    with pytest.raises(TracerError, match="512 MB"):
        workbench.record(made(), folder, tmp_path / "traces")


def test_a_link_out_of_the_folder_is_not_followed(
    made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    folder = learner("pass")
    os.symlink("/", folder / "everything")
    assert run(made(), folder, workbench, tmp_path).passed


def test_the_modules_cache_holds_nothing_of_the_run_before(
    made: Make, learner: Any, workbench: RunRecorder, tmp_path: Path
) -> None:
    """A file that was removed is missing, though the run before had it."""
    folder = learner("pass")
    assert run(made(), folder, workbench, tmp_path).passed
    (folder / "model/configuration_broken.py").unlink()
    assert not run(made(), folder, workbench, tmp_path).passed


def test_a_script_of_the_task_runs_in_the_folder(made: Make, workbench: RunRecorder, tmp_path: Path) -> None:
    check = {
        "id": "said",
        "title": {"en": "x", "zh": "x"},
        "failing": {"en": "x", "zh": "x"},
        "anchor": {"kind": "output", "data": {"text": "found notes.txt*"}},
    }
    files = made(runs={"judge": {"script": "look.py"}}, checks=[check])
    (files.folder / "judge").mkdir()
    (files.folder / "judge/look.py").write_text("import os\nprint('found', *os.listdir())\n")
    (tmp_path / "learner").mkdir()
    (tmp_path / "learner/notes.txt").write_text("x")
    assert run(files, tmp_path / "learner", workbench, tmp_path).passed


def test_the_limits(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(b"x" * 50_000)
    assert Limits(5, 10_000).exceeded(1, journal, None) == "output"
    assert Limits(5).exceeded(1, journal, tmp_path / "absent") is None
    assert Limits(5).exceeded(6, journal, None) == "seconds"
    with journal.open("wb") as sparse:  # one that is made large at once and filled
        sparse.truncate(1 << 30)
    assert Limits(5, 10_000).exceeded(1, journal, None) is None


def test_runs_use_a_modules_cache_of_their_own(made: Make, learner: Any, tmp_path: Path) -> None:
    """Other children of the same warm process keep using the modules cache of this process."""
    judged = run(made(), learner("pass"), RunRecorder(tmp_path / "bench"), tmp_path)
    assert judged.runs["load"].trace is not None
    with open_trace(judged.runs["load"].trace) as trace:
        cache = trace.meta.roots["modules-cache"]
        imported = next(trace.steps(kinds=["module-imported"]))
    assert cache != os.environ["HF_MODULES_CACHE"]
    assert Path(cache).parent == tmp_path / "bench"
    assert imported.data["module"].startswith("transformers_modules.model")
