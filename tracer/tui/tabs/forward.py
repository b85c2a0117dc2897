"""The forward tab: the modules that ran, as a table and as boxes from the model's inputs to its output."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property, partial
from itertools import groupby
from typing import Any, Final, overload

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
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
_SOON: Final = 0.06  # seconds until the boxes of another pass are drawn
_FLOW: Final = 2  # which of the cells says what flows
_NAMED: Final = 3  # operators of a folded run that are named


class ModuleCells(Sequence[Text]):
    """The cells of a row, made when they are shown: there are many more rows than are ever unfolded.

    ``make`` makes them: name, class, what flows, and the measured numbers; with true, what flows in its short form.
    """

    def __init__(self, make: Callable[[bool], list[Text]]) -> None:
        self._make = make

    @cached_property
    def _whole(self) -> list[Text]:
        return self._make(False)

    @cached_property
    def short(self) -> Text:
        """What flows, where there is little room."""
        return self._make(True)[_FLOW]

    def __len__(self) -> int:
        return len(self._whole)

    @overload
    def __getitem__(self, index: int) -> Text: ...
    @overload
    def __getitem__(self, index: slice) -> list[Text]: ...
    def __getitem__(self, index: int | slice) -> Text | list[Text]:
        return self._whole[index]


class _Rows:
    """Makes the rows of passes; ``heads`` are the columns that there is something for."""

    def __init__(self, top: Sequence[Call | Operator], lang: Lang) -> None:
        calls = [call for part in top if isinstance(part, Call) for call in _all_calls(part)]
        self._lang = lang
        self._memory = any(call.memory is not None for call in calls)
        self._numbers = any(call.statistics for call in calls)
        self.made: list[Row] = []
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
            names = [part.name for part in members if isinstance(part, Operator)]
            self.made.append(Row(members[0].step, ModuleCells(partial(self._run_cells, names)), depth, opens=True))
            for part in members:
                self._add(part, above, depth + 1)

    def _add(self, part: Part, above: str, depth: int, first: Call | None = None) -> None:
        inside = [] if isinstance(part, Operator) else part.inside
        opened = isinstance(part, Call) and (part is first or (first is None and _is_open(part)))
        cells = ModuleCells(partial(self._cells, part, above))
        self.made.append(Row(part.step, cells, depth, opens=bool(inside), open=bool(inside) and opened))
        if isinstance(part, Layers):
            self._add_all(part.inside, list_of(part.path), depth + 1)
        elif isinstance(part, Call):
            self._add_all(group(part.inside), part.path, depth + 1)

    def _run_cells(self, names: list[str], short: bool) -> list[Text]:
        most = 1 if short else _NAMED
        told = ", ".join(map(_operation, names[:most])) + (" …" if len(names) > most else "")
        count = tr(self._lang, NP_("{count} operator", "{count} operators"), count=len(names))
        return [Text(count, "dim"), Text(""), Text(told, "dim"), *self._blank()]

    def _cells(self, part: Part, above: str, short: bool) -> list[Text]:
        calls = not isinstance(part, Operator) and any(isinstance(one, Call) for one in part.inside)
        bad = _count_not_finite(part)
        flow = flow_text(part, self._lang, short=short)
        if bad or isinstance(part, Operator):
            flow.stylize("red" if bad else "dim")
        return [
            Text(
                part_name(part, above),
                "bold red" if bad else "dim" if isinstance(part, Operator) else "bold" if calls else "",
            ),
            Text(part_class(part), "red" if bad else ""),
            flow,
            *self._measured(part, bad),
        ]

    def _measured(self, part: Part, bad: str) -> Iterator[Text]:
        if isinstance(part, Operator):
            yield from self._blank()
            return
        yield _number("" if part.milliseconds is None else f"{part.milliseconds:.2f}")
        if self._memory:
            yield _number("" if part.memory is None else format_size(part.memory))
        if not self._numbers:
            return
        seen = [call.statistics[0] for call in _calls(part) if call.statistics]
        lowest = min((one.min for one in seen if one.min is not None), default=None)
        highest = max((one.max for one in seen if one.max is not None), default=None)
        mean = seen[0].mean if len(seen) == 1 else None
        for number in (lowest, highest, mean):
            yield _number("" if number is None else f"{number:.4g}")
        yield Text(bad, "bold red", justify="right")

    def _blank(self) -> Iterator[Text]:
        yield from (Text("") for _ in self.heads[_FLOW + 1 :])


def _calls(part: Part) -> list[Call]:
    return [] if isinstance(part, Operator) else part.calls if isinstance(part, Layers) else [part]


def _count_not_finite(part: Part) -> str:
    """Return how many of the numbers that a part gives are NaN or infinite; empty if all are finite."""
    given = [one for call in _calls(part) for one in call.statistics]
    return count_not_finite(sum(one.nan for one in given), sum(one.inf for one in given))


def _all_calls(call: Call) -> Iterator[Call]:
    yield call
    for part in call.inside:
        if isinstance(part, Call):
            yield from _all_calls(part)


def _is_open(call: Call) -> bool:
    """Return whether a module is open at first: one that holds towers or a stack of layers."""
    return bool(call.path) and list_of(call.path) == call.path and (holds_several(call) or is_stack(call))


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
        self._next_heads: tuple[str, ...] = ()

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        if self._top is None:
            top = read_passes(trace)
            self.passes = [(part, boxes(part)) for part in top if isinstance(part, Call)]
            self._top = top
        rows = _Rows(self._top, lang)
        self._next_heads = rows.heads
        return rows.made

    def set_rows(self, rows: list[Row]) -> None:
        self.heads = self._next_heads
        super().set_rows(rows)
        self.post_message(self.Read())

    def on_resize(self, event: Resize) -> None:
        if self.computed and self._listed:
            at = self.cursor_row
            self._list_rows()
            self.move_cursor(row=at, animate=False)

    def _row_cells(self, index: int) -> ModuleCells:
        made = self._rows[index].cells
        assert isinstance(made, ModuleCells)
        return made

    def fit(self, cells: list[list[Text]]) -> list[list[Text]]:
        """Shorten what flows, then classes and names, so that these columns need no scrolling sideways."""
        room = self.size.width - 1  # the last one is for a scroll bar
        if room <= 0 or not cells:
            return cells
        step, module, class_, _, *others = (width + 2 * self.cell_padding for width in _widths(cells))
        shorts = [made.short for made in map(self._row_cells, self._listed)]
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
        self._drawn: tuple[int, Lang, int] | None = None
        self._waiting: Timer | None = None
        self.begin_with(state, lang, shown=False)

    def content_key(self) -> Any:
        return self.number, self.lang, self.size.width, len(self.passes)

    def update_view(self) -> None:
        if not self.passes or self.size.width < 4:
            return
        if self._waiting is not None:
            self._waiting.stop()
        drawn = self._wanted()
        if drawn == self._drawn:
            self._mark()
        elif self._drawn is None or drawn[1:] != self._drawn[1:]:
            self._draw()
        else:  # another pass; on a way through many, only the one where it ends needs to be drawn
            self._waiting = self.set_timer(_SOON, self._draw)

    def _wanted(self) -> tuple[int, Lang, int]:
        """Return what the boxes depend on: the pass at the step, the language and the width."""
        starts = [root.step for root, _ in self.passes]
        return max(bisect_right(starts, self.number) - 1, 0), self.lang, self.size.width

    def _draw(self) -> None:
        self._drawn = at, lang, width = self._wanted()
        root, shown = self.passes[at]
        self.clear_options()
        self.add_options([FlowBox(part) for part in draw_flow(root, shown, width - 2, lang)])
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
