"""The kwargs tab: what became of each keyword argument and the stops on its way, the user's own arguments first."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from rich.text import Text

from tracer.analysis.kwargs.hops import USER, Hop, KeywordPath
from tracer.analysis.kwargs.paths import essential_hops, keyword_paths
from tracer.analysis.loads import model_loads
from tracer.i18n import NP_, Lang, tr
from tracer.text.visible import one_line, visible
from tracer.trace.reading import Trace
from tracer.tui.step_text import number_text
from tracer.tui.tabs.table_tab import Row, TableTab
from tracer.views.kwargs import LOST, WORDS, end_text, stop_text

_STATEMENT = 80


class KwargsTab(TableTab):
    heads = ("argument", "happened", "value", "from", "statement")
    follows = False  # the user's own arguments come first, and stay in view

    def table_rows(self, trace: Trace, lang: Lang, scope: Hashable) -> list[Row]:
        loads = model_loads(trace)
        if len(loads) < 2:
            return self._of_call(trace, keyword_paths(trace), lang, 0)
        rows: list[Row] = []
        for number, load in enumerate(loads, 1):
            title = tr(lang, "Load {number} of {count}", number=number, count=len(loads))
            call = Text(one_line(load.call.call, _STATEMENT), "dim")
            rows.append(Row(load.call.step, (Text(title, "bold"), call, "", "", ""), opens=True, open=True))
            rows += self._of_call(trace, keyword_paths(trace, call=load.call.step), lang, 1)
        return rows

    def _of_call(self, trace: Trace, paths: list[KeywordPath], lang: Lang, depth: int) -> list[Row]:
        """Return the rows of one call: the user's own arguments, then those of the library below one row."""
        own = [path for path in paths if path.origin == USER]
        others = [path for path in paths if path.origin != USER]
        rows = [row for path in own for row in _rows(trace, path, lang, depth)]
        if others:
            added = NP_("{count} added by the library", "{count} added by the library")
            title = Text(tr(lang, added, count=len(others)), "dim italic")
            empty = [""] * (len(self.heads) - 1)
            rows.append(Row(None, [title, *empty], depth, opens=True, open=not own and not depth))
            rows += [row for path in others for row in _rows(trace, path, lang, depth + 1)]
        return rows


def _rows(trace: Trace, path: KeywordPath, lang: Lang, depth: int) -> Iterator[Row]:
    """Yield the row of an argument, and those of its stops below it."""
    stops = essential_hops(path) or path.hops
    yield _overview(trace, path, stops, lang, depth)
    for stop in stops:
        yield _row(trace, stop, lang, depth + 1)


def _overview(trace: Trace, path: KeywordPath, stops: list[Hop], lang: Lang, depth: int) -> Row:
    first = min((stop.step for stop in stops), default=path.end.step or 0)
    lost = path.end.what in LOST
    cells = (
        Text(visible(path.name), "bold" if path.origin == USER else ""),
        Text(end_text(path, lang), "bold yellow" if lost else "bold"),
        number_text(trace, path.value, 30),
        Text(tr(lang, WORDS[f"by-{path.origin}"]), "dim"),
        "",
    )
    return Row(first, cells, depth, opens=bool(stops))


def _row(trace: Trace, stop: Hop, lang: Lang, depth: int) -> Row:
    cells = (
        Text(visible(stop.function), "dim"),
        stop_text(trace, stop, lang),
        number_text(trace, stop.value, 30),
        "",
        Text(one_line(stop.statement or "", _STATEMENT), "dim"),
    )
    return Row(stop.step, cells, depth)
