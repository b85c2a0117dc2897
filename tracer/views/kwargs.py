"""Keyword journeys as a person reads them: an overview of all, or the path of one."""

from __future__ import annotations

import os
import shlex
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from tracer.analysis.kwargs.model import LIBRARY, USER, Hop, KeywordPath
from tracer.analysis.kwargs.paths import essential_hops
from tracer.analysis.loading_calls import LoadingCall
from tracer.analysis.value_format import format_value
from tracer.i18n import Lang, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.trace.values import ValueId
from tracer.views.kwargs_words import WORDS
from tracer.views.shell_commands import program

_LOST: Final = {"refused", "dropped", "overwritten", "left", "unfinished"}
_VALUE: Final = 40  # characters of a value
_INDENT: Final = "  "


def print_overview(
    trace: Trace,
    call: LoadingCall | None,
    others: list[LoadingCall],
    found: list[KeywordPath],
    console: Console,
    lang: Lang,
) -> None:
    """Print every keyword argument of a call with what became of it."""
    console.print()
    if call is None:
        console.print(
            tr(lang, "The user called no from_pretrained in this trace, so there are no keyword arguments to follow.")
        )
        return
    _print_folded(console, Text(visible(call.call), "bold"), "")
    for origin in (USER, LIBRARY):
        of_origin = [one for one in found if one.origin == origin]
        if of_origin:
            console.print()
            console.print(Text(tr(lang, WORDS[origin]), "bold cyan"))
            for one in of_origin:
                _print_row(trace, one, console, lang)
    if not found:
        console.print(tr(lang, "The call had no keyword arguments."))
    console.print()
    _print_next(trace, found, others, console, lang)


def print_path(
    trace: Trace, call: LoadingCall, journey: KeywordPath, console: Console, lang: Lang, *, everything: bool = False
) -> None:
    """Print the path of one keyword argument from top to bottom, each stop with its step and its statement."""
    console.print()
    title = Text(_pair(trace, journey), "bold").append(f" · {tr(lang, WORDS[f'by-{journey.origin}'])}", "dim")
    _print_folded(console, title, "")
    _print_folded(console, Text(visible(call.call), "dim"), "")
    console.print()
    shown = journey.hops if everything else essential_hops(journey)
    width = max(len(str(stop.step)) for stop in shown) if shown else 1
    rail = f"{' ' * width} │ "
    frame: int | None = None
    for stop in shown:
        if stop.frame != frame:
            frame = stop.frame
            _print_folded(console, Text(tr(lang, "in {function}", function=visible(stop.function)), "cyan"), rail)
        style = "bold yellow" if stop.what in ("refused", "dropped") else ""
        _print_folded(console, Text(stop_text(trace, stop, lang), style), f"{stop.step:>{width}} ├ ", f"{rail}  ")
        if stop.statement:
            _print_statement(console, stop, rail, whole=everything)
    console.print(Text(rail.rstrip(), "dim"))
    end = Text(end_text(journey, lang), "bold yellow" if journey.end.what in _LOST else "bold green")
    _print_folded(console, end, f"{' ' * width} ╰▸ ", " " * (width + 4))
    if journey.end.error:
        _print_folded(console, Text(visible(journey.end.error)), " " * (width + 4))
    if hidden := len(journey.hops) - len(shown):
        console.print()
        _print_folded(
            console,
            Text(
                tr(
                    lang,
                    "{count} not shown: calls that did not use it, calls named above, unused copies (--all)",
                    count=hidden,
                ),
                "dim",
            ),
            "",
        )


def _print_row(trace: Trace, journey: KeywordPath, console: Console, lang: Lang) -> None:
    """Name and value, then what became of it, then where to look."""
    steps = [stop.step for stop in journey.hops]
    key = "stops" if len(steps) > 1 else "one-stop"
    place = tr(lang, WORDS[key], count=len(steps), first=min(steps, default=0), last=max(steps, default=0))
    _print_folded(console, Text(_pair(trace, journey)), _INDENT)
    lost = journey.end.what in _LOST
    line = Text.assemble((f"→ {end_text(journey, lang)}", "yellow" if lost else ""), (f" · {place}", "dim"))
    _print_folded(console, line, _INDENT * 2, _INDENT * 3)


