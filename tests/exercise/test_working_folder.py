"""Working folders: fixtures, the start's files, and what a solution or an attempt changes in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tracer.exercise.collection import ExerciseFiles
from tracer.exercise.working_folder import build_folder, lay_over
from tracer.trace.errors import TracerError


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_fixtures_then_the_start_then_a_layer(made: Callable[..., ExerciseFiles], tmp_path: Path) -> None:
    files = made(start={"fixtures": {"model": "bert-tiny"}, "without": ["model/vocab.txt", "model/tok*"]})
    put(files.folder / "start/notes.txt", "start")
    put(files.folder / "solution/notes.txt", "solved")
    put(files.folder / "solution/model/config.json.merge", '{"hidden_size": null, "own": {"a": 1}}')
    build_folder(files, tmp_path / "work", "solution")
    assert (tmp_path / "work/notes.txt").read_text() == "solved"
    config = json.loads((tmp_path / "work/model/config.json").read_text())
    assert "hidden_size" not in config
    assert config["own"] == {"a": 1}
    assert config["model_type"] == "bert"
    assert not list((tmp_path / "work/model").glob("tok*"))


def test_a_folder_with_files_is_left_alone(made: Callable[..., ExerciseFiles], tmp_path: Path) -> None:
    put(tmp_path / "work/mine.txt", "mine")
    with pytest.raises(TracerError, match="not an empty folder"):
        build_folder(made(), tmp_path / "work")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["mine.txt"]


def test_the_changes_of_a_layer(tmp_path: Path) -> None:
    layer, folder = tmp_path / "layer", tmp_path / "folder"
    put(folder / "gone.txt", "x")
    put(folder / "tree/deep.txt", "x")
    put(folder / "code.py", "a = 1\nb = 2\n")
    put(folder / "kept.txt", "x")
    put(layer / "gone.txt.removed", "")
    put(layer / "tree.removed", "")
    put(layer / "never-there.removed", "")
    put(
        layer / "code.py.edit",
        "replace:\n  - {old: a = 1, new: a = 3}\n  - old: |\n      b = 2\n    new: |\n      b = 4\n",
    )
    put(layer / "new/one.txt", "new")
    lay_over(layer, folder)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "code.py",
        "kept.txt",
        "new/one.txt",
    ]
    assert (folder / "code.py").read_text() == "a = 3\nb = 4\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("replace: [{old: nothing, new: x}]", "found 0 times"),
        ("replace: [{old: a, new: x}]", "found 2 times"),
        ("replace: {}", "expected a list, found keys with values"),
        ("other: 1", "no key `other`"),
        ("{", "not valid YAML"),
    ],
)
def test_an_edit_that_does_not_fit_is_told(tmp_path: Path, change: str, said: str) -> None:
    put(tmp_path / "folder/code.py", "a\na\n")
    put(tmp_path / "layer/code.py.edit", change)
    with pytest.raises(TracerError) as caught:
        lay_over(tmp_path / "layer", tmp_path / "folder")
    assert said in str(caught.value)


def test_a_merge_into_what_is_no_json_is_told(tmp_path: Path) -> None:
    put(tmp_path / "folder/config.json", "{")
    put(tmp_path / "layer/config.json.merge", "{}")
    with pytest.raises(TracerError, match="not a JSON file"):
        lay_over(tmp_path / "layer", tmp_path / "folder")
