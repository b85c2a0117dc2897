"""Find and read the files of a model: a local directory, or a snapshot in the hub cache. The network is never used.

The files are untrusted: only regular files are read, up to a limit, and a file that can't be read is reported with a
reason.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import tokenize
from pathlib import Path
from typing import Any, Final, NamedTuple

from tracer.remote_code.result import NoteKind
from tracer.trace.hub_folders import hub_folders

_HUB_ID: Final = re.compile(r"(\b[\w\-.]{1,96}\b/)?\b[\w\-.]{1,96}\b", re.ASCII)  # as in huggingface_hub


class ModelPlace(NamedTuple):
    """A directory to search.

    Attributes:
        name: the name as given.
        root: the directory.
        fence: the folder that symbolic links must not leave; a hub snapshot consists of links to its blobs.
        commit: commit of the snapshot; empty for a directory of the user's own.
        on_hub: whether it is a snapshot of a hub id.
        whole: whether it has all code of that commit, so that a missing file is missing on the hub too.
    """

    name: str
    root: Path
    fence: Path
    commit: str
    on_hub: bool
    whole: bool = False


def local_place(name: str, folder: str = "") -> ModelPlace | None:
    """Return a local directory, relative to the working directory of the load; transformers tries it first."""
    path = os.path.join(folder, name)
    try:
        if not name or not os.path.isdir(path):
            return None
    except ValueError:
        return None
    root = Path(os.path.abspath(path))
    real = Path(os.path.realpath(path))
    in_cache = real.parent.name == "snapshots" and real.parent.parent.name.startswith("models--")
    return ModelPlace(name, root, real.parent.parent if in_cache else real, "", on_hub=False)


def cached_places(name: str, revision: str | None, caches: list[Path]) -> list[ModelPlace]:
    """Return the snapshots of a hub id that a load could read from, one for each cache that has it."""
    found: list[ModelPlace] = []
    for cache in caches:
        repository = cache / "--".join(["models", *name.split("/")])
        try:
            commit = _commit(repository, revision or "main")
            root = repository / "snapshots" / commit
            if commit and root.is_dir():
                found.append(ModelPlace(name, root, Path(os.path.realpath(repository)), commit, on_hub=True))
        except (OSError, ValueError):
            continue
    return found


def is_hub_id(name: str) -> bool:
    """Return whether the hub accepts a name. A name that is neither this nor a directory can't be loaded at all."""
    return _HUB_ID.fullmatch(name) is not None and "--" not in name and ".." not in name


def hub_caches(given: Path | None = None) -> list[Path]:
    """Return the caches that a release of transformers may read, that of transformers 5 first."""
    if given is not None:
        return [given]
    folders = hub_folders(os.environ)
    return list(dict.fromkeys((Path(folders.hub_cache), Path(folders.older_hub_cache))))


def _commit(repository: Path, revision: str) -> str:
    reference = repository / "refs" / revision
    if reference.is_file():
        return reference.read_text("utf-8")[:100].strip()
    return revision if (repository / "snapshots" / revision).is_dir() else ""


SOURCE_LIMIT: Final = 2 * 1024 * 1024
"""Number of bytes of a Python file that are searched and shown."""

HASH_LIMIT: Final = 256 * 1024 * 1024
"""Size in bytes above which not even the checksum is computed."""

JSON_LIMIT: Final = 32 * 1024 * 1024


class UnreadableError(Exception):
    """A file could not be read. It is reported, and the search continues."""

    def __init__(self, kind: NoteKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class SourceText(NamedTuple):
    """A Python file as bytes, and as text as the interpreter would read it.

    Attributes:
        size: size of the whole file in bytes.
        sha256: checksum of the whole file; empty if it is larger than the limit.
        data: its beginning, up to the limit.
        text: ``data`` decoded like the interpreter does, or as far as possible.
        encoding: the encoding that the file declares.
        trouble: the decoding error, or empty.
    """

    size: int
    sha256: str
    data: bytes
    text: str
    encoding: str
    trouble: str

    @property
    def complete(self) -> bool:
        return len(self.data) == self.size


def is_file(path: Path) -> bool:
    """Return whether the path exists and is not a directory. A name that the system refuses does not exist."""
    try:
        return os.path.lexists(path) and not os.path.isdir(path)
    except ValueError:
        return False


def read_source(path: Path) -> SourceText:
    """Read a Python file.

    Raises:
        UnreadableError: it can't be read.
    """
    data, size, sha256 = _read_bytes(path, SOURCE_LIMIT)
    text, encoding, trouble = decode(data, complete=len(data) == size)
    return SourceText(size, sha256, data, text, encoding, trouble)


def read_json(path: Path) -> Any:
    """Read JSON exactly like transformers (same parser, UTF-8).

    Raises:
        UnreadableError: it can't be read.
    """
    data, size, _ = _read_bytes(path, JSON_LIMIT)
    if len(data) < size:
        raise UnreadableError("too-large", f"{size}")
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableError("bad-json", f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnreadableError("bad-json", f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError("bad-json", str(error).partition(";")[0]) from None


def decode(data: bytes, *, complete: bool = True) -> tuple[str, str, str]:
    """Decode like the interpreter, which obeys a declared encoding. Return text, encoding and decoding error."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding, "strict" if complete else "ignore"), encoding, ""
    except (SyntaxError, UnicodeError, LookupError, ValueError) as error:
        return data.decode("utf-8", "backslashreplace"), "utf-8", str(error)


def _read_bytes(path: Path, limit: int) -> tuple[bytes, int, str]:
    """Return the beginning of a regular file, its size and its checksum."""
    try:
        info = os.stat(path)
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableError("unreadable", "not a regular file")
        with path.open("rb") as file:
            data = file.read(limit)
            size = len(data)
            digest = hashlib.sha256(data)
            while chunk := file.read(min(1024 * 1024, max(0, HASH_LIMIT - size))):
                digest.update(chunk)
                size += len(chunk)
            beyond = size >= HASH_LIMIT and bool(file.read(1))
    except OSError as error:
        raise UnreadableError("unreadable", error.strerror or type(error).__name__) from None
    except ValueError as error:  # the system refuses the name
        raise UnreadableError("unreadable", str(error)) from None
    return (data, info.st_size, "") if beyond else (data, size, digest.hexdigest())


_HIDDEN: Final = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0e"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]"
)


def hidden_lines(text: str) -> list[int]:
    """Return the numbers of the lines with characters that hide or reorder text."""
    if text.isascii() and _HIDDEN.search(text) is None:
        return []
    body = text.removeprefix("\ufeff")
    return [number for number, line in enumerate(split_lines(body), 1) if _HIDDEN.search(line)]


def split_lines(text: str) -> list[str]:
    """Split into lines as Python's tokenizer counts them: not at form feeds or Unicode separators."""
    return re.split(r"\r\n|\r|\n", text)
