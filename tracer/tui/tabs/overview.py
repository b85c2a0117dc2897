"""The overview: what was loaded and why on one page, each line leading to the step that shows it."""

from __future__ import annotations

from functools import partial
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tracer.analysis.diagnosis import diagnose
from tracer.analysis.stage_summary import summarize_stages
from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.tui.background import in_background, start_worker
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView
from tracer.tui.tabs.table_tab import NOTHING
from tracer.views.overview import overview, overview_lines, topic_width

Line = tuple[str, Text, int | None]


class OverviewTab(OptionList, StepView):
    """The lines of the overview; one is chosen with Enter or a click."""

    hints = "overview"

    class Chosen(Message):
        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__(id="overview")
        self.computed = False
        self.steps: list[int | None] = []
        self.begin_with(state, lang, shown=False)

    def content_key(self) -> Any:
        return self.lang

    def update_view(self) -> None:
        if not self.computed:
            self._list([(tr(self.lang, "Computing …"), Text(), None)])
        start_worker(self, partial(self._compute, self.lang), exclusive=True)

    async def _compute(self, lang: Lang) -> None:
        try:
            lines = await in_background(self._state.trace.path, lambda trace: _lines(trace, lang))
        except TracerError as error:
            lines = [("", Text(visible(error.localized(lang))), None)]
        at = self.highlighted
        self._list(lines or [("", Text(tr(lang, NOTHING), "dim"), None)])
        self.computed = True
        first = next((index for index, step in enumerate(self.steps) if step is not None), None)
        self.highlighted = at if at is not None and self.option_count > at else first

    def _list(self, lines: list[Line]) -> None:
        self.clear_options()
        self.steps = [step for _, _, step in lines]
        width = len(str(max(len(self._state.trace) - 1, 0)))
        topics = max([topic_width(self.lang), *(cell_len(topic) for topic, _, _ in lines)])  # the heads of loads too
        for topic, text, step in lines:
            row = Table.grid(padding=(0, 1), expand=True)
            row.add_column(width=topics, style="bold")
            row.add_column(ratio=1, overflow="fold")
            row.add_column(width=width, justify="right", style="dim")
            row.add_row(topic, text, "" if step is None else str(step))
            self.add_option(Option(row, disabled=step is None))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        step = self.steps[event.option_index]
        if step is not None:
            self.post_message(self.Chosen(step))


def _lines(trace: Trace, lang: Lang) -> list[Line]:
    found = diagnose(trace)
    told = overview(trace, summarize_stages(trace), lang, causes=found.causes[:1], surprises=found.surprises)
    return list(overview_lines(told, lang))
