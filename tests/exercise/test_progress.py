"""What is remembered of a course folder, and what happens where that file is damaged, foreign or newer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.exercise.errors import ExerciseError
from tracer.exercise.progress import (
    FILE,
    MARK,
    CourseProgress,
    ExerciseProgress,
    is_ours,
    local_day,
    now,
    read_progress,
    write_progress,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / MARK
    folder.mkdir()
    return folder / FILE


def test_it_reads_back_as_written(path: Path) -> None:
    progress = CourseProgress(
        last="b", exercises={"b": ExerciseProgress(started=now(), answers={"q": "1 35"}, hints=2, solved=now())}
    )
    write_progress(path, progress)
    assert read_progress(path) == progress
    assert is_ours(path)
    assert [one.name for one in path.parent.iterdir()] == [FILE]


def test_nothing_yet(path: Path) -> None:
    assert read_progress(path) == CourseProgress()
    assert not is_ours(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"glm-trace-exercises": "x"}', b'{"glm-trace-exercises": 1, "exercises": 3}',
     b'{"glm-trace-exercises": 1, "exercises": {"a": {"hints": "many"}}}', b"[" * 100_000],
    ids=["empty", "cut", "list", "no-text", "no-version", "wrong", "wrong-entry", "deep"],
)  # fmt: skip
def test_a_damaged_one_is_a_sentence_in_both_languages(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ExerciseError, match=r"is damaged .* and was left as it is") as caught:
        read_progress(path)
    assert "已损坏" in caught.value.localized("zh")
    assert path.read_bytes() == data


@given(st.binary(max_size=200))
def test_whatever_it_holds_there_is_no_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / FILE
    path.write_bytes(data)
    with pytest.raises(ExerciseError):
        read_progress(path)


def test_another_programs_file_is_not_taken_for_ours(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text('{"percent": 50}')
    with pytest.raises(ExerciseError, match="was not made by glm-trace"):
        read_progress(path)


def test_a_newer_one_is_left_alone(path: Path) -> None:
    path.write_text(json.dumps({MARK: 2, "exercises": [], "moods": 1}))
    with pytest.raises(ExerciseError, match="newer glm-trace"):
        read_progress(path)


def test_it_is_written_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_progress(path, CourseProgress(last="before"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tracer.exercise.progress.os.fsync", full)
    with pytest.raises(ExerciseError, match="No space left on device"):
        write_progress(path, CourseProgress(last="after"))
    assert read_progress(path).last == "before"
    assert [one.name for one in path.parent.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("moment", "said"), [("", ""), ("yesterday\x1b[2J", "yesterday…"), ("2026-01-02T12:00:00+00:00", "2026-01-02")]
)
def test_a_day_is_shown_and_what_is_none_does_no_harm(moment: str, said: str) -> None:
    assert local_day(moment) == said
