"""The course folder: what is put there, and that nothing of a learner's is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.exercise.teacher import FIRST, files_of, teachers
from tracer.exercise import course_folder as workshop_module
from tracer.exercise.collection import ExerciseFiles, all_exercises
from tracer.exercise.course_folder import (
    DEFAULT_NAME,
    CourseFolder,
    current_exercise,
    exercise_containing,
    find_course_folder,
    known_exercises,
    next_unsolved,
)
from tracer.exercise.errors import ExerciseError
from tracer.exercise.progress import FILE, CourseProgress, ExerciseProgress
from tracer.exercise.trust import digest, needs_consent
from tracer.views.exercise.task_sheet import task_sheet, task_sheets


@pytest.fixture
def files() -> ExerciseFiles:
    return all_exercises()[FIRST]


@pytest.fixture
def course(tmp_path: Path) -> CourseFolder:
    return CourseFolder(tmp_path / DEFAULT_NAME)


def test_start_puts_the_files_and_the_task_in_both_languages(course: CourseFolder, files: ExerciseFiles) -> None:
    assert course.start(files, task_sheets(files.exercise))
    folder = course.folder_of(files)
    assert {"TASK.md", "TASK.zh.md", "model/config.json", "model/model.safetensors"} <= files_of(folder).keys()
    assert files.exercise.text.en.strip() in (folder / "TASK.md").read_text(encoding="utf-8")
    assert files.exercise.text.zh.strip() in (folder / "TASK.zh.md").read_text(encoding="utf-8")
    assert course.progress.last == FIRST
    assert course.progress.exercises[FIRST].started
    assert sorted(path.name for path in course.folder.iterdir()) == [FIRST, FILE]


def test_what_was_started_stays_as_it_is(course: CourseFolder, files: ExerciseFiles) -> None:
    course.start(files, task_sheets(files.exercise))
    (course.folder_of(files) / "model" / "config.json").write_text("mine")
    before = files_of(course.folder_of(files))
    assert not course.start(files, task_sheets(files.exercise))
    assert files_of(course.folder_of(files)) == before


def test_reset_moves_the_old_files_aside_each_time(course: CourseFolder, files: ExerciseFiles) -> None:
    course.start(files, task_sheets(files.exercise))
    with course.updating_entry(files) as entry:
        entry.hints, entry.answers, entry.solved = 2, {"q": "1"}, "then"
    for number in (1, 2):
        (course.folder_of(files) / "mine.txt").write_text(str(number))
        assert course.reset(files, task_sheets(files.exercise)) == course.folder / f"{FIRST}.before-{number}"
        assert (course.folder / f"{FIRST}.before-{number}" / "mine.txt").read_text() == str(number)
        assert not (course.folder_of(files) / "mine.txt").exists()
    entry = course.progress.exercises[FIRST]
    assert (entry.hints, entry.answers, entry.solved) == (2, {}, "then")


def test_a_reset_that_fails_leaves_the_old_files(
    course: CourseFolder, files: ExerciseFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.start(files, task_sheets(files.exercise))
    before = files_of(course.folder_of(files))
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(target) == course.folder_of(files) and ".before-" not in str(source):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(workshop_module.os, "rename", rename)
    with pytest.raises(ExerciseError, match="No space left"):
        course.reset(files, task_sheets(files.exercise))
    assert files_of(course.folder_of(files)) == before
    assert sorted(path.name for path in course.folder.iterdir()) == [FIRST, FILE]


def test_the_solution_stands_beside_and_is_written_once(course: CourseFolder, files: ExerciseFiles) -> None:
    course.start(files, task_sheets(files.exercise))
    before = files_of(course.folder_of(files))
    place, written = course.write_solution(files)
    assert written
    assert place == course.folder / f"{FIRST}.solution"
    assert b"modelling" not in (place / "model" / "config.json").read_bytes()
    (place / "note").write_text("kept")
    assert course.write_solution(files) == (place, False)
    assert (place / "note").read_text() == "kept"
    assert files_of(course.folder_of(files)) == before
    assert course.progress.exercises[FIRST].solution_seen


def test_nothing_is_put_where_something_else_is(tmp_path: Path, files: ExerciseFiles) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ExerciseError, match="is a file"):
        CourseFolder(file).start(files, task_sheets(files.exercise))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / FIRST).write_text("x")
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        CourseFolder(tmp_path / "own").start(files, task_sheets(files.exercise))
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / FIRST).symlink_to(tmp_path / "nowhere")
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        CourseFolder(tmp_path / "link").start(files, task_sheets(files.exercise))
    with pytest.raises(ExerciseError, match="can't be read or written"):
        CourseFolder(Path("/proc/nothing")).start(files, task_sheets(files.exercise))


def test_what_cannot_be_remembered_is_not_begun(tmp_path: Path, files: ExerciseFiles) -> None:
    course = CourseFolder(tmp_path / DEFAULT_NAME)
    course.folder.mkdir()
    (course.folder / FILE).write_text("{")
    with pytest.raises(ExerciseError, match="damaged"):
        course.start(files, task_sheets(files.exercise))
    assert [path.name for path in course.folder.iterdir()] == [FILE]


def test_it_is_found_from_below_and_from_beside(tmp_path: Path, course: CourseFolder, files: ExerciseFiles) -> None:
    assert find_course_folder(tmp_path) is None
    course.start(files, task_sheets(files.exercise))
    inside = course.folder_of(files) / "model"
    for place in (tmp_path, course.folder, course.folder_of(files), inside):
        found = find_course_folder(place)
        assert found is not None
        assert found.folder == course.folder
    assert exercise_containing(course, inside) == FIRST
    assert exercise_containing(course, course.folder / f"{FIRST}.solution") == FIRST
    assert exercise_containing(course, course.folder) == exercise_containing(course, tmp_path) == ""
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / FILE).write_text('{"percent": 50}')
    assert find_course_folder(tmp_path / "else") is None


def test_which_exercise_is_meant(course: CourseFolder, files: ExerciseFiles, tmp_path: Path) -> None:
    known = all_exercises()
    other = next(one for one in known.values() if one is not files and one.exercise.id != FIRST)
    with pytest.raises(ExerciseError, match="No exercise has been started"):
        current_exercise(None, course, known, tmp_path)
    course.start(files, task_sheets(files.exercise))
    course.start(other, task_sheets(other.exercise))
    assert current_exercise(None, course, known, tmp_path) is other
    assert current_exercise(None, course, known, course.folder_of(known[FIRST]) / "model").exercise.id == FIRST
    assert current_exercise("1", course, known, tmp_path).exercise.id == FIRST
    with pytest.raises(ExerciseError, match=f"Did you mean {FIRST}"):
        current_exercise("mispelt-auto-map", course, known, tmp_path)


def test_the_next_is_the_first_behind_that_is_not_solved() -> None:
    known = all_exercises()
    first, second, third = list(known)[:3]
    progress = CourseProgress(exercises={second: ExerciseProgress(started="t", solved="t")})
    assert next_unsolved({name: known[name] for name in (first, second, third)}, progress, first) is known[third]
    assert next_unsolved({name: known[name] for name in (first, second)}, progress, second) is known[first]
    assert next_unsolved({name: known[name] for name in (first, second)}, progress, first) is None
    assert next_unsolved(known, progress) is known[first]


def test_a_teachers_exercise_is_found_again_where_it_was_started_from(tmp_path: Path, course: CourseFolder) -> None:
    folder = teachers(tmp_path / "teacher")
    files = all_exercises([folder])["asking"]
    course.record_consent(files, digest(files.folder))
    course.start(files, task_sheets(files.exercise))
    assert known_exercises((), course.progress)["asking"].folder == files.folder
    folder.rename(tmp_path / "moved")
    with pytest.raises(ExerciseError, match="is not there any more"):
        current_exercise(None, course, known_exercises((), course.progress), tmp_path)


def test_consent_is_to_this_code_in_this_place(tmp_path: Path, course: CourseFolder, files: ExerciseFiles) -> None:
    theirs = all_exercises([teachers(tmp_path / "teacher")])["asking"]
    assert not needs_consent(files, None)
    assert needs_consent(theirs, None)
    entry = ExerciseProgress(consent=digest(theirs.folder))
    assert not needs_consent(theirs, entry)
    copy = all_exercises([teachers(tmp_path / "other")])["asking"]
    assert files_of(copy.folder) == files_of(theirs.folder)
    assert needs_consent(copy, entry)
    (theirs.folder / "judge").mkdir()
    (theirs.folder / "judge" / "new.py").write_text("")
    assert needs_consent(theirs, entry)


def test_the_sheet_asks_the_questions(tmp_path: Path) -> None:
    exercise = all_exercises([teachers(tmp_path)])["asking"].exercise
    english, chinese = task_sheet(exercise, "en"), task_sheet(exercise, "zh")
    assert "1. Which class will it be?\n\n   1. `BertModel`\n   2. `BrokenModel`" in english
    assert "2. How does the load end?" in english
    assert "## 先预测" in chinese
    assert "2. 加载的结果是什么？" in chinese
