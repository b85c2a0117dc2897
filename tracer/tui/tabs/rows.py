"""The rows of a table tab: nested under one another, folded, sorted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.text import Text


class Row(NamedTuple):
    """One row of a table.

    Rows that are one deeper belong to the row above them, which ``opens``; ``open`` is how it begins.
    """

    step: int
    cells: Sequence[str | Text]
    depth: int = 0
    opens: bool = False
    open: bool = False


def shown(rows: Sequence[Row], opened: set[int]) -> Iterator[int]:
    """The indexes of the rows that are not inside a folded one; ``opened`` are those of the open ones."""
    hidden_below: int | None = None
    for index, row in enumerate(rows):
        if hidden_below is not None and row.depth > hidden_below:
            continue
        hidden_below = row.depth if row.opens and index not in opened else None
        yield index


def ordered(rows: Sequence[Row], column: int, *, descending: bool) -> list[int]:
    """The indexes of the rows sorted by a column, 0 being the step; what is inside a row stays with it."""
    families: list[list[int]] = []
    for index, row in enumerate(rows):
        if row.depth == 0 or not families:
            families.append([index])
        else:
            families[-1].append(index)
    families.sort(key=lambda family: _size(rows[family[0]], column), reverse=descending)
    return [index for family in families for index in family]


def _size(row: Row, column: int) -> tuple[int, float, str]:
    """Numbers by size, before texts."""
    if column == 0:
        return 0, row.step, ""
    text = str(row.cells[column - 1]) if column <= len(row.cells) else ""
    try:
        return 0, float(text.replace(",", "").split(" ")[0]), ""
    except ValueError:
        return 1, 0.0, text
