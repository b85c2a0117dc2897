"""The stages of the journey in their order, with the share each has of the steps, and where the cursor is."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from tracer.export.phrases import Lang, stage_name
from tracer.trace.vocabulary import STAGES
from tracer.tui.playing import Playing
from tracer.tui.words import say

_SHADES: Final = ("#8fbcbb", "#d8c48a", "#a3be8c", "#c99ac0", "#88b0d8", "#d9a58a")


class StageBar(Widget):
    """One segment for each stretch of a stage, as wide as its share; a click jumps to where it was clicked."""

    class Jumped(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, playing: Playing, lang: Lang) -> None:
        super().__init__(id="stages")
        self._playing = playing
        self.lang: Lang = lang
        self._stretches = _stretches(playing)

    def show(self, playing: Playing, lang: Lang) -> None:
        self.lang = lang
        self.refresh()

    def render(self) -> Text:
        width, playing = max(self.size.width, 1), self._playing
        if playing.empty:
            return Text(say(self.lang, "no-steps"))
        return Text("\n").join([self._names(width), self._line(width)])

    def _names(self, width: int) -> Text:
        """The stage that the cursor is in, and where in the trace that is."""
        playing = self._playing
        here = playing.step.stage
        at = say(self.lang, "step-of", number=playing.number, count=len(playing.trace) - 1)
        names = Text()
        order = list(dict.fromkeys(stage for stage, _, _ in self._stretches))
        for stage in order:
            if names:
                names.append(" › ", "dim")
            names.append(stage_name(stage, self.lang), "bold reverse" if stage == here else "")
        names.append(f"   {at}", "bold")
        if names.cell_len > width:
            names = Text.assemble((f" {stage_name(here, self.lang)} ", "bold reverse"), (f"  {at}", "bold"))
        names.truncate(width, overflow="ellipsis")
        return names

    def _line(self, width: int) -> Text:
        """A bar of the whole trace: a stretch for each visit to a stage, named where there is room, and the cursor."""
        playing = self._playing
        count = max(len(playing.trace), 1)
        cells: list[tuple[str, str]] = []
        for index, (stage, first, last) in enumerate(self._stretches):
            begin, end = first * width // count, (last + 1) * width // count
            style = f"black on {_SHADES[_shade(stage) % len(_SHADES)]}"
            name = stage_name(stage, self.lang)
            label = f" {name}" if Text(name).cell_len + 2 <= end - begin else ""
            label = label if index == 0 or label else "▏"
            cells.extend((char, style) for char in _padded(label, end - begin))
        cells = cells[:width] + [(" ", "")] * (width - len(cells))
        at = min(playing.number * width // count, width - 1)
        while at and not cells[at][0]:
            at -= 1  # the right half of a wide character
        line = Text(no_wrap=True)
        for cell, (char, style) in enumerate(cells):
            line.append("◆" if cell == at else char, "bold white on red" if cell == at else style)
            if cell == at and cell + 1 < len(cells) and not cells[cell + 1][0]:
                line.append(" ", style)
        return line

    def on_click(self, event: events.Click) -> None:
        width, count = max(self.size.width, 1), len(self._playing.trace)
        if not count:
            return
        if event.y == 0:
            stage = self._stage_under(event.x)
            if stage is not None:
                self.post_message(self.Jumped(stage))
            return
        self.post_message(self.Jumped(min(event.x * count // width, count - 1)))

    def _stage_under(self, x: int) -> int | None:
        """The first step of the stage whose name stands at this column."""
        column = 0
        for stage in dict.fromkeys(stage for stage, _, _ in self._stretches):
            column += Text(stage_name(stage, self.lang)).cell_len + 3
            if x < column:
                return next(first for name, first, _ in self._stretches if name == stage)
        return None


def _shade(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(stage)


def _padded(text: str, width: int) -> list[str]:
    """A text in so many cells, one entry for each; the right half of a wide character is empty."""
    cells: list[str] = []
    for char in set_cell_size(text, max(width, 0)):
        cells.append(char)
        cells.extend([""] * (cell_len(char) - 1))
    return cells


def _stretches(playing: Playing) -> list[tuple[str, int, int]]:
    """Consecutive steps of one stage: the stage, the first and the last of them."""
    rows = playing.trace.rows(
        "SELECT number, stage FROM (SELECT number, stage, lag(stage) OVER (ORDER BY number) AS before FROM step)"
        " WHERE before IS NULL OR before != stage ORDER BY number"
    )
    if playing.empty:
        return []
    begins = [(str(stage), int(number)) for number, stage in rows]
    ends = [number - 1 for _, number in begins[1:]] + [len(playing.trace) - 1]
    return [(stage, first, last) for (stage, first), last in zip(begins, ends, strict=True)]
