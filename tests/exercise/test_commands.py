"""``glm-trace exercise``: its commands, as a learner, a script or a teacher calls them."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.exercise.teacher import FIRST, files_of, mend, teachers
from tests.support.commands import Command, Result, command_line
from tests.support.damaged import edit_text
from tracer.exercise.collection import ExerciseFiles, all_exercises
from tracer.exercise.course_folder import DEFAULT_NAME, CourseFolder
from tracer.exercise.runs import RunRecorder
from tracer.exercise.validator import ValidationResult
from tracer.trace.reading import open_trace


@pytest.fixture
def command(
    place: Path, workbench: RunRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Call a command, which records on the bench of all tests."""
    for name in ("check", "validate"):
        monkeypatch.setattr(f"tracer.cli.exercise.{name}.run_recorder", lambda: nullcontext(workbench))
    call_exercise = command_line(monkeypatch, capsys, "exercise")

    def call(*arguments: object, cwd: Path | None = None) -> Result:
        if cwd is not None:
            monkeypatch.chdir(cwd)
        return call_exercise(*arguments)

    return call


def learner(place: Path, name: str = FIRST) -> Path:
    return place / DEFAULT_NAME / name


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_list_fits_and_shows_the_state(command: Command, place: Path, lang: str) -> None:
    done = command("list", "--lang", lang)
    assert done.code == 0
    assert all(cell_len(line.rstrip()) <= 80 for line in done.out.splitlines())
    assert next(iter(all_exercises())) == FIRST
    for name in all_exercises():
        assert name in done.out
    assert {"en": "Start with: glm-trace exercise start", "zh": "开始做："}[lang] in done.out
    command("start")
    line = next(line for line in command("list", "--lang", lang).out.splitlines() if FIRST in line)
    assert {"en": "started", "zh": "进行中"}[lang] in line
    assert {"en": "not started", "zh": "未开始"}[lang] not in line


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "Your files are in glm-trace-exercises/"), ("zh", "文件放在 glm-trace-exercises/")]
)
def test_start_without_a_name_begins_the_course(command: Command, place: Path, lang: str, said: str) -> None:
    done = command("start", "--lang", lang)
    assert done.code == 0
    assert f"{said}{FIRST}" in done.text
    assert all_exercises()[FIRST].exercise.title.localized(lang) in done.text
    assert f"cd glm-trace-exercises/{FIRST}" in done.out
    assert (learner(place) / "model" / "config.json").is_file()


def test_start_again_leaves_the_files_and_names_reset(command: Command, place: Path) -> None:
    command("start", FIRST)
    mend(learner(place))
    before = files_of(learner(place))
    again = command("start", "1")
    assert again.code == 0
    assert "are as you left them" in again.text
    assert f"glm-trace exercise reset {FIRST}" in again.text
    assert files_of(learner(place)) == before


