"""The course folder: what is put there, and that nothing of a learner's is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.exercise.teacher import FIRST, files_of, teachers
from tracer.exercise import course_folder as workshop_module
from tracer.exercise.consent import digest, needs_consent
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
from tracer.exercise.library import ExerciseFiles, all_exercises
from tracer.exercise.progress import FILE, CourseProgress, ExerciseProgress
from tracer.views.exercise.task_sheet import task_sheet, task_sheets


@pytest.fixture
def kept() -> ExerciseFiles:
    return all_exercises()[FIRST]


@pytest.fixture
def workshop(tmp_path: Path) -> CourseFolder:
    return CourseFolder(tmp_path / DEFAULT_NAME)


def test_start_puts_the_files_and_the_task_in_both_languages(workshop: CourseFolder, kept: ExerciseFiles) -> None:
    assert workshop.start(kept, task_sheets(kept.exercise))
    folder = workshop.folder_of(kept)
    assert {"TASK.md", "TASK.zh.md", "model/config.json", "model/model.safetensors"} <= files_of(folder).keys()
    assert kept.exercise.text.en.strip() in (folder / "TASK.md").read_text(encoding="utf-8")
    assert kept.exercise.text.zh.strip() in (folder / "TASK.zh.md").read_text(encoding="utf-8")
    assert workshop.progress.last == FIRST
    assert workshop.progress.exercises[FIRST].started
    assert sorted(path.name for path in workshop.folder.iterdir()) == [FIRST, FILE]


def test_what_was_started_stays_as_it_is(workshop: CourseFolder, kept: ExerciseFiles) -> None:
    workshop.start(kept, task_sheets(kept.exercise))
    (workshop.folder_of(kept) / "model" / "config.json").write_text("mine")
    before = files_of(workshop.folder_of(kept))
    assert not workshop.start(kept, task_sheets(kept.exercise))
    assert files_of(workshop.folder_of(kept)) == before


def test_reset_moves_the_old_files_aside_each_time(workshop: CourseFolder, kept: ExerciseFiles) -> None:
    workshop.start(kept, task_sheets(kept.exercise))
    with workshop.updating_entry(kept) as entry:
        entry.hints, entry.answers, entry.solved = 2, {"q": "1"}, "then"
    for number in (1, 2):
        (workshop.folder_of(kept) / "mine.txt").write_text(str(number))
        assert workshop.reset(kept, task_sheets(kept.exercise)) == workshop.folder / f"{FIRST}.before-{number}"
        assert (workshop.folder / f"{FIRST}.before-{number}" / "mine.txt").read_text() == str(number)
        assert not (workshop.folder_of(kept) / "mine.txt").exists()
    entry = workshop.progress.exercises[FIRST]
    assert (entry.hints, entry.answers, entry.solved) == (2, {}, "then")


def test_a_reset_that_fails_leaves_the_old_files(
    workshop: CourseFolder, kept: ExerciseFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.start(kept, task_sheets(kept.exercise))
    before = files_of(workshop.folder_of(kept))
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(target) == workshop.folder_of(kept) and ".before-" not in str(source):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(workshop_module.os, "rename", rename)
    with pytest.raises(ExerciseError, match="No space left"):
        workshop.reset(kept, task_sheets(kept.exercise))
    assert files_of(workshop.folder_of(kept)) == before
    assert sorted(path.name for path in workshop.folder.iterdir()) == [FIRST, FILE]


def test_the_solution_stands_beside_and_is_written_once(workshop: CourseFolder, kept: ExerciseFiles) -> None:
    workshop.start(kept, task_sheets(kept.exercise))
    before = files_of(workshop.folder_of(kept))
    place, written = workshop.write_solution(kept)
    assert written
    assert place == workshop.folder / f"{FIRST}.solution"
    assert b"modelling" not in (place / "model" / "config.json").read_bytes()
    (place / "note").write_text("kept")
    assert workshop.write_solution(kept) == (place, False)
    assert (place / "note").read_text() == "kept"
    assert files_of(workshop.folder_of(kept)) == before
    assert workshop.progress.exercises[FIRST].solution_seen


def test_nothing_is_put_where_something_else_is(tmp_path: Path, kept: ExerciseFiles) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ExerciseError, match="is a file"):
        CourseFolder(file).start(kept, task_sheets(kept.exercise))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / FIRST).write_text("x")
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        CourseFolder(tmp_path / "own").start(kept, task_sheets(kept.exercise))
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / FIRST).symlink_to(tmp_path / "nowhere")
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        CourseFolder(tmp_path / "link").start(kept, task_sheets(kept.exercise))
    with pytest.raises(ExerciseError, match="can't be read or written"):
        CourseFolder(Path("/proc/nothing")).start(kept, task_sheets(kept.exercise))


def test_what_cannot_be_remembered_is_not_begun(tmp_path: Path, kept: ExerciseFiles) -> None:
    workshop = CourseFolder(tmp_path / DEFAULT_NAME)
    workshop.folder.mkdir()
    (workshop.folder / FILE).write_text("{")
    with pytest.raises(ExerciseError, match="damaged"):
        workshop.start(kept, task_sheets(kept.exercise))
    assert [path.name for path in workshop.folder.iterdir()] == [FILE]


def test_it_is_found_from_below_and_from_beside(tmp_path: Path, workshop: CourseFolder, kept: ExerciseFiles) -> None:
    assert find_course_folder(tmp_path) is None
    workshop.start(kept, task_sheets(kept.exercise))
    inside = workshop.folder_of(kept) / "model"
    for place in (tmp_path, workshop.folder, workshop.folder_of(kept), inside):
        found = find_course_folder(place)
        assert found is not None
        assert found.folder == workshop.folder
    assert exercise_containing(workshop, inside) == FIRST
    assert exercise_containing(workshop, workshop.folder / f"{FIRST}.solution") == FIRST
    assert exercise_containing(workshop, workshop.folder) == exercise_containing(workshop, tmp_path) == ""
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / FILE).write_text('{"percent": 50}')
    assert find_course_folder(tmp_path / "else") is None


def test_which_exercise_is_meant(workshop: CourseFolder, kept: ExerciseFiles, tmp_path: Path) -> None:
    known = all_exercises()
    other = next(one for one in known.values() if one is not kept and one.exercise.id != FIRST)
    with pytest.raises(ExerciseError, match="No exercise has been started"):
        current_exercise(None, workshop, known, tmp_path)
    workshop.start(kept, task_sheets(kept.exercise))
    workshop.start(other, task_sheets(other.exercise))
    assert current_exercise(None, workshop, known, tmp_path) is other
    assert current_exercise(None, workshop, known, workshop.folder_of(known[FIRST]) / "model").exercise.id == FIRST
    assert current_exercise("1", workshop, known, tmp_path).exercise.id == FIRST
    with pytest.raises(ExerciseError, match=f"Did you mean {FIRST}"):
        current_exercise("mispelt-auto-map", workshop, known, tmp_path)


def test_the_next_is_the_first_behind_that_is_not_solved() -> None:
    known = all_exercises()
    first, second, third = list(known)[:3]
    progress = CourseProgress(exercises={second: ExerciseProgress(started="t", solved="t")})
    assert next_unsolved({name: known[name] for name in (first, second, third)}, progress, first) is known[third]
    assert next_unsolved({name: known[name] for name in (first, second)}, progress, second) is known[first]
    assert next_unsolved({name: known[name] for name in (first, second)}, progress, first) is None
    assert next_unsolved(known, progress) is known[first]


def test_a_teachers_exercise_is_found_again_where_it_was_started_from(tmp_path: Path, workshop: CourseFolder) -> None:
    folder = teachers(tmp_path / "teacher")
    kept = all_exercises([folder])["asking"]
    workshop.record_consent(kept, digest(kept.folder))
    workshop.start(kept, task_sheets(kept.exercise))
    assert known_exercises((), workshop.progress)["asking"].folder == kept.folder
    folder.rename(tmp_path / "moved")
    with pytest.raises(ExerciseError, match="is not there any more"):
        current_exercise(None, workshop, known_exercises((), workshop.progress), tmp_path)


def test_consent_is_to_this_code_in_this_place(tmp_path: Path, workshop: CourseFolder, kept: ExerciseFiles) -> None:
    theirs = all_exercises([teachers(tmp_path / "teacher")])["asking"]
    assert not needs_consent(kept, None)
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
