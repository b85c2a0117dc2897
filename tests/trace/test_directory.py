"""Each file of a model directory is told by its first bytes, and what is odd about it is noted."""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from tracer.recorder.source_text import python_names
from tracer.trace.directory import MOST_ENTRIES, DirectoryFile, read_directory
from tracer.trace.metadata import Metadata

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n"

# Python 3.13 says where the comma is, earlier ones what they expected after it.
TRAILING_COMMA = "line 1, column 8" if sys.version_info >= (3, 13) else "line 2, column 1"


def safetensors(size: int, shape: int = 4) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [shape], "data_offsets": [0, 4 * shape]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * size


def told(folder: Path, name: str, content: bytes) -> DirectoryFile:
    (folder / name).write_bytes(content)
    (file,) = read_directory(folder).files
    assert (file.name, file.size) == (name, len(content))
    return file


@pytest.mark.parametrize(
    ("name", "content", "kind", "notes"),
    [
        ("config.json", b'{"a": 1}', "json", []),
        ("config.json", b'\n [1, "\xc3\xa9"]', "json", []),
        ("config.json", b'\xef\xbb\xbf{"a": 1}', "json", ["bom"]),
        ("config.json", b'{"a": {"x": 1, "x": 2}, "b": 1, "b": 2}', "json", ["duplicate-keys: x, b"]),
        ("config.json", b'{"a": [{"x": 1}, {"x": 2}]}', "json", []),
        ("config.json", b'{"a": NaN, "b": -Infinity}', "json", ["constants: NaN, -Infinity"]),
        ("config.json", b'{"a": 1,\n}', "json", [f"not-json: {TRAILING_COMMA}"]),
        ("config.json", b'{"a": "\xff"}', "json", ["not-utf-8"]),
        ("config.json", b"[" * 100_000, "json", []),  # too deep to be parsed
        ("config.json", b"", "empty", []),
        ("config.json", POINTER, "lfs-pointer", []),
        ("config.json", b"<!DOCTYPE html>\n<html>", "html", []),
        ("model.safetensors", safetensors(16), "safetensors", []),
        ("model.safetensors", safetensors(10), "safetensors", [f"truncated: {len(safetensors(16))}"]),
        ("model.safetensors", safetensors(16)[:40], "safetensors", [f"truncated: {len(safetensors(0))}"]),
        ("model.safetensors", struct.pack("<Q", 9) + b"{not json", "safetensors", ["not-safetensors"]),
        ("model.safetensors", b"  <HTML><body>404", "html", []),
        ("model.safetensors", POINTER, "lfs-pointer", []),
        ("model", safetensors(16), "safetensors", []),
        ("pytorch_model.bin", pickle.dumps({"w": 1}, protocol=2), "pickle", []),
        ("pytorch_model.bin", safetensors(16), "safetensors", []),
        ("model.gguf", b"GGUF\3\0\0\0", "gguf", []),
        ("README.md", b"# A model, {x}", "text", []),
        ("modeling_x.py", b"\xef\xbb\xbfx = 1", "text", ["bom"]),
        ("notes.txt", b"x" * 4_095 + "é".encode(), "text", []),  # the character is cut
        ("data.bin", b"\xff\xfe\x00\x01", "other", []),
    ],
)  # fmt: skip
def test_a_file(tmp_path: Path, name: str, content: bytes, kind: str, notes: list[str]) -> None:
    file = told(tmp_path, name, content)
    assert (file.kind, file.notes) == (kind, notes)


