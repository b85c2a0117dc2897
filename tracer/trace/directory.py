"""What lies in a model directory: names, sizes, and what each file is by its first bytes, whatever it is called."""

from __future__ import annotations

import codecs
import json
import os
import stat
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

MOST_ENTRIES: Final = 2_000
_MOST_NAMES: Final = 50_000  # among which they are chosen
_TELLING: Final = (".json", ".py", ".safetensors", ".bin", ".model", ".txt", ".jinja", ".gguf")
_DEPTH: Final = 3  # folders, the directory itself included
_HEAD: Final = 4_096  # bytes that tell what a file is
_LARGEST_JSON: Final = 256 * 1024
_ALL_JSON: Final = 2 * 1024 * 1024
_LARGEST_WORDS: Final = 64 * 1024  # of a tokenizer's words, which explain little
_WORDS: Final = ("tokenizer.json", "vocab", "merges", "added_tokens")
_LARGEST_HEADER: Final = 2 * 1024 * 1024
_NOTED: Final = 12  # duplicate keys named
_TENSORS_NOTED: Final = 200
_WHOLE_WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")
_LFS: Final = b"version https://git-lfs"
_CACHES: Final = ("__pycache__", "__MACOSX")


class DirectoryFile(msgspec.Struct, omit_defaults=True):
    """A file of a model directory.

    Attributes:
        name: its path in the directory, with ``/``.
        size: its size in bytes.
        kind: ``json``, ``text``, ``safetensors``, ``zip`` (what ``torch.save`` writes), ``pickle``, ``gguf``,
            ``lfs-pointer``, ``html``, ``empty`` or ``other``.
        notes: what is odd about it: ``bom``, ``not-utf-8``, ``duplicate-keys: a, b``, ``constants: NaN``,
            ``not-json: line 3, column 7``, ``truncated: 800`` (the size that its header tells), ``broken-link``,
            ``unreadable``; of pytorch_model.bin beside model.safetensors also ``differs: a, b`` (tensors that it lacks
            or has otherwise) and ``more: c`` (those that it alone has), 200 of either at most.
    """

    name: str
    size: int = 0
    kind: str = "other"
    notes: list[str] = []

    def note(self, name: str) -> str | None:
        """Return what a note says after its name, an empty text if it is the name alone; None if there is none."""
        for note in self.notes:
            head, _, rest = note.partition(":")
            if head == name:
                return rest.strip()
        return None


class ModelDirectory(msgspec.Struct):
    """The files of a model directory.

    Attributes:
        files: those in the directory itself first.
        whole: whether none was left out: of a very large directory only some are listed, those that tell something
            about the model first.
        texts: the small JSON files, by name.
    """

    files: list[DirectoryFile]
    whole: bool
    texts: dict[str, str]


def read_directory(folder: str | os.PathLike[str]) -> ModelDirectory:
    """Look at the files of a model directory; hidden folders are left out."""
    found = ModelDirectory([], True, {})
    left = _ALL_JSON
    paths = list(islice(_paths(Path(folder)), _MOST_NAMES))
    if len(paths) > MOST_ENTRIES:
        found.whole = False
        telling = sorted(range(len(paths)), key=lambda number: not paths[number][0].endswith(_TELLING))
        paths = [paths[number] for number in sorted(telling[:MOST_ENTRIES])]
    for name, path in paths:
        file, text = _look_at(name, path)
        found.files.append(file)
        if text is not None and file.size <= left and not (_holds_words(name) and file.size > _LARGEST_WORDS):
            found.texts[name] = text
            left -= file.size
    _compare_weights(found.files, Path(folder))
    return found


def _compare_weights(files: list[DirectoryFile], folder: Path) -> None:
    """Note how the two whole weights files of a directory differ, if it has both."""
    kinds = {file.name: file for file in files if file.name in _WHOLE_WEIGHTS}
    if [file.kind for file in map(kinds.get, _WHOLE_WEIGHTS) if file is not None] != ["safetensors", "zip"]:
        return
    from tracer.trace.weight_files import difference

    found = difference(*(folder / name for name in _WHOLE_WEIGHTS))
    for note, names in (("differs", found.differ), ("more", found.more)) if found is not None else ():
        if names:
            kinds[_WHOLE_WEIGHTS[1]].notes.append(f"{note}: {', '.join(names[:_TENSORS_NOTED])}")


