"""The tab of the diagnosis: why a load failed, or what it did that its user may not expect."""

from __future__ import annotations

from functools import partial
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tracer.analysis.diagnosis import Diagnosis, diagnose
from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.tui.background import in_background, start_worker
from tracer.tui.player_state import PlayerState
from tracer.tui.step_view import StepView
from tracer.tui.tabs.table_tab import Row, TableTab
from tracer.views.why import diagnosis_report, evidence_text


class WhyTab(VerticalScroll, StepView):
    """What ``glm-trace why`` says of the trace, and below it the steps that show it, to go to."""

    hints = "text"

    def __init__(self, state: PlayerState, lang: Lang) -> None:
        super().__init__()
        self.computed = False
        self.begin_with(state, lang, shown=False)

    def compose(self) -> ComposeResult:
        yield Static("", id="why-text")
        yield EvidenceTable(self._state, self.lang)

    def content_key(self) -> Any:
        return self.lang

    def update_view(self) -> None:
        if not self.computed:
            self.query_one("#why-text", Static).update(Text(tr(self.lang, "Computing …"), "dim"))
        self.computed = False
        start_worker(self, partial(self._compute, self.lang), exclusive=True)

    async def _compute(self, lang: Lang) -> None:
        table = self.query_one(EvidenceTable)
        table.lang = lang
        report: RenderableType
        try:
            report, rows = await in_background(self._state.trace.path, lambda trace: _diagnosis(trace, lang))
        except TracerError as error:
            report, rows = Text(visible(str(error))), []
        self.query_one("#why-text", Static).update(report)
        table.set_rows(rows)
        table.display = bool(rows)
        self.computed = True


class EvidenceTable(TableTab):
    """The steps of a diagnosis' chains; the tab that it is in fills it."""

    heads = ("shows",)


def _diagnosis(trace: Trace, lang: Lang) -> tuple[RenderableType, list[Row]]:
    found = diagnose(trace)
    return diagnosis_report(trace, found, lang, steps=False), _evidence(found, lang)


def _evidence(found: Diagnosis, lang: Lang) -> list[Row]:
    rows: dict[int, Row] = {}
    for cause in (*found.causes, *found.surprises):
        for one in cause.chain:
            rows.setdefault(one.step, Row(one.step, (evidence_text(found, one, lang),)))
    for thrown in found.exceptions:
        for passage in thrown.passages:
            if passage.event != "raise":
                continue
            told = tr(
                lang,
                "{error} passed through {function}",
                function=visible(passage.function),
                error=visible(thrown.name),
            )
            rows.setdefault(passage.step, Row(passage.step, (told,)))
    return [rows[step] for step in sorted(rows)]
