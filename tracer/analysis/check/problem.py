"""What a check of a model directory finds."""

from __future__ import annotations

from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """Something that makes a load fail or go wrong.

    Attributes:
        kind: its kind, which is the key of its sentence.
        file: the file that it is in.
        values: what the sentence is filled with.
        line: the line in that file.
        fails: whether a load of the directory fails by it; otherwise it may only surprise.
        release: the release of transformers that it is about; None if about all.
    """

    kind: str
    file: str
    values: dict[str, Any] = {}
    line: int | None = None
    fails: bool = True
    release: str | None = None
