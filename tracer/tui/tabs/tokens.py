"""The prompt's tokens and those that were generated."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.tui.tabs.rows import Row
from tracer.tui.tabs.table_tab import TableTab


class TokensTab(TableTab):
    heads = ("column:where", "column:index", "column:id", "column:text", "column:cache", "column:mask", "column:ms")

    def table_rows(self, trace: Trace, lang: Lang, subject: Hashable) -> list[Row]:
        rows: list[Row] = []
        for step in trace.steps(kinds=["text-prepared", "token-generated"]):
            data = step.data
            if step.kind == "token-generated":
                spent = data.get("nanoseconds")
                cells = (
                    data.get("index"),
                    data.get("id"),
                    data.get("text"),
                    data.get("cache"),
                    data.get("attention_mask"),
                )
                milliseconds = f"{spent / 1e6:.1f}" if isinstance(spent, int) else ""
                rows.append(Row(step.number, (tr(lang, "generated"), *map(_cell, cells), milliseconds)))
                continue
            ids, pieces = data.get("ids"), data.get("pieces")
            if isinstance(ids, list) and isinstance(pieces, list):
                for index, (number, piece) in enumerate(zip(ids, pieces, strict=False)):
                    cells = (index, number, piece, None, None)
                    rows.append(Row(step.number, (tr(lang, "prompt"), *map(_cell, cells), "")))
        return rows


def _cell(value: object) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, int):
        return Text(str(value), justify="right")
    return Text(visible(repr(str(value))))
