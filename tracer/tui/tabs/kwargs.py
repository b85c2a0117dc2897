"""The kwargs tab: what became of each keyword argument, and the stops on its way."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from tracer.analysis.kwargs.hops import USER, Hop, KeywordPath
from tracer.analysis.kwargs.paths import essential_hops, keyword_paths
from tracer.i18n import Lang, tr
from tracer.text.visible import one_line, visible
from tracer.trace.reading import Trace
from tracer.tui.step_text import number_text
from tracer.tui.tabs.table_tab import Row, TableTab
from tracer.views.kwargs import WORDS, end_text, stop_text

_STATEMENT = 80
_LOST = ("refused", "dropped", "overwritten", "left", "unfinished")


class KwargsTab(TableTab):
    heads = ("argument", "happened", "value", "from", "statement")

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        rows: list[Row] = []
        for path in keyword_paths(trace):
            stops = essential_hops(path) or path.hops
            rows.append(_overview(trace, path, stops, lang))
            rows.extend(_row(trace, stop, lang) for stop in stops)
        return rows


def _overview(trace: Trace, path: KeywordPath, stops: list[Hop], lang: Lang) -> Row:
    first = min((stop.step for stop in stops), default=path.end.step or 0)
    lost = path.end.what in _LOST
    cells = (
        Text(visible(path.name), "bold" if path.origin == USER else ""),
        Text(end_text(path, lang), "bold yellow" if lost else "bold"),
        number_text(trace, path.value, 30),
        Text(tr(lang, WORDS[f"by-{path.origin}"]), "dim"),
        "",
    )
    return Row(first, cells, opens=bool(stops))


def _row(trace: Trace, stop: Hop, lang: Lang) -> Row:
    cells = (
        Text(visible(stop.function), "dim"),
        stop_text(trace, stop, lang),
        number_text(trace, stop.value, 30),
        "",
        Text(one_line(stop.statement or "", _STATEMENT), "dim"),
    )
    return Row(stop.step, cells, depth=1)
