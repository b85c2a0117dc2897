"""The pass through the model: in one line from what goes in to what comes out, and as boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tracer.analysis.model_flow import (
    Box,
    Call,
    Layers,
    NotFinite,
    Operator,
    Part,
    Port,
    first_pass,
    gives_of,
    input_order,
    list_of,
    main_ports,
    name_below,
    ports_of,
    takes_of,
)
from tracer.i18n import N_, Lang, tr
from tracer.text.visible import visible
from tracer.trace.reading import Trace

_INPUTS: Final = 4  # named in a line
_PORTS: Final = 3  # named of one module
_SHORT_DTYPES: Final = {
    "float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16", "int64": "i64", "int32": "i32",
}  # fmt: skip


def flow_line(trace: Trace, lang: Lang) -> tuple[str, int] | None:
    """Return the first pass in one line, and the step at which it enters the model; None if there is no pass.

    For example ``pixel_values 1×3×56×56 + input_ids 1×32 → logits 1×37×256``.
    """
    found = first_pass(trace)
    if found is None:
        return None
    entered, left = found
    inputs = input_order(main_ports(ports_of(trace, entered.step.value)))
    told = [port_text(port) for port in inputs[:_INPUTS]]
    more = [f"+{len(inputs) - _INPUTS}"] if len(inputs) > _INPUTS else []
    if left is None:
        came = tr(lang, N_("the pass did not end"))
    elif left.event.raised is not None:
        came = _raised(left.event.raised, lang)
    else:
        came = next(map(port_text, main_ports(ports_of(trace, left.step.value))), tr(lang, N_("no tensor")))
    return f"{' + '.join([*told, *more]) or tr(lang, N_('no tensor'))} → {came}", entered.step.number


def _raised(name: str, lang: Lang) -> str:
    return tr(lang, N_("raised {name}"), name=visible(name))


def port_text(port: Port) -> str:
    """Return a tensor by its name, if it has one, and its shape."""
    return f"{visible(port.name)} {port.size}" if port.name else port.size


# A module in a line


def part_name(part: Part, above: str) -> str:
    """Return what a part is called below the module ``above``: its path from there, of layers alike with their numbers.

    For example ``layers 0–39 ×40``.
    """
    if isinstance(part, Operator):
        return visible(part.name)
    below = visible(name_below(part.path, above)) or "(model)"
    if not isinstance(part, Layers):
        return below
    calls = part.calls
    if list_of(part.path) == part.path:  # the same module again and again
        return f"{below} ×{len(calls)}"
    numbers = [int(call.path.rpartition(".")[2]) for call in calls]
    sign = "–" if numbers == [*range(numbers[0], numbers[0] + len(numbers))] else "…"
    name = visible(name_below(list_of(part.path), above))
    return f"{name} {numbers[0]}{sign}{numbers[-1]} ×{len(calls)}"


def part_class(part: Part) -> str:
    return "" if isinstance(part, Operator) else visible(part.class_)


def flow_text(
    part: Part, lang: Lang, *, short: bool = False, known: Iterable[str] = (), only_out: bool = False
) -> Text:
    """Return what goes into a part and what comes out: ``1×35 → 1×35×64 bf16``.

    The dtype stands where it changes. ``short`` has only the first tensor of each side; those named in ``known`` have
    their name always. ``only_out`` leaves out what goes in.
    """
    takes, gives = takes_of(part), gives_of(part)
    ended = part.calls[-1].left if isinstance(part, Layers) else part.left if isinstance(part, Call) else None
    text = Text("→ " if only_out else f"{_ports_text(takes, short=short, known=known)} → ")
    if ended is not None and ended.raised is not None:
        return text.append(_raised(ended.raised, lang), "bold red")
    if not isinstance(part, Operator) and ended is None:
        return text.append("…")
    text.append(_ports_text(gives, short=short, known=known))
    came, went = main_ports(takes)[:1], main_ports(gives)[:1]
    if came and went and came[0].dtype != went[0].dtype:
        dtype = visible(went[0].dtype)
        text.append(f" {_SHORT_DTYPES.get(dtype, dtype)}", "italic")
    return text


def _ports_text(ports: Sequence[Port], *, short: bool, known: Iterable[str]) -> str:
    main = main_ports(ports)
    if not main:
        return "–"
    short = short or not any(port.name for port in main)
    named = main[: 1 if short else _PORTS]
    alone = len(main) == 1 or short
    told = [port.size if alone and port.name not in known else port_text(port) for port in named]
    more = len(main) - len(named)
    return ", ".join(told) + (f" +{more}" if more else "")


def cut_middle(text: Text, width: int) -> Text:
    """Return a text in about ``width`` cells, with an ellipsis in its middle where it is cut."""
    if text.cell_len <= width:
        return text
    tail = max(width - 1, 0) // 2
    return Text.assemble(text[: max(width - 1 - tail, 0)], "…", text[len(text) - tail :])


# The boxes


class FlowPart(NamedTuple):
    """Lines of the flow that belong together, and the step that they lead to; None for what is between the boxes."""

    lines: Text
    step: int | None


_WIDEST: Final = 76  # cells of a box: there is no use in more


def draw_flow(root: Call, shown: Sequence[Box], width: int, lang: Lang) -> list[FlowPart]:
    """Return a pass from its inputs to its output as boxes of text, at most ``width`` cells wide.

    ``shown`` is what :func:`tracer.analysis.model_flow.boxes` returns for it. They are in the order of the calls: how
    they hang together, the trace does not tell.
    """
    inputs = input_order(main_ports(root.takes))
    known = {port.name for port in inputs if len(inputs) > 1}
    room = min(width - 4, _WIDEST)
    drawn = [_contents(box, known, room, lang) for box in shown]
    texts = [
        text
        for (title, body), box in zip(drawn, shown, strict=True)
        if not box.wrapper
        for text in (title, *(line for line, _ in body))
    ]
    inner = max((text.cell_len for text in texts), default=0)
    inner = max(min(inner, room), 8)
    parts = [FlowPart(Text(tr(lang, N_("modules in the order of their calls")), "italic"), None)]
    parts += [FlowPart(row, root.step) for row in _tensor_boxes(inputs, width)]
    parts += _beside_text([port for port in root.takes if port not in inputs])
    for (title, body), box in zip(drawn, shown, strict=True):
        if box.wrapper:
            lines = [Text.assemble(" ", title, "  ", body[0][0])]
            if lines[0].cell_len > width:
                lines = [Text.assemble(" ", title), Text.assemble("   ", body[0][0])]
            fitting = [_fit(line, max(width, 8), pad=False) for line in lines]
            parts.append(FlowPart(Text("\n").join(fitting), box.part.step))
            continue
        parts.append(FlowPart(Text("  ↓"), None))
        parts += _box(title, body, box.part.step, inner)
    parts.append(FlowPart(Text("  ↓"), None))
    return [*parts, *_end(root, width, lang)]


def _end(root: Call, width: int, lang: Lang) -> Iterator[FlowPart]:
    if root.left is None or root.left.raised is not None:
        raised = root.left.raised if root.left is not None else None
        text = tr(lang, N_("the pass did not end")) if raised is None else _raised(raised, lang)
        yield FlowPart(Text(f" {text}", "bold red"), root.step)
        return
    main = main_ports(root.gives)
    for row in _tensor_boxes(main[:1], width):
        yield FlowPart(row, root.step)
    yield from _beside_text([port for port in root.gives if port not in main[:1]])


def _beside_text(ports: Sequence[Port]) -> Iterator[FlowPart]:
    """Yield a line with the tensors that accompany others; equal ones are counted."""
    told = Counter(map(port_text, ports))
    texts = [text if count == 1 else f"{text} (×{count})" for text, count in told.items()]
    if texts:
        text = " " + ", ".join(texts[:_PORTS]) + (f" +{len(texts) - _PORTS}" if len(texts) > _PORTS else "")
        yield FlowPart(Text(text, no_wrap=True, overflow="ellipsis"), None)


def _contents(box: Box, known: set[str], room: int, lang: Lang) -> tuple[Text, list[tuple[Text, int]]]:
    """Return the title of a box and its lines with their steps."""
    title = Text.assemble((part_name(box.part, box.above), "bold"), " ", part_class(box.part))
    takes = Text(_ports_text(takes_of(box.part), short=False, known=known))
    own = [flow_text(box.part, lang, known=known)]
    if box.wrapper:
        own = [takes]
    elif own[0].cell_len > room:
        own = [takes, flow_text(box.part, lang, only_out=True)]
    names = ["  " * (line.depth + 1) + part_name(line.part, line.above) for line in box.lines]
    widest = max(map(cell_len, names), default=0)
    flows = [flow_text(line.part, lang, short=True) for line in box.lines]
    if any(widest + 2 + flow.cell_len > room for flow in flows):
        flows = [flow_text(line.part, lang, short=True, only_out=True) for line in box.lines]
        widest = min(widest, max(room - 2 - max(flow.cell_len for flow in flows), 12))
    body = [(text, box.part.step) for text in own]
    for name, line, flow in zip(names, box.lines, flows, strict=True):
        body.append((Text(f"{set_cell_size(cut_middle(Text(name), widest).plain, widest)}  ") + flow, line.part.step))
    return title, body


def _box(title: Text, body: list[tuple[Text, int]], step: int, inner: int) -> Iterator[FlowPart]:
    """Yield a box: its head with the first line, then each line; the frame below belongs to the last."""
    head = Text.assemble("╭ ", _fit(title, inner - 1, pad=False), " ")
    head.append("─" * (inner + 2 - head.cell_len + 1) + "╮")
    foot = Text("╰" + "─" * (inner + 2) + "╯")
    lines = [Text.assemble("│ ", _fit(text, inner), " │") for text, _ in body]
    first, *others = lines
    if not others:
        yield FlowPart(Text("\n").join([head, first, foot]), step)
        return
    yield FlowPart(Text("\n").join([head, first]), step)
    for line, (_, number) in zip(others, body[1:], strict=True):
        yield FlowPart(line, number)
    yield FlowPart(foot, None)


def _fit(text: Text, width: int, *, pad: bool = True) -> Text:
    """Return a text of exactly this width; with ``pad`` false, of no more than it."""
    text = text.copy()
    if text.cell_len > width:
        text.truncate(width, overflow="ellipsis")
    elif pad:
        text.pad_right(width - text.cell_len)
    return text


def _tensor_boxes(ports: Sequence[Port], width: int) -> Iterator[Text]:
    """Yield rows of boxes of tensors, as many in a row as fit."""
    row: list[list[str]] = []
    for port in ports:
        name, size = visible(port.name) or "–", port.size
        inner = max(cell_len(name) + 1, cell_len(size))
        if inner + 4 > width:
            inner = max(width - 4, 2)
            name, size = set_cell_size(name, inner - 1), set_cell_size(size, inner)
        lines = [
            f"╭ {name} {'─' * (inner - cell_len(name))}╮",
            f"│ {set_cell_size(size, inner)} │",
            f"╰{'─' * (inner + 2)}╯",
        ]
        if row and sum(cell_len(box[0]) + 1 for box in row) + inner + 4 > width:
            yield _beside(row)
            row = []
        row.append(lines)
    if row:
        yield _beside(row)


def _beside(row: list[list[str]]) -> Text:
    return Text("\n".join(" ".join(parts) for parts in zip(*row, strict=True)), "bold")


# NaN and infinity

NOTHING_NOT_FINITE: Final = N_("No module gave NaN or infinity.")
NO_STATISTICS: Final = N_("The numbers of the pass were not recorded: record with --stats to find NaN and infinity.")
NO_PASS: Final = N_("There is no pass through the model in this trace.")


def not_finite_text(found: NotFinite, lang: Lang) -> str:
    """Return a sentence about the module that first gave NaN or infinity."""
    values = {name: visible(value) for name, value in found.facts().items()}
    return tr(lang, N_("first NaN or infinity: {name} ({class}) gives {count}"), **values)
