"""The pass through the model: each module as it was called, from pixels and tokens to logits, with its shapes."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from tracer.export.phrases import Lang
from tracer.replay.plain import short_value
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.steps import Step
from tracer.trace.visible import one_line, visible
from tracer.tui.playing import Playing
from tracer.tui.tabs.table_tab import Row, TableTab

_SHAPES = 3  # tensors of one argument list that are told


class ForwardTab(TableTab):
    heads = ("column:module", "column:class", "column:in", "column:out", "column:ms", "column:memory")

    def table_rows(self, playing: Playing, lang: Lang) -> list[Row]:
        left: dict[Any, Step] = {}
        entered: list[tuple[Step, int]] = []
        depths: dict[Any, int] = {}
        for step in playing.trace.steps(kinds=["module-entered", "module-left"]):
            call = (step.stage, step.data.get("call"))
            if step.kind == "module-left":
                left[call] = step
                continue
            depth = depths.get((step.stage, step.data.get("parent")), -1) + 1
            depths[call] = depth
            entered.append((step, depth))
        return [_row(playing, step, depth, left.get((step.stage, step.data.get("call")))) for step, depth in entered]


def _row(playing: Playing, step: Step, depth: int, end: Step | None) -> Row:
    path = str(step.data.get("path") or "")
    name = path.rpartition(".")[2] or "(model)"
    data = end.data if end is not None else {}
    spent = data.get("nanoseconds")
    memory = data.get("allocated")
    return step.number, (
        Text(f"{'  ' * min(depth, 8)}{visible(name)}", "bold" if depth < 3 else ""),
        visible(str(step.data.get("class") or "")),
        _shapes(playing, step.value),
        Text(visible(f"raised {data['raised']}"), "bold red")
        if "raised" in data
        else _shapes(playing, end.value if end else None),
        Text(f"{spent / 1e6:.2f}", justify="right") if isinstance(spent, int) else "",
        Text(f"{memory / 2**20:,.1f} MiB", justify="right") if isinstance(memory, (int, float)) else "",
    )


def _shapes(playing: Playing, number: int | None) -> str:
    """The tensors in a value, by name where they have one."""
    if number is None:
        return ""
    found: list[str] = []
    _collect(playing, number, "", found, 3)
    more = f" +{len(found) - _SHAPES}" if len(found) > _SHAPES else ""
    return one_line(", ".join(found[:_SHAPES]) + more, 90)


def _collect(playing: Playing, number: int, name: str, found: list[str], depth: int) -> None:
    try:
        value = playing.trace.value(number)
    except DanglingNumber:
        return
    if isinstance(value, v.Tensor):
        shape = "×".join(map(str, value.shape)) or "scalar"
        found.append(f"{name}={shape}" if name else shape)
    elif isinstance(value, (v.Mapping, v.Config)) and depth:
        for key, item in value.items:
            _collect(playing, item, key, found, depth - 1)
    elif isinstance(value, v.Sequence) and depth:
        for item in value.items:
            _collect(playing, item, name, found, depth - 1)
    elif depth == 3:
        found.append(short_value(playing.trace, value, 40))
