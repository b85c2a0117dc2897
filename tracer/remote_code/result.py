"""The remote code that was found, as plain data that can be shown, stored and compared."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "process",
    "network",
    "file-system",
    "eval-exec",
    "native",
    "environment",
    "does-not-parse",
    "not-searched",
]
"""What a place in a source can do. The last two mean that the source could not be searched."""

Way: TypeAlias = Literal["auto-class", "custom-generate", "import", "plain-import"]
"""How a file is reached. ``plain-import`` is ``import helper``, found only if its folder is on ``sys.path``."""

NoteKind: TypeAlias = Literal[
    "absent-model",
    "adapter-base",
    "adapter-imports",
    "adapter-stays",
    "bad-json",
    "hidden-characters",
    "hub-kernel",
    "hub-may-differ",
    "missing-file",
    "not-text",
    "odd-auto-map",
    "odd-base",
    "odd-reference",
    "other-encoding",
    "symlink-leaves",
    "too-large",
    "too-many",
    "unreadable",
]
"""What the reader should know that is neither a file nor a finding."""

Why: TypeAlias = Literal["not-in-cache", "file-not-in-cache", "modules-cache", "config-too-large"]
"""Why code that would run cannot be shown."""


PROCESSORS: Final = frozenset({"AutoProcessor", "AutoImageProcessor", "AutoFeatureExtractor", "AutoVideoProcessor"})
"""Auto classes that loading a model does not call by itself; the model's own code may."""


class Finding(msgspec.Struct, frozen=True):
    """A notable place in a source.

    Attributes:
        kind: see :data:`Kind`.
        line: line number, from 1.
        name: the name after aliases are resolved, such as ``os.system``.
        source: the call as written, on one line, cut, with control characters made visible.
        on_import: whether it runs as soon as the file is imported, not only when something calls it.
        weak: whether it is common in honest model code, such as opening a file to read.
    """

    kind: Kind
    line: int
    name: str
    source: str
    on_import: bool = False
    weak: bool = False


class Reached(msgspec.Struct, frozen=True):
    """Why a file would run.

    Attributes:
        way: see :data:`Way`.
        name: the auto class (``AutoModel``), or the file that imports it.
        source: the JSON file that names it, or empty.
    """

    way: Way
    name: str
    source: str = ""


class RemoteFile(msgspec.Struct, frozen=True):
    """A Python file that would run.

    Attributes:
        repository: its model directory or hub id, as it was named.
        path: its path in the repository; absolute if it is outside.
        absolute: its path on this machine.
        size: size in bytes.
        lines: number of lines.
        sha256: checksum of the whole file; empty if it is too large to be read.
        reached: why it would run.
        findings: the notable places, by line.
        leaves_to: where it really is, if a symbolic link or its name leads out of the directory.
    """

    repository: str
    path: str
    absolute: str
    size: int
    sha256: str
    reached: tuple[Reached, ...]
    findings: tuple[Finding, ...] = ()
    leaves_to: str = ""
    lines: int = 0


class Unseen(msgspec.Struct, frozen=True):
    """Code that would run and cannot be shown.

    Attributes:
        name: a hub id, ``hub id: file`` or a module.
        why: see :data:`Why`.
        named_by: the auto class or file that leads to it.
    """

    name: str
    why: Why
    named_by: str = ""


class CodeNote(msgspec.Struct, frozen=True):
    """Something else that the reader should know.

    Attributes:
        kind: see :data:`NoteKind`; the words are in ``words.py``.
        subject: the file, repository or entry that it is about.
        detail: the details.
    """

    kind: NoteKind
    subject: str
    detail: str = ""


class Repository(msgspec.Struct, frozen=True):
    """A directory whose files were searched.

    Attributes:
        name: the name as given: a path or a hub id.
        root: its folder on this machine.
        commit: the commit of the cached snapshot, for a hub id.
    """

    name: str
    root: str
    commit: str = ""


class RemoteCode(msgspec.Struct, frozen=True):
    """All code that would run if remote code were trusted for a model.

    Attributes:
        model: the model as it was named.
        files: the files, in the order in which they are reached.
        unseen: code that would run and can't be shown.
        notes: what else the reader should know.
        repositories: the directories that were searched.
        others: Python files in them to which nothing was found to lead.
    """

    model: str
    files: tuple[RemoteFile, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    notes: tuple[CodeNote, ...] = ()
    repositories: tuple[Repository, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def running(self) -> tuple[RemoteFile, ...]:
        """Return the files that the load itself runs; the others are for processors, which it does not create."""
        run = {file for file in self.files if any(_runs(reason) for reason in file.reached)}
        while more := {file for file in self.files if file not in run and _is_imported(file, run)}:
            run |= more
        return tuple(file for file in self.files if file in run)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing would run: no file, and no unseen code. Only then is consent unnecessary."""
        return not self.running and not self.unseen


def _runs(reason: Reached) -> bool:
    return reason.way == "custom-generate" or (reason.way == "auto-class" and reason.name not in PROCESSORS)


def _is_imported(file: RemoteFile, by: set[RemoteFile]) -> bool:
    importers = {reason.name for reason in file.reached if reason.way in ("import", "plain-import")}
    return any(reached.path in importers for reached in by)
