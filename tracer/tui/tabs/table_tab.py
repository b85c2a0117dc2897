"""A table whose rows stand for steps: choosing one goes there, and the row of the cursor's step is marked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from rich.text import Text
from textual.message import Message
from textual.widgets import DataTable

from tracer.export.phrases import Lang
from tracer.tui.playing import Playing
from tracer.tui.words import say

Row = tuple[int, Sequence[str | Text]]
"""A step and what the row says; the step is the first column."""


class TableTab(DataTable[str | Text]):
    """Built when it is first looked at, and again in another language. A click on a column's head sorts by it."""

    heads: tuple[str, ...] = ()

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self._playing = playing
        self.lang: Lang = lang
        self._built: Lang | None = None
        self._steps: list[int] = []
        self._following = False

    def table_rows(self, playing: Playing, lang: Lang) -> list[Row]:
        """Every row, in the order of the steps."""
        raise NotImplementedError

    def show(self, playing: Playing, lang: Lang) -> None:
        if self._built != lang:
            self._built = self.lang = lang
            self._fill_table(self.table_rows(playing, lang))
        self._follow(playing.number)

    def _fill_table(self, rows: list[Row]) -> None:
        self.clear(columns=True)
        self._steps = [step for step, _ in rows]
        if not rows:
            self.add_column(Text(say(self.lang, "nothing"), "dim"))
            return
        for key in ("column:step", *self.heads):
            self.add_column(say(self.lang, key), key=key)
        for index, (step, cells) in enumerate(rows):
            self.add_row(Text(str(step), "dim", justify="right"), *cells, key=f"{step}:{index}")

    def _follow(self, number: int) -> None:
        """Put the table's cursor on the last row at or before the step."""
        if self._steps and self._steps == sorted(self._steps):
            self._following = True
            self.move_cursor(row=max(bisect_right(self._steps, number) - 1, 0), animate=False)
            self._following = False

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if self._steps and event.row_key.value is not None:
            self.post_message(self.Chosen(int(event.row_key.value.partition(":")[0])))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        self.sort(event.column_key, key=_sortable)


def _sortable(cell: str | Text) -> tuple[int, float, str]:
    """Numbers by size, before texts."""
    text = str(cell).replace(",", "").split(" ")[0]
    try:
        return 0, float(text), ""
    except ValueError:
        return 1, 0.0, str(cell)
