"""The tables of the model: the tensors that were loaded, the modules that ran, and the tokens of the pass."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from tracer.analysis.value_format import format_summary
from tracer.i18n import Lang, tr
from tracer.text.sizes import format_size
from tracer.text.visible import one_line, visible
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import (
    DeviceTimes,
    ModuleEntered,
    ModuleLeft,
    Recorded,
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


_SHAPES_WIDTH = 44
_SHAPES = 3  # tensors of one argument list that are shown


class ForwardTab(TableTab):
    heads = ("module", "in", "out", "ms", "memory", "class")

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        on_device = {
            (measured.step.stage, call): spent
            for measured in events(trace, DeviceTimes)
            for call, spent in measured.event.milliseconds.items()
        }
        left = {(end.step.stage, end.event.call): end for end in events(trace, ModuleLeft)}
        entered: list[tuple[Recorded[ModuleEntered], int]] = []
        depths: dict[tuple[str, int | None], int] = {}
        for call in events(trace, ModuleEntered):
            depth = depths.get((call.step.stage, call.event.parent), -1) + 1
            depths[call.step.stage, call.event.call] = depth
            entered.append((call, depth))
        rows: list[Row] = []
        for (call, depth), (_, below) in zip(entered, [*entered[1:], (None, 0)], strict=False):
            stage, number = call.step.stage, call.event.call
            end, spent = left.get((stage, number)), on_device.get((stage, str(number)))
            rows.append(_module_row(trace, call, depth, end, spent, parent=below > depth))
        return rows


def _module_row(
    trace: Trace,
    call: Recorded[ModuleEntered],
    depth: int,
    end: Recorded[ModuleLeft] | None,
    on_device: float | None,
    *,
    parent: bool,
) -> Row:
    """Return the row of one module; ``on_device`` is its time on a GPU in ms, which the host's clock does not show."""
    name = (call.event.path or "").rpartition(".")[2] or "(model)"
    left = end.event if end is not None else ModuleLeft()
    spent = on_device if on_device is not None or left.nanoseconds is None else left.nanoseconds / 1e6
    came_out = (
        Text(visible(f"raised {left.raised}"), "bold red")
        if left.raised is not None
        else _shapes(trace, end.step.value if end is not None else None)
    )
    cells = (
        Text(visible(name), "bold" if parent else ""),
        _shapes(trace, call.step.value),
        came_out,
        Text(f"{spent:.2f}", justify="right") if spent is not None else "",
        Text(format_size(left.cuda_after), justify="right") if left.cuda_after is not None else "",
        visible((call.event.class_ or "").rpartition(".")[2]),
    )
    # Of a list of equal blocks only the first is open.
    return Row(call.step.number, cells, depth, opens=parent, open=parent and (not name.isdecimal() or int(name) == 0))


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
