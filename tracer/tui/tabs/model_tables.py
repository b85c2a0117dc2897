"""The tables of the model: the tensors that were loaded, the modules that ran, and the tokens of the pass."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rich.text import Text

from tracer.analysis.value_format import format_summary
from tracer.i18n import Lang, tr
from tracer.text.sizes import format_size
from tracer.text.visible import one_line, visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Step
from tracer.tui.tabs.table_tab import Row, TableTab


class WeightsTab(TableTab):
    heads = (
        "column:parameter",
        "column:shape",
        "column:dtype-file",
        "column:dtype-here",
        "column:bytes",
        "column:shard",
    )

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        return [_tensor_row(step.number, step.data) for step in trace.steps(kinds=["tensor-loaded"])]


def _tensor_row(step: int, data: dict[str, Any]) -> Row:
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


_SHAPES_WIDTH = 44
_SHAPES = 3  # tensors of one argument list that are shown


class ForwardTab(TableTab):
    heads = ("column:module", "column:in", "column:out", "column:ms", "column:memory", "column:class")

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        left: dict[Any, Step] = {}
        on_device: dict[Any, float] = {}
        entered: list[tuple[Step, int]] = []
        depths: dict[Any, int] = {}
        for step in trace.steps(kinds=["device-times"]):
            measured = step.data.get("milliseconds")
            if isinstance(measured, dict):
                on_device.update(((step.stage, number), spent) for number, spent in measured.items())
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
            number = step.data.get("call")
            end, spent = left.get((step.stage, number)), on_device.get((step.stage, str(number)))
            rows.append(_module_row(trace, step, depth, end, spent, parent=below > depth))
        return rows


def _module_row(
    trace: Trace, step: Step, depth: int, end: Step | None, on_device: float | None, *, parent: bool
) -> Row:
    """Return the row of one module; ``on_device`` is its time on a GPU in ms, which the host's clock does not show."""
    name = str(step.data.get("path") or "").rpartition(".")[2] or "(model)"
    data = end.data if end is not None else {}
    nanoseconds, memory = data.get("nanoseconds"), data.get("cuda_after")
    spent = on_device if on_device is not None else nanoseconds / 1e6 if isinstance(nanoseconds, int) else None
    came_out = (
        Text(visible(f"raised {data['raised']}"), "bold red")
        if "raised" in data
        else _shapes(trace, end.value if end else None)
    )
    cells = (
        Text(visible(name), "bold" if parent else ""),
        _shapes(trace, step.value),
        came_out,
        Text(f"{spent:.2f}", justify="right") if isinstance(spent, (int, float)) else "",
        Text(format_size(memory), justify="right") if isinstance(memory, int) else "",
        visible(str(step.data.get("class") or "").rpartition(".")[2]),
    )
    # Of a list of equal blocks only the first is open.
    return Row(step.number, cells, depth, opens=parent, open=parent and (not name.isdecimal() or int(name) == 0))


def _shapes(trace: Trace, number: int | None) -> str:
    """Return the shapes of the tensors in a value, with names where there are any."""
    if number is None:
        return ""
    found: list[str] = []
    _collect(trace, number, "", found, 3)
    if len(found) == 1:
        return one_line(found[0].rpartition("=")[2], _SHAPES_WIDTH)
    more = f" +{len(found) - _SHAPES}" if len(found) > _SHAPES else ""
    return one_line(", ".join(found[:_SHAPES]) + more, _SHAPES_WIDTH)


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


class TokensTab(TableTab):
    heads = ("column:where", "column:index", "column:id", "column:text", "column:cache", "column:mask", "column:ms")

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
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
                rows.append(Row(step.number, (tr(lang, "generated"), *map(_token_cell, cells), milliseconds)))
                continue
            ids, pieces = data.get("ids"), data.get("pieces")
            if isinstance(ids, list) and isinstance(pieces, list):
                for index, (number, piece) in enumerate(zip(ids, pieces, strict=False)):
                    cells = (index, number, piece, None, None)
                    rows.append(Row(step.number, (tr(lang, "prompt"), *map(_token_cell, cells), "")))
        return rows


def _token_cell(value: object) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, int):
        return Text(str(value), justify="right")
    return Text(visible(repr(str(value))))
