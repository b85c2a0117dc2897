"""What the look at remote code found: plain data, so that it can be shown, stored and compared."""

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
"""What a place in a source can do. The last two say that nothing could be looked for."""

Way: TypeAlias = Literal["auto-class", "custom-generate", "import", "plain-import"]
"""How a file is reached. ``plain-import``: ``import helper``, found only if its folder is on ``sys.path``."""

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
"""Something the reader should know that is neither a file nor a finding."""

Why: TypeAlias = Literal["not-in-cache", "file-not-in-cache", "modules-cache", "config-too-large"]
"""Why code that would run cannot be shown."""


PROCESSORS: Final = frozenset({"AutoProcessor", "AutoImageProcessor", "AutoFeatureExtractor", "AutoVideoProcessor"})
"""Auto classes that a load of a model does not call by itself; the model's own code may."""


class Finding(msgspec.Struct, frozen=True):
    """One place in a source that is worth a look.

    Attributes:
        kind: see :data:`Kind`.
        line: line number, from 1.
        name: what it is after aliases are resolved, such as ``os.system``.
        source: the call as it is written, on one line, cut, with control characters made visible.
        on_import: it runs as soon as the file is imported, not only when something calls it.
        weak: common in honest model code, such as opening a file to read.
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
        source: the JSON file that says so, or empty.
    """

    way: Way
    name: str
    source: str = ""


class RemoteFile(msgspec.Struct, frozen=True):
    """One Python file that would run.

    Attributes:
        repository: the model directory or hub id it belongs to, as it was named.
        path: where it is in there; absolute if it is not inside.
        absolute: where it is on this machine.
        size: bytes.
        lines: how many of them there are to read.
        sha256: of the whole file; empty if it is too large to be read.
        reached: why it would run.
        findings: what stands out, by line.
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
        name: hub id, ``hub id: file`` or module.
        why: see :data:`Why`.
        named_by: the auto class or file that leads to it.
    """

    name: str
    why: Why
    named_by: str = ""


class Note(msgspec.Struct, frozen=True):
    """Something else the reader should know.

    Attributes:
        kind: see :data:`NoteKind`; the words are in ``words.py``.
        subject: the file, repository or entry it is about.
        detail: what exactly.
    """

    kind: NoteKind
    subject: str
    detail: str = ""


class Repository(msgspec.Struct, frozen=True):
    """One directory whose files were looked at.

    Attributes:
        name: as it was named: a path or a hub id.
        root: its folder on this machine.
        commit: the commit of the cached snapshot, for a hub id.
    """

    name: str
    root: str
    commit: str = ""


class RemoteCode(msgspec.Struct, frozen=True):
    """All that would run if remote code were trusted for one model.

    Attributes:
        model: the model as it was named.
        files: in the order in which they are reached.
        unseen: code that would run and cannot be shown.
        notes: what else the reader should know.
        repositories: where was looked.
        others: Python files lying there that nothing was seen to lead to.
    """

    model: str
    files: tuple[RemoteFile, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    notes: tuple[Note, ...] = ()
    repositories: tuple[Repository, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def any_code(self) -> bool:
        """There is at least one file that would run."""
        return bool(self.files)

    @property
    def running(self) -> tuple[RemoteFile, ...]:
        """The files that the load itself runs; the others are for processors, which it does not make."""
        run = {file for file in self.files if any(_runs(reason) for reason in file.reached)}
        while more := {file for file in self.files if file not in run and _is_imported(file, run)}:
            run |= more
        return tuple(file for file in self.files if file in run)

    @property
    def is_empty(self) -> bool:
        """Nothing would run: no file, and nothing that could not be seen. Only then is no question needed."""
        return not self.running and not self.unseen


def _runs(reason: Reached) -> bool:
    return reason.way == "custom-generate" or (reason.way == "auto-class" and reason.name not in PROCESSORS)


def _is_imported(file: RemoteFile, by: set[RemoteFile]) -> bool:
    importers = {reason.name for reason in file.reached if reason.way in ("import", "plain-import")}
    return any(one.path in importers for one in by)