@pytest.mark.slow
def test_check_tells_the_first_failure_then_congratulates(
    command: Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("start", FIRST)
    first = command("check")
    assert first.code == 1
    trace = f"glm-trace-exercises/{FIRST}/.glm-trace/load.glmtrace"
    step = next(line for line in first.out.splitlines() if "replay" in line)
    assert step.strip().startswith(f"glm-trace replay {trace} --step ")
    with open_trace(place / trace) as opened:
        assert 0 < int(step.split()[-1]) < len(opened)
    assert "✗ The model loads" in first.out
    assert "sent the library to the file modelling_broken.py" in first.text
    assert "expected load.status to be 'loaded'; it is 'failed'" in first.text
    assert "· Its own class is used" in first.out
    assert "\x1b" not in first.out

    mend(learner(place))
    monkeypatch.chdir(learner(place) / "model")
    done = command("check", "--lang", "zh")
    assert done.code == 0
    assert "✓ 模型能加载" in done.out
    assert "✓ 用的是它自己的类" in done.out
    assert "完成了：找不到自己代码的模型" in done.out
    assert "glm-trace replay ../.glm-trace/load.glmtrace --walkthrough dynamic-class" in done.out
    assert f"glm-trace exercise start {list(all_exercises())[1]}" in done.out
    assert CourseFolder(place / DEFAULT_NAME).progress.exercises[FIRST].attempts == 2
    assert "1 of " in command("progress").out


@pytest.mark.parametrize(
    ("statements", "english", "chinese"),
    [
        ("import os; os._exit(7)", "ended its own process with exit code 7", "退出码是 7"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL", "被信号 SIGKILL 杀死",
            marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_a_run_that_ends_badly_says_what_to_look_for(
    command: Command, place: Path, statements: str, english: str, chinese: str
) -> None:
    command("start", FIRST)
    mend(learner(place))
    code = learner(place) / "model" / "modeling_broken.py"
    code.write_text(f"{code.read_text(encoding='utf-8')}\n\n{statements}\n", encoding="utf-8")
    done = command("check")
    assert done.code == 1
    assert english in done.text
    assert "--step" in done.out
    assert "· The model loads" in done.out
    assert chinese in command("check", "--lang", "zh").out.replace("\n    ", "")


def test_a_model_that_is_gone_is_said(command: Command, place: Path) -> None:
    command("start", FIRST)
    (learner(place) / "model").rename(learner(place) / "elsewhere")
    done = command("check")
    assert done.code == 1
    assert "There is no model in your folder to run. Was it moved or renamed?" in done.text


def test_questions_are_answered_judged_and_answered_again(command: Command, place: Path) -> None:
    folder = teachers(place / "teacher")
    assert command("start", "asking", "--exercises", folder, "--trust").code == 0
    assert (place / DEFAULT_NAME / "asking" / "TASK.md").is_file()
    unasked = command("check")
    assert unasked.code == 2
    assert "glm-trace exercise check asking --answer class=… --answer status=…" in unasked.sentence
    for wrong in ("class=3", "class=x", "class", "nothing=1"):
        assert command("check", "--answer", wrong).code == 2

    mend(learner(place, "asking"))
    first = command("check", "--answer", "class=1", "--answer", "status=failed")
    assert first.code == 1
    assert "You said: BertModel The result was different: BrokenModel It is BrokenModel." in first.text
    assert "You said: failed The result was different:" in first.text
    assert "glm-trace exercise check asking --again" in first.text
    second = command("check", "--answer", "class=2")
    assert second.code == 1
    assert "You said: BrokenModel Right." in second.text
    again = command("check", "--again")
    assert again.code == 2
    assert "--answer status=…" in again.sentence
    assert "class=" not in again.sentence
    solved = command("check", "--answer", "status=loaded", "--lang", "zh")
    assert solved.code == 0
    assert "答对了。" in solved.out
    assert "没有要重新回答的" in command("check", "--again", "--lang", "zh").out


def test_a_teachers_code_runs_only_with_consent(command: Command, place: Path) -> None:
    folder = teachers(place / "teacher", questions=False)
    refused = command("start", "asking", "--exercises", folder)
    assert refused.code == 3
    assert "that you have not agreed to" in refused.sentence
    assert not (place / DEFAULT_NAME).exists()

    assert command("start", "asking", "--exercises", folder, "--trust").code == 0
    assert command("check").code == 1
    edit_text(folder / "asking" / "task.yaml", "The model loads", "It loads")
    for name in ("check", "solution", "reset"):
        changed = command(name, "--lang", "zh")
        assert changed.code == 3
        assert "内容变了" in changed.sentence
    assert command("start", "asking", "--trust").code == 0
    assert "✗ It loads" in command("check").out


def test_code_of_a_course_folder_of_others_runs_only_with_consent(command: Command, place: Path) -> None:
    """It is remembered in that folder what was agreed to, and whoever made the folder wrote that too."""
    assert command("start", FIRST).code == 0
    (place / DEFAULT_NAME).rename(place / "downloaded")
    refused = command("check", FIRST, cwd=place / "downloaded")
    assert refused.code == 3
    assert "was not made here by you" in refused.sentence
    assert f"glm-trace exercise start {FIRST} --trust" in refused.sentence
    assert "不是你在这台机器上建的" in command("check", "--lang", "zh").sentence
    assert command("start", FIRST).code == 3
    assert command("start", FIRST, "--trust").code == 0
    assert command("check").code == 1  # it runs


def test_consent_cannot_be_written_by_somebody_else(command: Command, place: Path) -> None:
    folder = teachers(place / "teacher", questions=False)
    assert command("start", "asking", "--exercises", folder, "--trust").code == 0
    progress = place / DEFAULT_NAME / "progress.json"
    held = json.loads(progress.read_text(encoding="utf-8"))
    whole = hashlib.sha256(os.path.abspath(folder / "asking").encode())  # what anybody can work out
    for path in sorted(path for path in (folder / "asking").rglob("*") if path.is_file()):
        whole.update(b"\0" + os.fsencode(path.relative_to(folder / "asking")) + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    held["exercises"]["asking"]["consent"] = whole.hexdigest()
    progress.write_text(json.dumps(held), encoding="utf-8")
    assert command("check").code == 3


def test_hints_come_one_by_one(command: Command, place: Path) -> None:
    command("start", FIRST)
    hints = all_exercises()[FIRST].exercise.hints
    for number in range(1, len(hints) + 1):
        assert f"Hint {number} of {len(hints)}" in command("hint").out
    last = command("hint", "--lang", "zh")
    assert f"提示 {len(hints)}/{len(hints)}" in last.out
    assert f"glm-trace exercise solution {FIRST}" in last.out
    everything = command("hint", "--all").out
    assert all(f"Hint {number} of" in everything for number in range(1, len(hints) + 1))
    assert f"{len(hints)}/{len(hints)}" in command("progress").out


def test_solution_and_reset_ask_first(command: Command, place: Path) -> None:
    command("start", FIRST)
    before = files_of(learner(place))
    for name in ("solution", "reset"):
        done = command(name)
        assert done.code == 2
        assert "--yes" in done.sentence
    assert files_of(place / DEFAULT_NAME).keys() == {f"{FIRST}/{name}" for name in before} | {"progress.json"}

    shown = command("solution", "--yes")
    assert shown.code == 0
    assert "model/config.json" in shown.out
    assert f"diff -ru -x 'TASK*' -x .glm-trace glm-trace-exercises/{FIRST} " in shown.out
    assert "nothing was written" in command("solution", "--yes").text
    assert files_of(learner(place)) == before
    assert "seen" in command("progress").out

    assert f"Your old files are in glm-trace-exercises/{FIRST}.before-1" in command("reset", "--yes").text
    assert files_of(place / DEFAULT_NAME / f"{FIRST}.before-1") == files_of(learner(place)) == before


def test_the_solution_of_a_solved_exercise_is_not_asked_about(command: Command, place: Path) -> None:
    command("start", FIRST)
    files = place / DEFAULT_NAME / "progress.json"
    progress = json.loads(files.read_text(encoding="utf-8"))
    progress["exercises"][FIRST]["solved"] = "2026-01-01T00:00:00+00:00"
    files.write_text(json.dumps(progress), encoding="utf-8")
    assert command("solution").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "There is no course folder here or above"),
        (["watch"], "There is no course folder here or above"),
        (["progress"], "There is no course folder here or above"),
        (["start", "misspeld-auto-map"], f"Did you mean {FIRST}?"),
        (["start", "99"], "There is no exercise 99"),
        (["start", "a\x1b[2J"], "There is no exercise a\\x1b[2J"),
        (["start", FIRST, "/proc/nothing"], "can't be read or written"),
        (["list", "--exercises", "nowhere"], "The folder nowhere can't be read: No such file or directory."),
        (["list", "--exercises", "nowhere", "--lang", "zh"], "目录 nowhere 无法读取：没有这个文件或目录。"),
        (["validate", "--exercises", "empty"], "There is no exercise in empty: no folder in it has a task.yaml."),
        (["list", "--exercises", "single"], "single is an exercise itself; name the folder that it is in."),
        (["validate", "nowhere"], "There is no exercise nowhere"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(command: Command, place: Path, arguments: list[str], said: str) -> None:
    (place / "empty").mkdir()
    (place / "single").mkdir()
    (place / "single" / "task.yaml").touch()
    done = command(*arguments)
    assert done.code == 2
    assert said in done.sentence
    assert done.out == ""


def test_an_exercise_that_was_not_started_says_how(command: Command, place: Path) -> None:
    command("start", FIRST)
    other = list(all_exercises())[1]
    for name in ("check", "hint", "solution", "reset", "watch"):
        done = command(name, other)
        assert done.code == 2
        assert f"glm-trace exercise start {other}" in done.sentence
    watching = command("watch")
    assert watching.code == 2
    assert "needs a terminal" in watching.sentence


def test_a_damaged_memory_stops_every_command_and_is_left(command: Command, place: Path) -> None:
    command("start", FIRST)
    file = place / DEFAULT_NAME / "progress.json"
    file.write_text('{"glm-trace-exercises": 1, "exer')
    for name in ("list", "start", "check", "hint", "progress"):
        done = command(name, "--lang", "zh")
        assert done.code == 2
        assert "已损坏" in done.sentence
    assert file.read_text() == '{"glm-trace-exercises": 1, "exer'


def test_an_exercise_for_another_release_is_not_begun(command: Command, place: Path) -> None:
    folder = teachers(place / "teacher", questions=False)
    edit_text(folder / "asking" / "task.yaml", "id: asking\n", 'id: asking\nreleases: ">=99"\n')
    done = command("start", "asking", "--exercises", folder, "--trust")
    assert done.code == 2
    assert "needs transformers >=99" in done.sentence
    line = next(one for one in command("list", "--exercises", folder).out.splitlines() if "asking" in one)
    assert "needs >=99" in line


@pytest.mark.slow
def test_validate_says_what_holds_and_what_does_not(command: Command, place: Path) -> None:
    folder = teachers(place / "teacher", questions=False)
    sound = command("validate", "asking", FIRST, "--exercises", folder, "--trust")
    assert sound.code == 0
    assert sound.out.count(" · ok · 3 wrong attempts · ") == 2
    edit_text(folder / "asking" / "task.yaml", "loads/no-such-class, what", "own-class, what")
    told = command("validate", "asking", "--exercises", folder, "--trust", "--lang", "zh")
    assert told.code == 1
    assert "错误示例 class-too 应当败在 own-class，实际败在 loads/no-such-class" in told.out
    document = json.loads(command("validate", "asking", "--exercises", folder, "--trust", "--json").out)
    [one] = document["exercises"]
    assert one["id"] == "asking"
    assert [problem["what"] for problem in one["problems"]] == ["attempt-fails-elsewhere"]
    assert command("validate", "asking", "--exercises", folder).code == 3


def test_validate_looks_at_the_folder_alone(command: Command, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = teachers(place / "teacher", questions=False)
    seen: list[str] = []

    def look(files: ExerciseFiles, *_: object) -> ValidationResult:
        seen.append(files.exercise.id)
        return ValidationResult(files.exercise.id, True, [], 0.0)

    monkeypatch.setattr("tracer.cli.exercise.validate.validated", look)
    assert command("validate", "--exercises", folder, "--trust").code == 0
    assert seen == ["asking"]
    assert command("validate").code == 0
    assert seen[1:] == list(all_exercises())