def test_what_torch_saves(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pytorch_model.bin", "w") as archive:
        archive.writestr("data.pkl", b"")
    assert [file.kind for file in read_directory(tmp_path).files] == ["zip"]


def test_a_note_by_its_name() -> None:
    file = DirectoryFile("x.json", notes=["bom", "duplicate-keys: a, b"])
    assert [file.note(name) for name in ("bom", "duplicate-keys", "constants")] == ["", "a, b", None]


def test_the_directory_itself_comes_first_and_hidden_folders_not_at_all(tmp_path: Path) -> None:
    for name in ("z.json", "a/b.json", "a/b/c.json", "a/b/c/d.json", ".git/config", "__pycache__/x.pyc", ".env"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("{}") if name != "a/b.json" else None
    found = read_directory(tmp_path)
    assert [file.name for file in found.files] == [".env", "z.json", "a/b/c.json"]
    assert found.whole
    assert list(found.texts) == ["z.json", "a/b/c.json"]


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "around").symlink_to(tmp_path)
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("real.json")
    found = {file.name: (file.kind, file.notes) for file in read_directory(tmp_path).files}
    assert found == {
        "config.json": ("other", []),
        "gone.json": ("other", ["broken-link"]),
        "link.json": ("json", []),
        "real.json": ("json", []),
    }


def test_a_directory_that_is_not_there() -> None:
    found = read_directory("/nowhere/at/all")
    assert (found.files, found.texts) == ([], {})


def test_texts_are_kept_within_limits(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_text(json.dumps("x" * 300_000))
    (tmp_path / "tokenizer.json").write_text(json.dumps("x" * 100_000))
    (tmp_path / "vocab.json").write_text(json.dumps("x" * 100))
    for number in range(12):
        (tmp_path / f"part{number:02}.json").write_text(json.dumps("x" * 250_000))
    found = read_directory(tmp_path)
    assert list(found.texts) == [*(f"part{number:02}.json" for number in range(8)), "vocab.json"]
    assert len(found.files) == 15


def test_a_very_large_directory_is_listed_in_part(tmp_path: Path) -> None:
    for number in range(MOST_ENTRIES + 1):
        (tmp_path / f"{number}.txt").touch()
    found = read_directory(tmp_path)
    assert len(found.files) == MOST_ENTRIES
    assert not found.whole


def test_of_a_very_large_directory_what_tells_something_is_listed(tmp_path: Path) -> None:
    for number in range(MOST_ENTRIES + 1):
        (tmp_path / f"{number}.png").touch()
    telling = ["config.json", "modeling_x.py", "pytorch_model.bin", "sub/tokenizer.model"]
    (tmp_path / "sub").mkdir()
    for name in telling:
        (tmp_path / name).touch()
    found = read_directory(tmp_path)
    assert {*telling} < {file.name for file in found.files}
    assert (len(found.files), found.whole) == (MOST_ENTRIES, False)


def test_a_link_in_a_circle_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "config.json").write_text("{}")
    found = {file.name: file.notes for file in read_directory(tmp_path).files}
    assert found == {"circle": ["broken-link"], "config.json": []}
    (tmp_path / "modeling_x.py").touch()
    assert python_names(str(tmp_path)) == ["modeling_x"]


def test_metadata_finds_a_file_and_reads_its_json() -> None:
    meta = Metadata(directory=[DirectoryFile("config.json", 3)], json_files={"config.json": '\ufeff{"a": 1}', "x": "{"})
    assert meta.file("config.json") is not None
    assert meta.file("other.json") is None
    assert meta.json_file("config.json") == {"a": 1}
    assert meta.json_file("x") is None
    assert meta.json_file("y") is None


def test_two_weights_files_that_can_not_be_compared_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(safetensors(16))
    path = tmp_path / "pytorch_model.bin"
    for content in (b"no pickle", b"\x80\x02}q\x00(X\xff\xff\xff\x7f", pickle.dumps({"w": 1}, protocol=2), b""):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
        assert [file.notes for file in read_directory(tmp_path).files] == [[], []]
    path.write_bytes(path.read_bytes()[:40])
    assert [file.notes for file in read_directory(tmp_path).files] == [[], []]


def test_what_a_pickle_would_run_is_not_run_where_two_weights_files_are_compared(tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "made"),)

    (tmp_path / "model.safetensors").write_bytes(safetensors(16))
    with zipfile.ZipFile(tmp_path / "pytorch_model.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": Runs()}, protocol=2))
    read_directory(tmp_path)
    assert not (tmp_path / "made").exists()
