"""Every tensor of the checkpoint and the parameter it became."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rich.text import Text

from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.trace.reading import Trace
from tracer.tui.tabs.rows import Row
from tracer.tui.tabs.table_tab import TableTab


class WeightsTab(TableTab):
    heads = (
        "column:parameter",
        "column:shape",
        "column:dtype-file",
        "column:dtype-here",
        "column:bytes",
        "column:shard",
    )

    def table_rows(self, trace: Trace, lang: Lang, subject: Hashable) -> list[Row]:
        return [_row(step.number, step.data) for step in trace.steps(kinds=["tensor-loaded"])]


def _row(step: int, data: dict[str, Any]) -> Row:
    sources = [one for one in data.get("sources") or () if isinstance(one, dict)]
    first = sources[0] if sources else {}
    size = sum(one["bytes"] for one in sources if isinstance(one.get("bytes"), int))
    shard = str(first.get("path") or "").rpartition("/")[2]
    shape = data.get("shape")
    cells = (
        visible(str(data.get("parameter"))),
        "×".join(map(str, shape)) if isinstance(shape, list) else "",
        visible(str(first.get("dtype") or "")),
        visible(str(data.get("dtype") or "")),
        Text(f"{size:,}", justify="right"),
        visible(shard),
    )
    return Row(step, cells)
