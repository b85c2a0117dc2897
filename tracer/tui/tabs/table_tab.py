"""The base of the table tabs: rows that lead to steps, folded and sorted, with the current step marked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.tui.background import in_background, start_worker
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView


class Row(NamedTuple):
    """One row of a table.

    Rows that are one deeper belong to the row above them, which ``opens``; ``open`` is how it begins. A row without a
    step is only the head of those below it.
    """

    step: int | None
    cells: Sequence[str | Text]
    depth: int = 0
    opens: bool = False
    open: bool = False


def unfolded_rows(rows: Sequence[Row], opened: set[int]) -> Iterator[int]:
    """Yield the indexes of the rows that are not inside a folded one; ``opened`` has those of the open ones."""
    hidden_below: int | None = None
    for index, row in enumerate(rows):
        if hidden_below is not None and row.depth > hidden_below:
            continue
        hidden_below = row.depth if row.opens and index not in opened else None
        yield index


def sorted_rows(rows: Sequence[Row], column: int, *, descending: bool) -> list[int]:
    """Return the indexes of the rows sorted by a column, 0 being the step.

    Nested rows stay with their parent, in their order. A head without a step stays last, with what is below it sorted.
    """

    def families(indexes: Sequence[int], depth: int) -> Iterator[int]:
        found: list[list[int]] = []
        for index in indexes:
            if rows[index].depth == depth or not found:
                found.append([index])
            else:
                found[-1].append(index)
        found.sort(key=lambda family: _size(rows[family[0]], column), reverse=descending)
        found.sort(key=lambda family: rows[family[0]].step is None)
        for head, *below in found:
            yield head
            yield from families(below, depth + 1) if rows[head].step is None else below

    return list(families(range(len(rows)), 0))


def _size(row: Row, column: int) -> tuple[int, float, str]:
    """Return the sort key of a cell: numbers by size, before texts."""
    if column == 0:
        return 0, row.step or 0, ""
    text = str(row.cells[column - 1]) if column <= len(row.cells) else ""
    try:
        return 0, float(text.replace(",", "").split(" ")[0]), ""
    except ValueError:
        return 1, 0.0, text


COLUMN_LABELS = {
    "step": N_("step"),
    "stage": N_("stage"),
    "parameter": N_("parameter"),
    "shape": N_("shape"),
    "dtype-file": N_("in the file"),
    "dtype-here": N_("here"),
    "bytes": N_("bytes"),
    "shard": N_("shard"),
    "module": N_("module"),
    "class": N_("class"),
    "flow": N_("in → out"),
    "ms": N_("ms"),
    "memory": N_("memory"),
    "min": N_("min"),
    "max": N_("max"),
    "mean": N_("mean"),
    "not-finite": N_("NaN, ∞"),
    "where": N_("where"),
    "index": N_("no."),
    "id": N_("id"),
    "text": N_("text"),
    "cache": N_("cache"),
    "mask": N_("mask"),
    "condition": N_("condition"),
    "outcome": N_("outcome"),
    "values": N_("values"),
    "function": N_("function"),
    "argument": N_("argument"),
    "value": N_("value"),
    "happened": N_("what happened"),
    "statement": N_("statement"),
    "means": N_("what it means"),
    "from": N_("from"),
    "shows": N_("what it shows"),
}
NOTHING = N_("Nothing of this kind was recorded.")
_MOST = 5_000  # rows that are listed
_NONE = object()


class TableTab(DataTable[Text], StepView):
    """A table that is computed in the background when it is first shown, and again for another language or scope.

    Enter or a click on a row goes to its step. Rows are folded as in a file tree: Space does and undoes it, the right
    arrow opens, the left one folds or goes to the parent, and so does a click on the sign.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
        Binding("space", "fold_or_open", show=False),
        Binding("right", "open_or_scroll", show=False),
        Binding("left", "fold_or_scroll", show=False),
    ]
    heads: tuple[str, ...] = ()
    empty = NOTHING
    indent = 2  # cells that a row is moved by for each row that it is in
    follows = True
    """Whether the table's cursor keeps to the last row before the step, where none is of the step itself."""

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self.computed = False
        self._wanted: object = _NONE
        self._rows: list[Row] = []
        self._order: Sequence[int] = ()
        self._listed: list[int] = []
        self._opened: set[int] = set()
        self._folds = False
        self._sorted: tuple[int, bool] | None = None
        self.begin_with(state, lang, shown=False)

    @property
    def hints(self) -> str:
        """Whose hints are shown at the foot while the table has the focus."""
        return "folding-table" if self._folds else "table"

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        """Return every row, in the order of the steps. Runs in a background thread."""
        raise NotImplementedError

    def head(self, key: str) -> str:
        """Return the head of a column."""
        return tr(self.lang, COLUMN_LABELS[key])

    def scope(self, state: PlayerState) -> Hashable:
        """Return what the rows are limited to, None for the whole trace; they are computed again when it changes."""
        return None

    def content_key(self) -> Any:
        return self.number, self.lang, self.scope(self._state)

    def update_view(self) -> None:
        wanted = self.lang, self.scope(self._state)
        if self._wanted != wanted:
            self._wanted, self.computed = wanted, False
            if not self._rows:
                self._show_sentence(tr(self.lang, "Computing …"))
            start_worker(self, partial(self._compute, *wanted), exclusive=True)
        elif self.computed:
            self._mark()

    async def _compute(self, lang: Lang, scope: Hashable) -> None:
        try:
            rows = await in_background(self._state.trace.path, lambda trace: self.table_rows(trace, lang, scope))
        except TracerError as error:
            self._rows, self.computed = [], True
            self._show_sentence(visible(error.localized(self.lang)))
            return
        self.set_rows(rows)
        self.computed = True
        self._mark()

    def set_rows(self, rows: list[Row]) -> None:
        """Show these rows."""
        self._rows, self._sorted = rows, None
        self._order = range(len(rows))
        self._folds = any(row.opens for row in rows)
        self._opened = {index for index, row in enumerate(rows) if row.open}
        self._list_rows()
        self.refresh_bindings()  # whether it folds

    def _show_sentence(self, sentence: str) -> None:
        self.clear(columns=True)
        self._listed = []
        self.add_column(Text(sentence, "dim"))

    def _list_rows(self) -> None:
        """Fill the table again."""
        if not self._rows:
            self._show_sentence(tr(self.lang, self.empty))
            return
        rows = [self._rows[index] for index in self._order]
        opened = {place for place, index in enumerate(self._order) if index in self._opened}
        self._listed = [self._order[place] for place in unfolded_rows(rows, opened)][:_MOST]
        cells = self.fit([self._cells(index) for index in self._listed])
        self.clear(columns=True)
        keys = ("step", *self.heads)
        heads = [Text(f"{self.head(key)} {self._arrow(column)}") for column, key in enumerate(keys)]
        # The table measures its columns when idle, and does not for rows added before it is on the screen.
        for key, head, column in zip(keys, heads, zip(*cells, strict=True), strict=True):
            self.add_column(head, key=key, width=max(text.cell_len for text in (head, *column)))
        for index, row in zip(self._listed, cells, strict=True):
            self.add_row(*row, key=str(index))
        if len(self._listed) == _MOST:
            self.add_row(
                Text("…"),
                Text(
                    tr(
                        self.lang,
                        NP_("{count} more is not listed", "{count} more are not listed"),
                        count=len(self._order) - _MOST,
                    ),
                    "dim",
                ),
            )

    def fit(self, cells: list[list[Text]]) -> list[list[Text]]:
        """Return the cells of the listed rows as they are to be shown; a table can shorten them to its width."""
        return cells

    def _cells(self, index: int) -> list[Text]:
        row = self._rows[index]
        first, *others = (cell if isinstance(cell, Text) else Text(visible(cell)) for cell in row.cells)
        sign = ("▾ " if index in self._opened else "▸ ") if row.opens else "  " if self._folds else ""
        lead = Text(" " * self.indent * row.depth + sign, Style(meta={"folds": True}) if row.opens else "")
        step = "" if row.step is None else str(row.step)
        return [Text(step, "dim", justify="right"), Text.assemble(lead, first), *others]

    def _arrow(self, column: int) -> str:
        if self._sorted is None or self._sorted[0] != column:
            return " "
        return "▼" if self._sorted[1] else "▲"

    def _mark(self) -> None:
        """Move the table's cursor to the last row at or before the step, unless it is on that step already."""
        if not self._listed or self._sorted is not None:
            return
        at, number = self.cursor_row, self.number
        if 0 <= at < len(self._listed) and self._rows[self._listed[at]].step == number:
            return
        if not self.follows:
            here = (place for place, index in enumerate(self._listed) if self._rows[index].step == number)
            self.move_cursor(row=next(here, at), animate=False)
            return
        for places in (range(len(self._listed)), self._tops()):
            places = [place for place in places if self._rows[self._listed[place]].step is not None]
            steps = [self._rows[self._listed[place]].step or 0 for place in places]
            if steps and steps == sorted(steps):
                self.move_cursor(row=places[max(bisect_right(steps, number) - 1, 0)], animate=False)
                return

    def _tops(self) -> Sequence[int]:
        return [place for place, index in enumerate(self._listed) if self._rows[index].depth == 0] or [0]

    def on_data_table_row_selected(self) -> None:
        self._choose()

    def on_click(self, event: events.Click) -> None:
        """Go to the row's step, or fold and open it where the sign was clicked."""
        at = event.style.meta.get("row", -1)
        if at < 0:
            return  # a head, or beside the table: Textual knows what to do
        event.prevent_default()  # which would only choose the row
        event.stop()
        self.move_cursor(row=at, animate=False)
        if "folds" in event.style.meta:
            self.action_fold_or_open()
        else:
            self._choose()

    def _choose(self) -> None:
        """Go to the step of the row that the cursor is on."""
        index = self._chosen()
        if index is None:
            return
        step = self._rows[index].step
        if step is None:
            self.action_fold_or_open()
        else:
            self.post_message(self.Chosen(step))

    def _chosen(self) -> int | None:
        """Return the index of the row that the cursor is on."""
        return self._listed[self.cursor_row] if 0 <= self.cursor_row < len(self._listed) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Space to the player where there is nothing to fold."""
        return self._folds if action == "fold_or_open" else True

    def action_fold_or_open(self) -> None:
        index = self._chosen()
        if index is not None and self._rows[index].opens:
            self._opened ^= {index}
            left = self.scroll_x
            self._list_rows()
            self.move_cursor(row=self._listed.index(index), animate=False)
            self.scroll_to(x=left, animate=False)

    def action_open_or_scroll(self) -> None:
        index = self._chosen()
        if index is not None and self._rows[index].opens and index not in self._opened:
            self.action_fold_or_open()
        else:
            self.action_cursor_right()

    def action_fold_or_scroll(self) -> None:
        index = self._chosen()
        if index is None or self.scroll_x > 0 or not (index in self._opened or self._rows[index].depth):
            self.action_cursor_left()
        elif index in self._opened:
            self.action_fold_or_open()
        else:
            depth = self._rows[index].depth
            above = range(self.cursor_row - 1, -1, -1)
            parent = next((place for place in above if self._rows[self._listed[place]].depth < depth), self.cursor_row)
            self.move_cursor(row=parent, animate=False)

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        self.sort_by(event.column_index)

    def sort_by(self, column: int) -> None:
        """Sort by a column; a second time, in descending order."""
        if self._rows:
            descending = self._sorted == (column, False)
            self._sorted = column, descending
            self._order = sorted_rows(self._rows, column, descending=descending)
            self._list_rows()

    def sort_next(self) -> None:
        """Sort by the next column; after the last one, in the original order."""
        column = 1 if self._sorted is None else self._sorted[0] + 1
        if column > len(self.heads):
            self._sorted, self._order = None, range(len(self._rows))
            self._list_rows()
        else:
            self._sorted = None
            self.sort_by(column)
