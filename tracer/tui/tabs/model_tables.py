"""The tables of the model: the tensors that were loaded, and the tokens of the pass."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.events import (
    StoredTensor,
    TensorLoaded,
    TextPrepared,
    TokenGenerated,
    events,
)
from tracer.trace.reading import Trace
from tracer.tui.tabs.table_tab import Row, TableTab


class WeightsTab(TableTab):
    heads = (
        "parameter",
        "shape",
        "dtype-file",
        "dtype-here",
        "bytes",
        "shard",
    )

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        return [_tensor_row(loaded.step.number, loaded.event) for loaded in events(trace, TensorLoaded)]


def _tensor_row(step: int, loaded: TensorLoaded) -> Row:
    first = loaded.sources[0] if loaded.sources else StoredTensor()
    size = sum(source.bytes or 0 for source in loaded.sources)
    cells = (
        visible(str(loaded.parameter)),
        "×".join(map(str, loaded.shape or ())),
        visible(first.dtype or ""),
        visible(loaded.dtype or ""),
        Text(f"{size:,}", justify="right"),
        visible((first.path or "").rpartition("/")[2]),
    )
    return Row(step, cells)


class TokensTab(TableTab):
    heads = ("where", "index", "id", "text", "cache", "mask", "ms")

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        rows: list[Row] = []
        for recorded in events(trace, TextPrepared, TokenGenerated):
            number, event = recorded.step.number, recorded.event
            if isinstance(event, TokenGenerated):
                milliseconds = "" if event.nanoseconds is None else f"{event.nanoseconds / 1e6:.1f}"
                token = Text(" ".join(map(str, event.ids))) if event.ids else event.id
                kept = event.cache if event.cache is not None or not event.state else _shapes_text(event.state)
                cells = (event.index, token, event.text, kept, event.attention_mask)
                rows.append(Row(number, (tr(lang, "generated"), *map(_token_cell, cells), milliseconds)))
            elif isinstance(event, TextPrepared):
                for index, (token, piece) in enumerate(zip(event.ids, event.pieces, strict=False)):
                    row = (index, token, piece, None, None)
                    rows.append(Row(number, (tr(lang, "prompt"), *map(_token_cell, row), "")))
        return rows


def _shapes_text(shapes: list[list[int]]) -> Text:
    """Return the shapes of a recurrent state, in the place of a cache's length."""
    return Text(", ".join("×".join(map(str, shape)) for shape in shapes))


def _token_cell(value: int | str | Text | None) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, Text):
        return value
    if isinstance(value, int):
        return Text(str(value), justify="right")
    return Text(visible(repr(value)))
