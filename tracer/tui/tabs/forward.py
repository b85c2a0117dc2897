"""The forward tab: the modules that ran, as a table and as boxes from the model's inputs to its output."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.visual import VisualType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tracer.analysis.model_flow import (
    Box,
    Call,
    Layers,
    Operator,
    Part,
    boxes,
    count_not_finite,
    group,
    holds_several,
    is_stack,
    list_of,
    read_passes,
)
from tracer.i18n import NP_, Lang, tr
from tracer.text.sizes import format_size
from tracer.text.visible import visible
from tracer.trace.events import Statistics
from tracer.trace.reading import Trace
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView
from tracer.tui.tabs.table_tab import Row, TableTab
from tracer.views.model_flow import (
    FlowPart,
    cut_middle,
    draw_flow,
    flow_text,
    part_class,
    part_name,
)

_WIDE: Final = 120  # cells of a screen from which on the boxes stand beside the table
_CLASS: Final = 20  # cells that a class has if that brings the other columns onto the screen
_NAMED: Final = 3  # operators of a folded run that are named


class ModuleRow(NamedTuple):
    """A row with what it shows where there is little room."""

    row: Row
    short: Text


class _Rows:
    """Makes the rows of passes; ``heads`` are the columns that there is something for."""

    def __init__(self, top: Sequence[Call | Operator], lang: Lang) -> None:
        calls = [call for part in top if isinstance(part, Call) for call in _all_calls(part)]
        self._lang = lang
        self._memory = any(call.memory is not None for call in calls)
        self._numbers = any(call.statistics for call in calls)
        self.made: list[ModuleRow] = []
        first = next((part for part in top if isinstance(part, Call)), None)
        self._add_all(group(top), "", 0, first)

    @property
    def heads(self) -> tuple[str, ...]:
        return (
            "module", "class", "flow", "ms",
            *(["memory"] if self._memory else []),
            *(["min", "max", "mean", "not-finite"] if self._numbers else []),
        )  # fmt: skip

    def _add_all(self, parts: Sequence[Part], above: str, depth: int, first: Call | None = None) -> None:
        """Add what ran in a module; operators between calls are one row that opens. ``first`` is the pass to open."""
        alone = all(isinstance(part, Operator) for part in parts)
        for are_operators, run in groupby(parts, lambda part: isinstance(part, Operator)):
            members = list(run)
            if not are_operators or alone or len(members) == 1:
                for part in members:
                    self._add(part, above, depth, first)
                continue
            count = tr(self._lang, NP_("{count} operator", "{count} operators"), count=len(members))
            names = [_operation(part.name) for part in members if isinstance(part, Operator)]
            told, short = (
                Text(", ".join(names[:most]) + (" …" if len(names) > most else ""), "dim") for most in (_NAMED, 1)
            )
            cells = [Text(count, "dim"), Text(""), told, *self._blank()]
            self.made.append(ModuleRow(Row(members[0].step, cells, depth, opens=True), short))
            for part in members:
                self._add(part, above, depth + 1)

    def _add(self, part: Part, above: str, depth: int, first: Call | None = None) -> None:
        inside = [] if isinstance(part, Operator) else part.inside
        calls = any(isinstance(one, Call) for one in inside)
        bad = any(one.nan or one.inf for one in _statistics(part))
        style = "bold red" if bad else "dim" if isinstance(part, Operator) else "bold" if calls else ""
        name = self._name(part, above)
        cells = [
            Text(name, style),
            Text(part_class(part), "red" if bad else ""),
            self._flow(part, bad),
            *self._measured(part, bad),
        ]
        opened = isinstance(part, Call) and (part is first or _is_open(part, below_first=first is None))
        row = Row(part.step, cells, depth, opens=bool(inside), open=bool(inside) and opened)
        self.made.append(ModuleRow(row, self._flow(part, bad, short=True)))
        if isinstance(part, Layers):
            self._add_all(part.inside, list_of(part.path), depth + 1)
        elif isinstance(part, Call):
            self._add_all(group(part.inside), part.path, depth + 1)

    def _name(self, part: Part, above: str) -> str:
        name = part_name(part, above)
        return name if name != above or isinstance(part, Layers) else name.rpartition(".")[2]

    def _flow(self, part: Part, bad: bool, *, short: bool = False) -> Text:
        text = flow_text(part, self._lang, short=short)
        if bad:
            text.stylize("red")
        elif isinstance(part, Operator):
            text.stylize("dim")
        return text

    def _measured(self, part: Part, bad: bool) -> Iterator[Text]:
        if isinstance(part, Operator):
            yield from self._blank()
            return
        yield _number("" if part.milliseconds is None else f"{part.milliseconds:.2f}")
        if self._memory:
            yield _number("" if part.memory is None else format_size(part.memory))
        if not self._numbers:
            return
        seen = _statistics(part)
        lowest = min((one.min for one in seen if one.min is not None), default=None)
        highest = max((one.max for one in seen if one.max is not None), default=None)
        mean = seen[0].mean if len(seen) == 1 else None
        for number in (lowest, highest, mean):
            yield _number("" if number is None else f"{number:.4g}")
        count = count_not_finite(sum(one.nan for one in part.statistics), sum(one.inf for one in part.statistics))
        yield Text(count, "bold red" if bad else "", justify="right")

    def _blank(self) -> Iterator[Text]:
        yield from (Text("") for _ in self.heads[3:])


def _all_calls(call: Call) -> Iterator[Call]:
    yield call
    for part in call.inside:
        if isinstance(part, Call):
            yield from _all_calls(part)


def _statistics(part: Part) -> list[Statistics]:
    """Return the numbers of what a part gives: of its first tensor, of each call."""
    if isinstance(part, Operator):
        return []
    return part.statistics if isinstance(part, Layers) else part.statistics[:1]


def _is_open(call: Call, *, below_first: bool) -> bool:
    """Return whether a module is open at first: those that hold towers and stacks, of the first pass."""
    return below_first and list_of(call.path) == call.path and bool(call.path) and (
        holds_several(call) or is_stack(call)
    )  # fmt: skip


def _operation(name: str) -> str:
    """Return the name of an operator without its library and overload: ``add`` of ``aten.add.Tensor``."""
    parts = name.split(".")
    return visible(parts[1] if len(parts) == 3 else name)


def _number(text: str) -> Text:
    return Text(text, justify="right")


class ForwardTable(TableTab):
    """The modules in the order of their calls, with their shapes; layers alike are one row that opens."""

    hints = "forward"
    indent = 1

    class Read(Message):
        """The passes were read."""

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__(state, lang)
        self.passes: list[tuple[Call, list[Box]]] = []
        self._top: list[Call | Operator] | None = None
        self._made: list[ModuleRow] = []
        self._next_heads: tuple[str, ...] = ()

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        if self._top is None:
            top = read_passes(trace)
            self.passes = [(part, boxes(part)) for part in top if isinstance(part, Call)]
            self._top = top
        rows = _Rows(self._top, lang)
        self._made, self._next_heads = rows.made, rows.heads
        return [made.row for made in rows.made]

    def set_rows(self, rows: list[Row]) -> None:
        self.heads = self._next_heads
        super().set_rows(rows)
        self.post_message(self.Read())

    def on_resize(self, event: Resize) -> None:
        if self.computed and self._listed:
            at = self.cursor_row
            self._list_rows()
            self.move_cursor(row=at, animate=False)

    def fit(self, cells: list[list[Text]]) -> list[list[Text]]:
        """Shorten what flows, then classes and names, so that these columns need no scrolling sideways."""
        room = self.size.width - 1  # the last one is for a scroll bar
        if room <= 0 or not cells:
            return cells
        step, module, class_, _, *others = (width + 2 * self.cell_padding for width in _widths(cells))
        shorts = [self._made[index].short for index in self._listed]
        shortest = max(text.cell_len for text in shorts)
        most = max(room - step - module - class_ - sum(others) - 2 * self.cell_padding, shortest)
        flows = [row[3] if row[3].cell_len <= most else short for row, short in zip(cells, shorts, strict=True)]
        flow_width = max(text.cell_len for text in flows) + 2 * self.cell_padding
        over = step + module + class_ + flow_width + sum(others) - room
        if 0 < over <= class_ - _CLASS:  # the other columns are worth more than the ends of the longest classes
            class_ -= over
        widths = [module, class_, flow_width]
        for column, least in ((1, 16), (0, 20), (2, 18)):
            over = max(step + sum(widths) - room, 0)
            widths[column] = max(widths[column] - over, min(widths[column], least))
        narrow = [width - 2 * self.cell_padding for width in widths]
        return [
            [
                row[0],
                *(cut_middle(text, width) for text, width in zip((row[1], row[2], flow), narrow, strict=True)),
                *row[4:],
            ]
            for row, flow in zip(cells, flows, strict=True)
        ]


_HEAD: Final = 6  # cells of a column's head, with the sign of the order


def _widths(cells: list[list[Text]]) -> list[int]:
    """Return the width of each column."""
    return [max(_HEAD, *(text.cell_len for text in column)) for column in zip(*cells, strict=True)]


class FlowBox(Option):
    """Lines of the boxes that lead to a step."""

    def __init__(self, part: FlowPart) -> None:
        super().__init__(_prompt(part), disabled=part.step is None)
        self.step = part.step


def _prompt(part: FlowPart) -> VisualType:
    return part.lines


class FlowView(OptionList, StepView):
    """A pass as boxes, the one at the present step marked; each leads to its step."""

    hints = "flow"

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__(compact=True)
        self.passes: list[tuple[Call, list[Box]]] = []
        self._steps: list[int] = []
        self._drawn: object = None
        self.begin_with(state, lang, shown=False)

    def content_key(self) -> Any:
        return self.number, self.lang, self.size.width, len(self.passes)

    def update_view(self) -> None:
        if not self.passes or self.size.width < 4:
            return
        starts = [root.step for root, _ in self.passes]
        at = max(bisect_right(starts, self.number) - 1, 0)
        drawn = at, self.lang, self.size.width
        if drawn != self._drawn:
            self._drawn = drawn
            root, shown = self.passes[at]
            self.clear_options()
            self.add_options([FlowBox(part) for part in draw_flow(root, shown, self.size.width - 2, self.lang)])
        self._mark()

    def _mark(self) -> None:
        """Highlight the last box at or before the step."""
        places = [
            (option.step, place)
            for place, option in enumerate(self.options)
            if isinstance(option, FlowBox) and option.step is not None
        ]
        last = max((step for step, _ in places if step <= self.number), default=None)
        self.highlighted = next((place for step, place in places if last is None or step == last), None)

    def on_resize(self, event: Resize) -> None:
        self.follow()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if isinstance(event.option, FlowBox) and event.option.step is not None:
            self.post_message(TableTab.Chosen(event.option.step))


class ForwardTab(Horizontal, StepView):
    """The table of the modules and their boxes, side by side where there is room.

    Attributes:
        boxed: whether the boxes are shown instead of the table where there is room for one of them.
    """

    boxed: reactive[bool] = reactive(False, repaint=False)

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__()
        self.table = ForwardTable(state, lang)
        self.flow = FlowView(state, lang)
        self.begin_with(state, lang, shown=False)

    def compose(self) -> ComposeResult:
        for view in (self.table, self.flow):
            yield view.data_bind(ForwardTab.number, ForwardTab.lang, ForwardTab.shown)

    @property
    def computed(self) -> bool:
        return self.table.computed

    @property
    def takes_focus(self) -> ForwardTable | FlowView:
        """The widget to focus when the tab is opened."""
        return self.flow if self.boxed else self.table

    def update_view(self) -> None:
        """Leave it to the table and the boxes, which follow the step themselves."""

    def on_forward_table_read(self) -> None:
        self.flow.passes = self.table.passes
        self._arrange()
        self.flow.follow()

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def watch_boxed(self) -> None:
        self._arrange()

    def toggle_flow(self) -> None:
        """Switch between the table and the boxes: what is shown, or where both are, what has the focus."""
        self.boxed = not self.boxed and bool(self.table.passes)

    def _arrange(self) -> None:
        both = self.app.size.width >= _WIDE and bool(self.table.passes)
        self.set_class(both, "-both")
        self.set_class(self.boxed and not both, "-boxed")
