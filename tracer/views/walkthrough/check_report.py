"""What a check found, for the terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracer.i18n import Lang
from tracer.text.visible import visible
from tracer.text.wrapping import Prose
from tracer.views.walkthrough.words import problem_told, tell
from tracer.walkthrough.checkup import Checked, Found, Given
from tracer.walkthrough.coverage import Coverage, share

_COUNTED: Final = {0: "check:nothing", 1: "check:checked-one"}

Places = Mapping[str, "tuple[Path, Mapping[str, int]]"]
"""Of walkthroughs by id: the file, and the line of each note."""


def print_checked(checked: Sequence[Checked], places: Places, console: Console, lang: Lang) -> None:
    """Print each walkthrough: that it holds, or everything that does not."""
    if not checked:
        console.print(tell(lang, "check:no-walkthroughs"))
    for one in checked:
        console.print(_verdict(one, lang))
        for found in one.found:
            console.print(Padding(Prose(_sentence(one, found, places, lang)), (0, 0, 0, 4), expand=False))


def print_coverage(tables: Sequence[tuple[Given, list[Coverage]]], console: Console, lang: Lang) -> None:
    """Print, function by function, how many of the executed statements are explained."""
    for given, functions in tables:
        console.print()
        load = {"load": given.name, "release": given.release}
        console.print(Text(visible(tell(lang, "coverage:of", load)), "bold"))
        console.print(_coverage(functions, lang) if functions else Text(tell(lang, "coverage:none")))


def _verdict(one: Checked, lang: Lang) -> Text:
    count = len(one.found)
    key = "check:ok" if not count else "check:bad-one" if count == 1 else "check:bad"
    order = "" if one.walkthrough.order is None else str(one.walkthrough.order)
    text = Text(f"{order:>3} ", "dim")
    text.append(visible(one.walkthrough.id), "bold")
    text.append(" · ")
    text.append(tell(lang, key, {"count": count}), "red" if count else "green" if one.notes else "yellow")
    notes = tell(lang, _COUNTED.get(one.notes, "check:checked"), {"count": one.notes})
    return text.append(f" · {notes}", "dim")


def _sentence(one: Checked, found: Found, places: Places, lang: Lang) -> str:
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
    where = [] if problem.step is None else [tell(lang, "at-step", {"step": problem.step})]
    where += [] if release is None else [f"transformers {release}"]
    said = problem_told(problem, lang)
    if where:
        said += f" ({', '.join(where)})" if lang == "en" else f"（{'，'.join(where)}）"
    return visible((": " if lang == "en" else "：").join([*parts, said]))


def _coverage(functions: list[Coverage], lang: Lang) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_footer=True)
    explained, executed = share(functions)
    table.add_column(tell(lang, "coverage:function"), tell(lang, "coverage:total"), overflow="fold")
    table.add_column(tell(lang, "coverage:statements"), f"{explained}/{executed}", justify="right", no_wrap=True)
    table.add_column(tell(lang, "coverage:share"), _percent(explained, executed), justify="right", no_wrap=True)
    for one in functions:
        counts = f"{one.explained}/{one.executed}"
        table.add_row(Text(visible(one.function)), counts, _percent(one.explained, one.executed))
    return table


def _percent(part: int, whole: int) -> str:
    """Rounded down: only the whole is 100."""
    return str(100 * part // whole) if whole else "–"
