"""Checking at every save: what counts as one, and ``glm-trace exercise watch`` in a terminal."""

from __future__ import annotations

import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.exercise.teacher import FIRST, files_of, mend, teachers
from tests.support.damaged import edit_text
from tests.tui.pseudo_terminal import PROGRAM, PseudoTerminal
from tracer.exercise.collection import all_exercises
from tracer.exercise.course_folder import DEFAULT_NAME, CourseFolder
from tracer.exercise.file_watcher import take_state, wait_for_save
from tracer.exercise.runs import TRACES
from tracer.exercise.trust import digest
from tracer.views.exercise.task_sheet import SHEETS, task_sheets

pytestmark = pytest.mark.slow  # seconds each, of whole processes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "model" / "config.json").write_text("{ }"),
        lambda folder: (folder / "model" / "new.py").write_text(""),
        lambda folder: (folder / "model" / "config.json").unlink(),
        lambda folder: (folder / "model").rename(folder / "other"),
        lambda folder: (folder / "a").write_text("x") and (folder / "a").replace(folder / "model" / "config.json"),
    ],
    ids=["written", "new", "removed", "renamed", "replaced"],
)
def test_a_save_is_seen(folder: Path, change: Callable[[Path], object]) -> None:
    before = take_state(folder, SHEETS)
    change(folder)
    assert take_state(folder, SHEETS) != before


@pytest.mark.parametrize(
    "name", [".config.json.swp", "config.json~", "#config.json#", ".#config.json", "TASK.md", f"{TRACES}/load.glmtrace",
             "model/__pycache__/a.pyc"]
)  # fmt: skip
def test_what_editors_and_checks_write_is_no_save(folder: Path, name: str) -> None:
    before = take_state(folder, SHEETS)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert take_state(folder, SHEETS) == before


def test_files_that_can_not_be_looked_at_do_no_harm(folder: Path) -> None:
    (folder / "nowhere").symlink_to(folder / "gone")
    (folder / "round").symlink_to(folder)
    assert take_state(folder, SHEETS)


def test_several_saves_close_together_are_one(folder: Path) -> None:
    def save() -> None:
        for number in range(4):
            time.sleep(0.15)
            (folder / "model" / f"{number}.py").write_text("x")

    before = take_state(folder, SHEETS)
    writer = threading.Thread(target=save)
    writer.start()
    after = wait_for_save(folder, before, SHEETS)
    writer.join()
    assert len(after) == 5


class Terminal(PseudoTerminal):
    def is_as_it_was(self) -> bool:
        """Line settings as at the start, and a hidden cursor given back."""
        shown = self.raw.rfind("\x1b[?25l") <= self.raw.rfind("\x1b[?25h")
        return shown and termios.tcgetattr(self._theirs) == self.settings


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_(*arguments: object) -> Terminal:
        opened.append(Terminal(PROGRAM, "exercise", *arguments, cwd=tmp_path, columns=120))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


Open = Callable[..., Terminal]


def started(tmp_path: Path, name: str = FIRST, *folders: Path) -> CourseFolder:
    course = CourseFolder(tmp_path / DEFAULT_NAME)
    files = all_exercises(folders)[name]
    if not files.bundled:
        course.record_consent(files, digest(files.folder))
    course.start(files, task_sheets(files.exercise))
    return course


@pytest.mark.slow
def test_it_checks_at_each_save_hints_after_each_attempt_and_goes_on(terminal: Open, tmp_path: Path) -> None:
    course = started(tmp_path)
    learner = course.folder / FIRST
    screen = terminal("watch")
    screen.wait_for("sent the library to the file modelling_broken.py", 120)
    screen.wait_for("Save a file, and it is checked again.")
    assert "Hint" not in screen.text
    edit_text(learner / "model" / "config.json", "modelling_broken.BrokenModel", "modeling_broken.Broken")
    screen.wait_for("and then the class was not in it")
    screen.wait_for("Hint 1 of 2")
    screen.wait_for("Save a file")
    edit_text(learner / "model" / "config.json", "modeling_broken.Broken", "modeling_broken.BrokenModel")
    screen.wait_for("Well done!")
    screen.wait_for("Go on with it? [Y/n]")
    following = list(all_exercises())[1]
    screen.type("\r")
    screen.wait_for(f"Checking {following}", 120)
    screen.wait_for("Save a file")
    screen.interrupt()
    screen.wait_for("Stopped. Your work is kept.")
    assert screen.end() == 130
    assert screen.is_as_it_was()
    assert "Traceback" not in screen.text
    assert "leaked" not in screen.text
    assert (course.folder / following).is_dir()
    progress = course.progress
    assert progress.exercises[FIRST].solved
    assert (progress.exercises[FIRST].hints, progress.exercises[FIRST].attempts) == (1, 3)


