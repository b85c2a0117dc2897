"""The texts of a model directory's files: as they are on disk, or where that is gone, as the trace has them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

from tracer.analysis.repair.edits import PythonEdit
from tracer.trace.reading import Trace
from tracer.trace.redaction import MASK

Edits: TypeAlias = dict[str, str]
"""New texts of files, by their names relative to the model's directory."""
MakeRepair: TypeAlias = "Callable[[dict[str, Any], ModelFiles], Edits | None]"

_OWN: Final = re.compile(r"^<model>/(?P<model>.+)$|(?:^|/)transformers_modules/.*/(?P<copied>[^/]+\.py)$")
_LARGEST: Final = 4_000_000  # bytes of a file that is edited


def edits_of(name: str, edit: PythonEdit) -> Edits | None:
    """Return the edited text of a file; None if it can't be edited so."""
    text = edit.result()
    return None if text is None else {name: text}


class ModelFiles:
    """What a repair reads.

    Attributes:
        folder: the model's directory, if it is on this machine.
    """

    def __init__(self, trace: Trace, folder: Path | None = None, edits: Edits | None = None) -> None:
        self._trace = trace
        self.folder = folder
        self._edits = edits or {}

    def with_edits(self, edits: Edits) -> ModelFiles:
        """Return the same files with these texts in place of their own."""
        files = ModelFiles(self._trace, self.folder, dict(edits))
        files.__dict__["recorded"] = self.recorded
        return files

    @cached_property
    def recorded(self) -> dict[str, str]:
        """The texts of the directory's files as the trace has them: Python files that ran, and JSON files."""
        found = dict(self._trace.meta.json_files or {})
        for number, path in self._trace.source_paths().items():
            match = _OWN.search(path.replace("\\", "/"))
            if match is not None:
                found[match["model"] or match["copied"]] = self._trace.source(number).text
        return found

    def text(self, name: str) -> str | None:
        """Return a file's text; None if there is no such file, or if it is no text."""
        if name in self._edits:
            return self._edits[name]
        return self._on_disk(name) if self.folder is not None else self.recorded.get(name)

    def python(self, name: Any) -> PythonEdit | None:
        """Return a Python file to be edited; None if there is none, or if it can't be parsed."""
        text = self.text(str(name))
        try:
            return PythonEdit(text) if text is not None else None
        except (SyntaxError, ValueError, RecursionError):
            return None

    def has(self, name: str) -> bool:
        """Return whether the directory has a file, of whichever kind."""
        if self.folder is not None:
            try:
                return (self.folder / name).is_file()
            except (OSError, ValueError):
                return False
        return any(one.name == name for one in self._trace.meta.directory or ())

    def names(self, suffix: str = ".py") -> list[str]:
        """Return the names of the files directly in the directory with this ending."""
        if self.folder is None:
            return sorted(name for name in self.recorded if name.endswith(suffix))
        try:
            return sorted(path.name for path in self.folder.iterdir() if path.name.endswith(suffix) and path.is_file())
        except OSError:
            return []

    def changed(self) -> list[str]:
        """Return the recorded files that are not on disk as they were recorded."""
        if self.folder is None:
            return []
        return sorted(
            name for name, text in self.recorded.items() if MASK not in text and self._on_disk(name) not in (text, None)
        )

    def _on_disk(self, name: str) -> str | None:
        assert self.folder is not None
        path = self.folder / name
        try:
            if not path.resolve().is_file() or path.stat().st_size > _LARGEST:
                return None
            return path.read_bytes().decode("utf-8")
        except (OSError, ValueError):
            return None


def files_to_patch(trace: Trace) -> tuple[ModelFiles, list[str]]:
    """Return the files that a patch is for, and which of them are no longer as they were recorded.

    They are those on disk, or if one of them was changed, or if they are gone, those that were recorded.
    """
    folder = trace.meta.model_folder
    files = ModelFiles(trace, Path(folder) if folder is not None and os.path.isdir(folder) else None)
    changed = files.changed()
    return (ModelFiles(trace) if changed else files), changed
