"""Where each keyword argument went: one row for each stop of each journey."""

from __future__ import annotations

from rich.text import Text

from tracer.export.phrases import Lang
from tracer.replay.keywords import journeys
from tracer.trace.visible import one_line, visible
from tracer.tui.playing import Playing
from tracer.tui.tabs.table_tab import Row, TableTab
from tracer.tui.values_text import number_text
from tracer.tui.words import say


class KeywordsTab(TableTab):
    heads = (
        "column:argument",
        "column:value",
        "column:happened",
        "column:where",
        "column:function",
        "column:statement",
    )

    def table_rows(self, playing: Playing, lang: Lang) -> list[Row]:
        rows: list[Row] = []
        for journey in journeys(playing.trace):
            for stop in journey.stops:
                rows.append(
                    (
                        stop.step,
                        (
                            Text(visible(journey.name), "bold" if journey.origin == "user" else ""),
                            number_text(playing.trace, stop.value, 30),
                            say(lang, f"stop:{stop.what}"),
                            visible(stop.where or ""),
                            visible(stop.function),
                            one_line(stop.statement or "", 80),
                        ),
                    )
                )
        return sorted(rows, key=lambda row: row[0])