@pytest.mark.parametrize("command", ["check", "watch"])
def test_ctrl_c_leaves_at_once_while_everything_starts(terminal: Open, tmp_path: Path, command: str) -> None:
    course = started(tmp_path)
    before = files_of(course.folder)
    screen = terminal(command)
    screen.wait_for("starting Python")
    screen.interrupt()
    assert screen.end() == 130
    assert "Stopped. Your work is kept." in screen.text
    assert "Traceback" not in screen.text
    assert screen.is_as_it_was()
    assert files_of(course.folder) == before


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_run(terminal: Open, tmp_path: Path) -> None:
    course = started(tmp_path)
    mend(course.folder / FIRST)
    code = course.folder / FIRST / "model" / "modeling_broken.py"
    reached = tmp_path / "reached"
    stays = f"\n\nimport time\n\nopen({str(reached)!r}, 'w').close()\ntime.sleep(3_600)\n"
    code.write_text(code.read_text(encoding="utf-8") + stays, encoding="utf-8")
    screen = terminal("check")
    screen.wait_until(reached.exists, 120)
    screen.interrupt()
    assert screen.end() == 130
    assert screen.is_as_it_was()
    assert "Traceback" not in screen.text
    assert course.progress.exercises[FIRST].attempts == 0


def test_questions_are_asked_and_ctrl_c_keeps_what_was_answered(terminal: Open, tmp_path: Path) -> None:
    course = started(tmp_path, "asking", teachers(tmp_path / "teacher"))
    screen = terminal("check")
    screen.wait_for("what do you expect? (1 of 2)")
    screen.wait_for("Number: ")
    screen.type("7\r")
    screen.wait_for("Please type a number from 1 to 2.")
    screen.type("2\r")
    screen.wait_for("(2 of 2)")
    screen.wait_for("Answer: ")
    screen.type("\r")
    screen.wait_for("Please type an answer")
    screen.interrupt()
    screen.wait_for("Stopped. Your work is kept.")
    assert screen.end() == 130
    assert screen.is_as_it_was()
    assert course.progress.exercises["asking"].answers == {"class": "2"}


def test_a_teachers_code_is_shown_and_asked_for(terminal: Open, tmp_path: Path) -> None:
    folder = teachers(tmp_path / "teacher")
    (folder / "asking" / "judge").mkdir()
    (folder / "asking" / "judge" / "run.py").write_text("print(1)\n")
    refused = terminal("start", "asking", "--exercises", folder)
    refused.wait_for("judge/run.py")
    refused.wait_for("Do you trust it? [y/N]")
    refused.type("\r")
    assert refused.end() == 3
    assert not (tmp_path / DEFAULT_NAME).exists()
    agreed = terminal("start", "asking", "--exercises", folder, "--lang", "zh")
    agreed.wait_for("信任它吗？")
    agreed.type("y\r")
    assert agreed.end() == 0
    assert (tmp_path / DEFAULT_NAME / "asking" / "TASK.md").is_file()


def test_solution_and_reset_ask_and_a_no_changes_nothing(terminal: Open, tmp_path: Path) -> None:
    course = started(tmp_path)
    before = files_of(course.folder)
    for command, question in (("solution", "Look at it now? [y/N]"), ("reset", "Go on? [y/N]")):
        screen = terminal(command)
        screen.wait_for(question)
        screen.type("maybe\r")
        screen.wait_for(question)
        screen.type("n\r")
        assert screen.end() == 0
    assert files_of(course.folder) == before