def _print_next(
    trace: Trace, found: list[KeywordPath], others: list[LoadingCall], console: Console, lang: Lang
) -> None:
    """The commands that show more."""
    command = f"{program()} kwargs {visible(file_argument(trace))}"
    hints = [(tr(lang, "the whole path of one"), f"{command} {visible(one.name)}") for one in found[:1]]
    hints += [
        (tr(lang, "the other call, at step {step}", step=one.step), f"{command} --call {one.step}") for one in others
    ]
    title = f"{tr(lang, 'Next')}  "
    for index, (what, line) in enumerate(hints):
        lead = title if index == 0 else " " * cell_len(title)
        console.print(Text.assemble((lead, "bold"), (f"# {what}", "dim")), soft_wrap=True)
        console.print(Text(" " * cell_len(title) + line), soft_wrap=True)  # a command stays whole, to be copied


def file_argument(trace: Trace) -> str:
    """The trace as one would name it in a command typed here."""
    relative = os.path.relpath(trace.path)
    return shlex.quote(relative if not relative.startswith("..") else str(trace.path))


def _pair(trace: Trace, journey: KeywordPath) -> str:
    return f"{visible(journey.name)}={_shown(trace, journey.value)}"


def _shown(trace: Trace, number: ValueId | None) -> str:
    try:
        return visible(format_value(trace, number, _VALUE)) if number is not None else "?"
    except (TracerError, RecursionError):
        return "?"


def end_text(journey: KeywordPath, lang: Lang) -> str:
    """What became of a keyword argument, as one sentence."""
    end = journey.end
    key = f"end:{end.what}"
    if end.what == "used" and end.name not in ("", journey.name):
        key = "end:used-as"
    elif end.what == "overwritten" and end.by:
        key = "end:overwritten-by"
    if key not in WORDS:
        return visible(end.what)
    told = tr(lang, WORDS[key], where=visible(end.where), name=visible(end.name), step=end.step, by=visible(end.by))
    return (
        tr(lang, "{end}; from there to {on}, not followed further", end=told, on=visible(", ".join(end.on)))
        if end.on
        else told
    )


def stop_text(trace: Trace, stop: Hop, lang: Lang) -> str:
    """What happened to it at a stop."""
    what = "put-in-call" if stop.what == "put-in" and "(" in stop.where else stop.what
    if what == "taken-out" and not stop.where:
        what = "taken-out-there"
    if what == "overwritten" and stop.by:
        what = "overwritten-by"
    if what not in WORDS:
        return visible(what)
    where = stop.where
    if what in ("unused", "put-in-call"):
        where = where.partition("(")[0]
    if stop.through:
        where = (", " if what == "unused" else " → ").join([where, *stop.through])
    told = tr(lang, WORDS[what], where=visible(where), value=_shown(trace, stop.value), by=visible(stop.by))
    return f"{told} {tr(lang, '({count} times)', count=stop.times)}" if stop.times > 1 else told


def _print_statement(console: Console, stop: Hop, rail: str, *, whole: bool) -> None:
    text = visible(stop.statement)
    room = console.width - cell_len(rail) - 4
    if not whole and cell_len(text) > room > 1:
        text = set_cell_size(text, room - 1).rstrip() + "…"
    _print_folded(console, Text(text, "dim"), f"{rail}    ")


def _print_folded(console: Console, text: Text, first: str, rest: str | None = None) -> None:
    """Print a text whose further lines stand under its first."""
    lead, room = first, max(console.width - max(cell_len(first), cell_len(rest or first)), 20)
    for line in text.wrap(console, room):
        line.rstrip()
        console.print(Text.assemble((lead, "dim"), line), soft_wrap=True)
        lead = first if rest is None else rest
