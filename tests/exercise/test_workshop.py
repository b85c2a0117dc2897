"""The course folder: what is put there, and that nothing of a learner's is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.exercise.teacher import FIRST, files_of, teachers
from tracer.exercise import workshop as workshop_module
from tracer.exercise.choosing import current, known_here, next_open
from tracer.exercise.consent import digest, needs_consent
from tracer.exercise.errors import ExerciseError
from tracer.exercise.library import Kept, exercises
from tracer.exercise.progress import FILE, Entry, Progress
from tracer.exercise.workshop import USUAL, Workshop, find_workshop, standing_in
from tracer.views.exercise.task_sheet import sheet


@pytest.fixture
def kept() -> Kept:
    return exercises()[FIRST]


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / USUAL)


def test_start_puts_the_files_and_the_task_in_both_languages(workshop: Workshop, kept: Kept) -> None:
    assert workshop.start(kept)
    folder = workshop.of(kept)
    assert {"TASK.md", "TASK.zh.md", "model/config.json", "model/model.safetensors"} <= files_of(folder).keys()
    assert kept.exercise.text.en.strip() in (folder / "TASK.md").read_text(encoding="utf-8")
    assert kept.exercise.text.zh.strip() in (folder / "TASK.zh.md").read_text(encoding="utf-8")
    assert workshop.progress.last == FIRST
    assert workshop.progress.exercises[FIRST].started
    assert sorted(path.name for path in workshop.folder.iterdir()) == [FIRST, FILE]


def test_what_was_started_stays_as_it_is(workshop: Workshop, kept: Kept) -> None:
    workshop.start(kept)
    (workshop.of(kept) / "model" / "config.json").write_text("mine")
    before = files_of(workshop.of(kept))
    assert not workshop.start(kept)
    assert files_of(workshop.of(kept)) == before


def test_reset_moves_the_old_files_aside_each_time(workshop: Workshop, kept: Kept) -> None:
    workshop.start(kept)
    with workshop.entry(kept) as entry:
        entry.hints, entry.answers, entry.solved = 2, {"q": "1"}, "then"
    for number in (1, 2):
        (workshop.of(kept) / "mine.txt").write_text(str(number))
        assert workshop.reset(kept) == workshop.folder / f"{FIRST}.before-{number}"
        assert (workshop.folder / f"{FIRST}.before-{number}" / "mine.txt").read_text() == str(number)
        assert not (workshop.of(kept) / "mine.txt").exists()
    entry = workshop.progress.exercises[FIRST]
    assert (entry.hints, entry.answers, entry.solved) == (2, {}, "then")


def test_a_reset_that_fails_leaves_the_old_files(
    workshop: Workshop, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.start(kept)
    before = files_of(workshop.of(kept))
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(target) == workshop.of(kept) and ".before-" not in str(source):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(workshop_module.os, "rename", rename)
    with pytest.raises(ExerciseError, match="No space left"):
        workshop.reset(kept)
    assert files_of(workshop.of(kept)) == before
    assert sorted(path.name for path in workshop.folder.iterdir()) == [FIRST, FILE]


def test_the_solution_stands_beside_and_is_written_once(workshop: Workshop, kept: Kept) -> None:
    workshop.start(kept)
    before = files_of(workshop.of(kept))
    place, written = workshop.solution(kept)
    assert written
    assert place == workshop.folder / f"{FIRST}.solution"
    assert b"modelling" not in (place / "model" / "config.json").read_bytes()
    (place / "note").write_text("kept")
    assert workshop.solution(kept) == (place, False)
    assert (place / "note").read_text() == "kept"
    assert files_of(workshop.of(kept)) == before
    assert workshop.progress.exercises[FIRST].solution_seen


def test_nothing_is_put_where_something_else_is(tmp_path: Path, kept: Kept) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ExerciseError, match="is a file"):
        Workshop(file).start(kept)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / FIRST).write_text("x")
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        Workshop(tmp_path / "own").start(kept)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / FIRST).symlink_to(tmp_path / "nowhere")
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        Workshop(tmp_path / "link").start(kept)
    with pytest.raises(ExerciseError, match="can't be read or written"):
        Workshop(Path("/proc/nothing")).start(kept)


def test_what_cannot_be_remembered_is_not_begun(tmp_path: Path, kept: Kept) -> None:
    workshop = Workshop(tmp_path / USUAL)
    workshop.folder.mkdir()
    (workshop.folder / FILE).write_text("{")
    with pytest.raises(ExerciseError, match="damaged"):
        workshop.start(kept)
    assert [path.name for path in workshop.folder.iterdir()] == [FILE]


def test_it_is_found_from_below_and_from_beside(tmp_path: Path, workshop: Workshop, kept: Kept) -> None:
    assert find_workshop(tmp_path) is None
    workshop.start(kept)
    inside = workshop.of(kept) / "model"
    for place in (tmp_path, workshop.folder, workshop.of(kept), inside):
        found = find_workshop(place)
        assert found is not None
        assert found.folder == workshop.folder
    assert standing_in(workshop, inside) == FIRST
    assert standing_in(workshop, workshop.folder / f"{FIRST}.solution") == FIRST
    assert standing_in(workshop, workshop.folder) == standing_in(workshop, tmp_path) == ""
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / FILE).write_text('{"percent": 50}')
    assert find_workshop(tmp_path / "else") is None


def test_which_exercise_is_meant(workshop: Workshop, kept: Kept, tmp_path: Path) -> None:
    known = exercises()
    other = next(one for one in known.values() if one is not kept and one.exercise.id != FIRST)
    with pytest.raises(ExerciseError, match="No exercise has been started"):
        current(None, workshop, known, tmp_path)
    workshop.start(kept)
    workshop.start(other)
    assert current(None, workshop, known, tmp_path) is other
    assert current(None, workshop, known, workshop.of(known[FIRST]) / "model").exercise.id == FIRST
    assert current("1", workshop, known, tmp_path).exercise.id == FIRST
    with pytest.raises(ExerciseError, match=f"Did you mean {FIRST}"):
        current("mispelt-auto-map", workshop, known, tmp_path)


def test_the_next_is_the_first_behind_that_is_not_solved() -> None:
    known = exercises()
    first, second, third = list(known)[:3]
    progress = Progress(exercises={second: Entry(started="t", solved="t")})
    assert next_open({name: known[name] for name in (first, second, third)}, progress, first) is known[third]
    assert next_open({name: known[name] for name in (first, second)}, progress, second) is known[first]
    assert next_open({name: known[name] for name in (first, second)}, progress, first) is None
    assert next_open(known, progress) is known[first]


def test_a_teachers_exercise_is_found_again_where_it_was_started_from(tmp_path: Path, workshop: Workshop) -> None:
    folder = teachers(tmp_path / "teacher")
    kept = exercises([folder])["asking"]
    workshop.agree(kept, digest(kept.folder))
    workshop.start(kept)
    assert known_here((), workshop.progress)["asking"].folder == kept.folder
    folder.rename(tmp_path / "moved")
    with pytest.raises(ExerciseError, match="is not there any more"):
        current(None, workshop, known_here((), workshop.progress), tmp_path)


def test_consent_is_to_this_code_in_this_place(tmp_path: Path, workshop: Workshop, kept: Kept) -> None:
    theirs = exercises([teachers(tmp_path / "teacher")])["asking"]
    assert not needs_consent(kept, None)
    assert needs_consent(theirs, None)
    entry = Entry(consent=digest(theirs.folder))
    assert not needs_consent(theirs, entry)
    copy = exercises([teachers(tmp_path / "other")])["asking"]
    assert files_of(copy.folder) == files_of(theirs.folder)
    assert needs_consent(copy, entry)
    (theirs.folder / "judge").mkdir()
    (theirs.folder / "judge" / "new.py").write_text("")
    assert needs_consent(theirs, entry)


def test_the_sheet_asks_the_questions(tmp_path: Path) -> None:
    exercise = exercises([teachers(tmp_path)])["asking"].exercise
    english, chinese = sheet(exercise, "en"), sheet(exercise, "zh")
    assert "1. Which class will it be?\n\n   1. `BertModel`\n   2. `BrokenModel`" in english
    assert "2. How does the load end?" in english
    assert "## 先预测" in chinese
    assert "2. 加载的结果是什么？" in chinese
