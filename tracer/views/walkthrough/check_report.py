"""The results of ``walkthrough check``, and how much of the code the notes explain."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.i18n import N_, NP_, Lang, tr
from tracer.text.visible import visible
from tracer.text.wrapping import Prose
from tracer.views.walkthrough.reasons import problem_told
from tracer.walkthrough.checker import CheckResult, GivenTrace, TraceProblem
from tracer.walkthrough.explained_code import FunctionCoverage, coverage_totals

Places = Mapping[str, "tuple[Path, Mapping[str, int]]"]
"""Of walkthroughs by id: the file, and the line of each note."""


def check_report(checked: Sequence[CheckResult], places: Places, lang: Lang) -> RenderableType:
    """Return each walkthrough's verdict, and every problem that was found."""
    parts: list[RenderableType] = [] if checked else [Text(tr(lang, "There is no walkthrough to check."))]
    for result in checked:
        parts.append(_verdict(result, lang))
        for found in result.problems:
            parts.append(Padding(Prose(_sentence(result, found, places, lang)), (0, 0, 0, 4), expand=False))
    return Group(*parts)


def coverage_report(tables: Sequence[tuple[GivenTrace, list[FunctionCoverage]]], lang: Lang) -> RenderableType:
    """Return, function by function, how many of the executed statements are explained."""
    parts: list[RenderableType] = []
    for given, functions in tables:
        load = {"load": given.name, "release": given.release}
        title = Text(visible(tr(lang, "Coverage of {load} on transformers {release}", **load)), "bold")
        nothing = Text(tr(lang, "None of these notes explains code of this load."))
        parts += ["", title, _coverage(functions, lang) if functions else nothing]
    return Group(*parts)


def _verdict(one: CheckResult, lang: Lang) -> Text:
    count = len(one.problems)
    order = "" if one.walkthrough.order is None else str(one.walkthrough.order)
    text = Text(f"{order:>3} ", "dim")
    text.append(visible(one.walkthrough.id), "bold")
    text.append(" · ")
    text.append(
        tr(lang, NP_("{count} problem", "{count} problems") if count else N_("ok"), count=count),
        "red" if count else "green" if one.notes else "yellow",
    )
    notes = tr(
        lang,
        NP_("{count} note checked", "{count} notes checked") if one.notes else N_("no note applies to these loads"),
        count=one.notes,
    )
    text.append(f" · {notes}", "dim")
    if one.unchecked:
        left = tr(
            lang,
            NP_("{count} note not checked on this release", "{count} notes not checked on this release"),
            count=one.unchecked,
        )
        text.append(f" · {left}", "dim")
    return text


def _sentence(one: CheckResult, found: TraceProblem, places: Places, lang: Lang) -> str:
    """File and line, note, what is wrong, and in which trace."""
    problem, release = found
    place = places.get(one.walkthrough.id)
    parts = []
    if place is not None:
        line = place[1].get(problem.note)
        path = os.path.relpath(place[0])
        path = str(place[0]) if path.startswith("..") else path
        parts.append(f"{path}:{line}" if line is not None else path)
    if problem.note:
        parts.append(problem.note)
    where = [] if problem.step is None else [tr(lang, "at step {step}", step=problem.step)]
    where += [] if release is None else [f"transformers {release}"]
    said = problem_told(problem, lang)
    if where:
        said += f" ({', '.join(where)})" if lang == "en" else f"（{'，'.join(where)}）"
    return visible((": " if lang == "en" else "：").join([*parts, said]))


def _coverage(functions: list[FunctionCoverage], lang: Lang) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_footer=True)
    explained, executed = coverage_totals(functions)
    table.add_column(tr(lang, "Function"), tr(lang, "total"), overflow="fold")
    table.add_column(tr(lang, "Explained"), f"{explained}/{executed}", justify="right", no_wrap=True)
    table.add_column(tr(lang, "%"), _percent(explained, executed), justify="right", no_wrap=True)
    for one in functions:
        counts = f"{one.explained}/{one.executed}"
        table.add_row(Text(visible(one.function)), counts, _percent(one.explained, one.executed))
    return table


def _percent(part: int, whole: int) -> str:
    """Rounded down: only the whole is 100."""
    return str(100 * part // whole) if whole else "–"
