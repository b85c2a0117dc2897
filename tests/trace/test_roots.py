"""Named roots: a folder is replaced at the beginning of a path, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracer.trace.roots import Roots, standard_roots

part = st.text(st.characters(categories=["Ll", "Lu", "Nd"], include_characters="-_. ~"), min_size=1, max_size=8).filter(
    lambda name: name.strip(". ") == name
)
path = st.lists(part, min_size=1, max_size=4).map(lambda parts: "/no-such/" + "/".join(parts))
INSIDE = st.sampled_from(
    [
        "",
        ".",
        ". Next",
        "，然后",
        "。",
        "/x.py",
        "/a/b.json",
        "'",
        '"',
        ":",
        ", ",
        " and",
        "\n",
        ")",
        "]",
        "}",
        ">",
        ";",
        "\\x",
    ]
)
BEFORE = st.sampled_from(["", "'", '"', " ", "(", "[", "{", "=", "\n", "file://", ":", ",", "<", "位于"])
# What continues the folder's name, or makes the path begin earlier: another folder.
LONGER = st.sampled_from(["x", "-old", "_", ".bak", "0", "é", "~"])
EARLIER = st.sampled_from(["a", "..", "~", ".", "-", "0", ">"])


@given(folder=path, before=BEFORE, after=INSIDE)
def test_a_folder_becomes_its_root(folder: str, before: str, after: str) -> None:
    assert Roots({"model": folder}).text(before + folder + after) == f"{before}<model>{after}"


@given(folder=path, longer=LONGER)
@example(folder="/no-such/model", longer="-old")
def test_a_folder_with_a_longer_name_is_another(folder: str, longer: str) -> None:
    text = f"{folder}{longer}/x.py"
    assert Roots({"model": folder}).text(text) == text


@given(folder=path, earlier=EARLIER)
def test_a_path_that_begins_earlier_is_another(folder: str, earlier: str) -> None:
    text = f"{earlier}{folder}/x.py"
    assert Roots({"model": folder}).text(text) == text


@given(outer=path, inner=part)
def test_the_most_specific_root_wins(outer: str, inner: str) -> None:
    roots = Roots({"home": outer, "model": f"{outer}/{inner}"})
    assert roots.text(f"{outer}/{inner}/x, {outer}/../x, {outer}") == "<model>/x, <home>/../x, <home>"
    assert list(roots.folders) == ["model", "home"]


@given(folder=path, text=st.text(max_size=40))
def test_cleaning_twice_changes_nothing_more(folder: str, text: str) -> None:
    roots = Roots({"model": folder})
    once = roots.text(f"{text} {folder}/{text}")
    assert roots.text(once) == once


@given(text=st.text())
def test_a_text_without_the_folder_stays(text: str) -> None:
    assert Roots({"model": "/no-such/folder"}).text(text) == text
    assert Roots({}).text(text) == text


@given(folders=st.dictionaries(part, path, max_size=5), text=st.text(max_size=20))
def test_no_folder_is_left_in_a_text(folders: dict[str, str], text: str) -> None:
    roots = Roots(folders)
    cleaned = roots.text(" ".join(f"'{folder}/x'" for folder in folders.values()))
    for folder in folders.values():
        assert f"'{folder}/x'" not in cleaned


def test_both_spellings_of_a_linked_folder(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    roots = Roots({"model": str(link)})
    assert roots.text(f"{link}/a {real}/b") == "<model>/a <model>/b"


def test_a_relative_folder_is_replaced_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Roots({"model": "here"}).text(f"{tmp_path}/here/x") == "<model>/x"


def test_the_root_folder_is_not_a_named_root() -> None:
    assert Roots({"cwd": "/"}).text("/usr/bin and /") == "/usr/bin and /"


def test_a_folder_with_two_names_keeps_the_first() -> None:
    assert Roots({"model": "/no-such/a", "cwd": "/no-such/a"}).text("/no-such/a/x") == "<model>/x"


def test_standard_roots_import_no_library(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import os, sys; from tracer.trace.roots import standard_roots; found = standard_roots(os.environ, model='/m');"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules; print(*found)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert {"model", "modules-cache", "hub-cache", "site-packages", "python", "home", "tmp", "cwd"} <= set(
        done.stdout.split()
    )


def test_caches_come_from_the_environment() -> None:
    roots = standard_roots({"HF_HOME": "/no-such/hf"})
    assert roots["modules-cache"] == "/no-such/hf/modules"
    assert roots["hub-cache"] == "/no-such/hf/hub"
    roots = standard_roots({"HF_HOME": "/no-such/hf", "HF_MODULES_CACHE": "/no-such/m", "HF_HUB_CACHE": "/no-such/h"})
    assert (roots["modules-cache"], roots["hub-cache"]) == ("/no-such/m", "/no-such/h")
    assert "model" not in roots
    assert standard_roots({"XDG_CACHE_HOME": "/no-such/x"})["hub-cache"] == "/no-such/x/huggingface/hub"


def test_a_root_of_several_folders_shows_the_last() -> None:
    roots = Roots({"hub-cache": "/no-such/usual"})
    assert roots.add("hub-cache", "/no-such/moved")
    assert not roots.add("hub-cache", "/no-such/moved")
    assert roots.text("/no-such/usual/x /no-such/moved/x") == "<hub-cache>/x <hub-cache>/x"
    assert roots.folders == {"hub-cache": "/no-such/moved"}


def test_a_working_directory_that_was_deleted(tmp_path: Path) -> None:
    import subprocess
    import sys

    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        f"import os; os.rmdir({str(gone)!r}); from tracer.trace.roots import standard_roots;"
        "found = standard_roots(os.environ); assert 'home' in found"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=gone, env=environment)
