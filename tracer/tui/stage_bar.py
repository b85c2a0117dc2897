"""The stage bar: the stages in order, each with its share of the steps, and the position of the cursor."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive

from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.outcome import GOOD
from tracer.trace.queries import nearest_of_stages
from tracer.trace.reading import Trace
from tracer.trace.vocabulary import STAGES
from tracer.tui.background import in_background, start_worker
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView
from tracer.views.outcome import class_text, outcome_style, outcome_text, undone_texts
from tracer.views.stages import stage_name

Stretch = tuple[str, int, int]
"""A stage, and the first and last of consecutive steps of it."""

_AT_ONCE: Final = 1_000  # stretches; the rest is found in the background
_SHADES: Final = ("#8fbcbb", "#d8c48a", "#a3be8c", "#c99ac0", "#88b0d8", "#d9a58a")


class StageBar(StepView):
    """One segment for each stretch of a stage, as wide as its share; a click jumps to where it was clicked."""

    furnished: reactive[bool] = reactive(False)

    class Jumped(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__(id="stages")
        self.begin_with(state, lang)
        self._stretches: list[Stretch] = []
        self._names_at: list[tuple[int, int, str]] = []
        self._undone_texts = lru_cache(maxsize=2)(partial(undone_texts, state.trace))

    def on_mount(self) -> None:
        try:
            self._stretches = list(islice(stretches(self._state.trace), _AT_ONCE))
        except TracerError as error:
            self.log.error(visible(str(error)))
        if len(self._stretches) == _AT_ONCE:
            start_worker(self, self._find_the_rest)

    async def _find_the_rest(self) -> None:
        try:
            self._stretches = await in_background(self._state.trace.path, lambda trace: list(stretches(trace)))
        except TracerError as error:
            self.log.error(visible(str(error)))
        self.refresh()

    def update_view(self) -> None:
        self.refresh()

    def render(self) -> Text:
        width, state = max(self.size.width, 1), self._state
        if state.empty:
            return Text(tr(self.lang, "This trace has no steps: it ended before the first one was recorded."))
        lines = [self._names(width), self._line(width)]
        if self.size.height > len(lines):
            lines.insert(0, self._title(width))
        return Text("\n").join(lines)

    def _title(self, width: int) -> Text:
        """Return what was loaded, as which class, with which release, and how it ended."""
        trace, lang = self._state.trace, self.lang
        parts = [Text(visible(trace.meta.model_name), "bold")]
        calls = self._state.loads if self.furnished else []
        if len(calls) > 1:
            at = max(bisect_right(calls, self._state.number), 1)
            parts.append(Text(tr(lang, "load {number} of {count}", number=at, count=len(calls)), "bold"))
        made = trace.outcome.result
        if made and len(calls) < 2:
            parts.append(Text(class_text(made, lang)))
        if trace.meta.transformers is not None:
            parts.append(Text(visible(f"transformers {trace.meta.transformers}")))
        style = "" if trace.outcome.status in GOOD else outcome_style(trace.outcome)
        parts.append(Text(outcome_text(trace.outcome, lang), style))
        parts += [Text(undone, "bold yellow") for undone in self._undone_texts(lang)]
        title = Text(" · ").join(parts)
        title.truncate(width, overflow="ellipsis")
        return title

    def _names(self, width: int) -> Text:
        """Return the stages around the current one, as many as fit, and the number of the step."""
        state = self._state
        here = state.step.stage
        at = tr(self.lang, "step {number} / {count}", number=state.number, count=len(state.trace) - 1)
        order = list(dict.fromkeys([*(stage for stage, _, _ in self._stretches), here]))
        first, last = names_that_fit(
            [cell_len(stage_name(stage, self.lang)) + 3 for stage in order], order.index(here), width - cell_len(at) - 4
        )
        names, self._names_at = Text("" if first == 0 else "… "), []
        for stage in order[first : last + 1]:
            begin = names.cell_len
            names.append(f" {stage_name(stage, self.lang)} ", "bold reverse" if stage == here else "")
            self._names_at.append((begin, names.cell_len, stage))
            names.append("›" if stage != order[last] else "" if stage == order[-1] else " …", "dim")
        names.truncate(max(width - cell_len(at) - 1, 1), overflow="ellipsis")
        names.append(" " * (width - names.cell_len - cell_len(at)))
        names.append(at, "bold")
        names.truncate(width, overflow="ellipsis")
        return names

    def _line(self, width: int) -> Text:
        """Return a bar of the whole trace: a stretch for each visit to a stage, named if it fits, and the cursor."""
        state = self._state
        count = max(len(state.trace), 1)
        cells: list[tuple[str, str]] = []
        for index, (stage, first, last) in enumerate(self._stretches):
            begin, end = first * width // count, (last + 1) * width // count
            style = f"black on {_SHADES[_shade(stage) % len(_SHADES)]}"
            name = stage_name(stage, self.lang)
            label = f" {name}" if Text(name).cell_len + 2 <= end - begin else ""
            label = label if index == 0 or label else "▏"
            cells.extend((char, style) for char in _padded(label, end - begin))
        cells = cells[:width] + [(" ", "")] * (width - len(cells))
        at = min(state.number * width // count, width - 1)
        while at and not cells[at][0]:
            at -= 1  # the right half of a wide character
        line = Text(no_wrap=True)
        for cell, (char, style) in enumerate(cells):
            line.append("◆" if cell == at else char, "bold white on red" if cell == at else style)
            if cell == at and cell + 1 < len(cells) and not cells[cell + 1][0]:
                line.append(" ", style)
        return line

    def on_click(self, event: events.Click) -> None:
        at, width, count = event.get_content_offset(self), max(self.size.width, 1), len(self._state.trace)
        if at is None or not count:
            return
        row = at.y - (self.size.height - 2)
        if row == 1:
            self.post_message(self.Jumped(min(at.x * count // width, count - 1)))
        elif row == 0 and (stage := self._stage_under(at.x)) is not None:
            self.post_message(self.Jumped(stage))

    def _stage_under(self, x: int) -> int | None:
        """Return the first step of the stage whose name is at this column."""
        named = next((stage for begin, end, stage in self._names_at if begin <= x < end), None)
        return next((first for stage, first, _ in self._stretches if stage == named), None)


def names_that_fit(widths: list[int], here: int, room: int) -> tuple[int, int]:
    """Return the first and the last of the names around ``here`` that fit."""
    first = last = here
    left = room - widths[here]
    while True:
        grown = False
        for side in (last + 1, first - 1):
            if 0 <= side < len(widths) and widths[side] <= left:
                left -= widths[side]
                first, last, grown = min(first, side), max(last, side), True
        if not grown:
            return first, last


def _shade(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(stage)


def _padded(text: str, width: int) -> list[str]:
    """Return a text as a list of ``width`` cells; the right half of a wide character is an empty string."""
    cells: list[str] = []
    for char in set_cell_size(text, max(width, 0)):
        cells.append(char)
        cells.extend([""] * (cell_len(char) - 1))
    return cells


def stretches(trace: Trace) -> Iterator[Stretch]:
    """Yield each run of consecutive steps of one stage: the stage, its first and its last step.

    What follows a stretch is the nearest of the other stages' next steps, which an index knows; so the time it takes
    is for the stretches there are, and not for the steps.
    """
    upcoming: dict[str, int | None] = dict.fromkeys(trace.stages(), -1)
    number, stage = (0, trace.step(0).stage) if len(trace) else (0, "")
    while stage:
        for other, its_next in upcoming.items():
            if other != stage and its_next is not None and its_next < number:
                found = nearest_of_stages(trace, number, [other])
                upcoming[other] = None if found is None else found[0]
        begins = {its_next: other for other, its_next in upcoming.items() if other != stage and its_next is not None}
        end = min(begins, default=len(trace))
        yield stage, number, end - 1
        number, stage = end, begins.get(end, "")
