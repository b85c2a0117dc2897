"""Repair a model directory mechanically: the edits that a cause asks for, as new texts of its files.

A repair is a function registered for kinds of causes. It gets the cause's values and the files, and returns the new
texts; None where it would have to guess.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import NamedTuple

from tracer.analysis.diagnosis.cause import Cause, Diagnosis
from tracer.analysis.repair import code_repairs, config_repairs, import_repairs
from tracer.analysis.repair.model_files import Edits, ModelFiles, files_to_patch

__all__ = ["REPAIRS", "ModelFiles", "Repair", "files_to_patch", "patch", "repair"]

REPAIRS = {**code_repairs.REPAIRS, **import_repairs.REPAIRS, **config_repairs.REPAIRS}
"""The repair for each kind of cause that has one."""


class Repair(NamedTuple):
    """The edits for a diagnosis.

    Attributes:
        edits: the new text of each file, by its name in the directory.
        repaired: the causes that they are for.
        left: the causes that have no mechanical repair.
    """

    edits: Edits
    repaired: list[Cause]
    left: list[Cause]


def repair(found: Diagnosis, files: ModelFiles) -> Repair:
    """Return the edits for the best cause of a failure that can be repaired, or for all surprises of a load."""
    edits: Edits = {}
    repaired: list[Cause] = []
    left: list[Cause] = []
    for cause in found.causes or found.surprises:
        if found.causes and repaired:
            break  # the others are alternatives to the first
        make = REPAIRS.get(cause.kind)
        new = make(cause.values, files.with_edits(edits)) if make is not None else None
        if new:
            edits |= new
            repaired.append(cause)
        elif cause.remedy is not None:
            left.append(cause)
    return Repair(edits, repaired, left)


def patch(edits: Edits, files: ModelFiles) -> Iterator[str]:
    """Yield a unified diff that ``git apply`` takes in the model's directory."""
    for name, text in sorted(edits.items()):
        before = files.text(name)
        yield f"diff --git a/{name} b/{name}\n"
        if before is None:
            yield "new file mode 100644\n"
        origin = f"a/{name}" if before is not None else "/dev/null"
        lines = difflib.unified_diff(_lines(before or ""), _lines(text), origin, f"b/{name}")
        for line in lines:
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Split at line feeds only, as git does; the last line may be without one."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines
