"""The pass through the model: each module as it was called, from pixels and tokens to logits, with its shapes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rich.text import Text

from tracer.analysis.value_format import format_summary
from tracer.i18n import Lang
from tracer.text.visible import one_line, visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Step
from tracer.tui.tabs.rows import Row
from tracer.tui.tabs.table_tab import TableTab

_WIDTH = 44
_SHAPES = 3  # tensors of one argument list that are told


class ForwardTab(TableTab):
    heads = ("column:module", "column:in", "column:out", "column:ms", "column:memory", "column:class")

    def table_rows(self, trace: Trace, lang: Lang, subject: Hashable) -> list[Row]:
        left: dict[Any, Step] = {}
        entered: list[tuple[Step, int]] = []
        depths: dict[Any, int] = {}
        for step in trace.steps(kinds=["module-entered", "module-left"]):
            call = (step.stage, step.data.get("call"))
            if step.kind == "module-left":
                left[call] = step
                continue
            depth = depths.get((step.stage, step.data.get("parent")), -1) + 1
            depths[call] = depth
            entered.append((step, depth))
        rows: list[Row] = []
        for (step, depth), (_, below) in zip(entered, [*entered[1:], (None, 0)], strict=False):
            end = left.get((step.stage, step.data.get("call")))
            rows.append(_row(trace, step, depth, end, parent=below > depth))
        return rows


def _row(trace: Trace, step: Step, depth: int, end: Step | None, *, parent: bool) -> Row:
    name = str(step.data.get("path") or "").rpartition(".")[2] or "(model)"
    data = end.data if end is not None else {}
    spent, memory = data.get("nanoseconds"), data.get("allocated")
    came_out = (
        Text(visible(f"raised {data['raised']}"), "bold red")
        if "raised" in data
        else _shapes(trace, end.value if end else None)
    )
    cells = (
        Text(visible(name), "bold" if parent else ""),
        _shapes(trace, step.value),
        came_out,
        Text(f"{spent / 1e6:.2f}", justify="right") if isinstance(spent, int) else "",
        Text(f"{memory / 2**20:,.1f} MiB", justify="right") if isinstance(memory, (int, float)) else "",
        visible(str(step.data.get("class") or "").rpartition(".")[2]),
    )
    # Of a list of blocks that are alike the first is open, and the others are there to be opened.
    return Row(step.number, cells, depth, opens=parent, open=parent and (not name.isdecimal() or int(name) == 0))


def _shapes(trace: Trace, number: int | None) -> str:
    """The tensors in a value, by name where they have one."""
    if number is None:
        return ""
    found: list[str] = []
    _collect(trace, number, "", found, 3)
    if len(found) == 1:
        return one_line(found[0].rpartition("=")[2], _WIDTH)
    more = f" +{len(found) - _SHAPES}" if len(found) > _SHAPES else ""
    return one_line(", ".join(found[:_SHAPES]) + more, _WIDTH)


def _collect(trace: Trace, number: int, name: str, found: list[str], depth: int) -> None:
    try:
        value = trace.value(number)
    except DanglingNumber:
        return
    if isinstance(value, v.Tensor):
        shape = "×".join(map(str, value.shape)) or "scalar"
        found.append(f"{name}={shape}" if name else shape)
    elif isinstance(value, (v.Mapping, v.Config)) and depth:
        for key, item in value.items:
            _collect(trace, item, key, found, depth - 1)
    elif isinstance(value, v.Sequence) and depth:
        for item in value.items:
            _collect(trace, item, name, found, depth - 1)
    elif depth == 3:
        found.append(format_summary(trace, value, 40))