def _holds_words(name: str) -> bool:
    return name.rpartition("/")[2].startswith(_WORDS)


def _paths(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of each file, folder by folder, the directory itself first."""
    folders = [("", folder)]
    for _ in range(_DEPTH):
        deeper: list[tuple[str, Path]] = []
        for prefix, current in folders:
            try:
                entries = sorted(os.scandir(current), key=lambda entry: entry.name)
            except OSError:  # the load will report what is wrong with it
                continue
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if not _is_folder(entry):
                    yield name, Path(entry.path)
                elif not (entry.name.startswith(".") or entry.name in _CACHES or entry.is_symlink()):
                    deeper.append((f"{name}/", Path(entry.path)))
        folders = deeper


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, say, of which the file's own notes will tell
        return False


def _look_at(name: str, path: Path) -> tuple[DirectoryFile, str | None]:
    """Return a file, and its text if it is a small JSON file."""
    file = DirectoryFile(name)
    try:
        facts = path.stat()
    except OSError:
        file.notes.append("broken-link" if path.is_symlink() else "unreadable")
        return file, None
    if not stat.S_ISREG(facts.st_mode):  # a pipe would block
        return file, None
    file.size = facts.st_size
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD)
            file.kind = _kind(name, head, file.size)
            if file.kind == "safetensors":
                file.notes += _safetensors_notes(opened, head, file.size)
            if file.kind == "text" and head.startswith(codecs.BOM_UTF8):
                file.notes.append("bom")
            if file.kind != "json" or file.size > _LARGEST_JSON:
                return file, None
            data = head + opened.read(_LARGEST_JSON)
    except OSError:
        file.notes.append("unreadable")
        return file, None
    file.notes += _json_notes(data)
    return file, data.decode("utf-8", "replace")


def stand_in(head: bytes) -> str | None:
    """Return what a file holds in place of its content: ``lfs-pointer`` or ``html``; None if it holds neither."""
    start = head[:_HEAD].removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(_LFS):
        return "lfs-pointer"
    return "html" if start[:15].lower().startswith((b"<!doctype html", b"<html")) else None


def _kind(name: str, head: bytes, size: int) -> str:
    if not size:
        return "empty"
    kind = stand_in(head)
    if kind is not None:
        return kind
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"GGUF"):
        return "gguf"
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if len(head) > 8 and head[8:9] == b"{" and (name.endswith(".safetensors") or _length_of_header(head) < size):
        return "safetensors"
    if name.endswith(".json") and (_is_text(head) or start[:1] in (b"{", b"[")):
        return "json"
    return "text" if _is_text(head) else "other"


def _length_of_header(head: bytes) -> int:
    (length,) = struct.unpack("<Q", head[:8])
    return int(length)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return True


def _safetensors_notes(opened: BinaryIO, head: bytes, size: int) -> list[str]:
    """Compare the size with what the header tells."""
    length = _length_of_header(head)
    if length > size - 8:
        return [f"truncated: {length + 8}"]
    if length > _LARGEST_HEADER:
        return []
    header = head[8:]
    header += opened.read(max(length - len(header), 0))
    try:
        tensors = json.loads(header[:length])
        ends = [int(tensor["data_offsets"][1]) for name, tensor in tensors.items() if name != "__metadata__"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return ["not-safetensors"]
    told = 8 + length + max(ends, default=0)
    return [f"truncated: {told}"] if told > size else []


def _json_notes(data: bytes) -> list[str]:
    notes: list[str] = []
    if data.startswith(codecs.BOM_UTF8):
        notes.append("bom")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [*notes, "not-utf-8"]
    repeated: dict[str, None] = {}
    constants: dict[str, None] = {}

    def pairs(items: list[tuple[str, Any]]) -> None:
        repeated.update({key: None for key, times in Counter(key for key, _ in items).items() if times > 1})

    try:
        json.loads(text, object_pairs_hook=pairs, parse_constant=lambda name: constants.setdefault(name))
    except RecursionError:
        return notes
    except ValueError as error:
        place = f": line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        return [*notes, f"not-json{place}"]
    for name, found in (("duplicate-keys", repeated), ("constants", constants)):
        if found:
            notes.append(f"{name}: {', '.join(list(found)[:_NOTED])}")
    return notes
