"""Keyword arguments as ``kwargs`` prints them: an overview of all, or the path of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from tracer.analysis.kwargs.hops import LIBRARY, USER, Hop, KeywordPath, LastSeen
from tracer.analysis.kwargs.paths import essential_hops
from tracer.analysis.loading_calls import LoadingCall
from tracer.analysis.value_format import format_value
from tracer.i18n import N_, NP_, Lang, Message, tr
from tracer.text.visible import visible
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.trace.values import ValueId
from tracer.views.shell_commands import command_text, program, trace_argument

WORDS: Final[dict[str, Message]] = {
    # the overview
    "user": N_("Given by the user"),
    "library": N_("Added by the library"),
    "stops": NP_("{count} stop, step {first}–{last}", "{count} stops, steps {first}–{last}"),
    "one-stop": N_("1 stop, step {first}"),
    # origin, in the head of a path
    "by-user": N_("given by the user"),
    "by-library": N_("added by the library"),
    # ends
    "end:config": N_("set on the config: {where}.{name}"),
    "end:overwritten": N_("set on the config: {where}.{name}, and overwritten later (step {step})"),
    "end:overwritten-by": N_("set on the config: {where}.{name}, then overwritten by config.json's {by} (step {step})"),
    "end:handed": N_("handed on to {where}, not followed further"),
    "end:constructor": N_("reached the constructor: {where}({name})"),
    "end:used": N_("taken by {where}"),
    "end:used-as": N_("taken by {where} as {name}"),
    "end:dropped": N_("dropped by {where}"),
    "end:refused": N_("refused by {where}"),
    "end:left": N_("left over: nothing used it"),
    "end:unfinished": N_("was still on its way when the load ended"),
    "end:unseen": N_("not known: the load was recorded without lines (--no-lines)"),
    # where it was last seen
    "seen:read": N_("{end}; last seen in step {step}, where {function} reads it"),
    "seen:stored": N_("{end}; last seen in step {step} as {where}"),
    "seen:passed": N_("{end}; last seen in step {step}, handed on to {where}"),
    # stops
    "given": N_("given in {where}"),
    "put-in": N_("put into {where}: {value}"),
    "put-in-call": N_("added to the call of {where}: {value}"),
    "copied": N_("copied to {where}"),
    "read": N_("read into {where}, and left where it is"),
    "taken-out": N_("taken out into {where}"),
    "taken-out-there": N_("taken out by what was called"),
    "renamed": N_("goes on as {where}"),
    "changed-value": N_("{where} becomes {value}"),
    "handed-on": N_("handed on to {where}"),
    "came-back": N_("came back in {where}, unused"),
    "unused": N_("not used by {where}"),
    "reached-constructor": N_("reached the constructor {where}"),
    "became-config": N_("set on the config: {where}"),
    "read-config": N_("read from the config: {where}"),
    "stored": N_("stored in the module: {where}"),
    "overwritten": N_("overwritten: {where} becomes {value}"),
    "overwritten-by": N_("overwritten by config.json's {by}: {where} becomes {value}"),
    "put-back": N_("put back: {where}"),
    "dropped": N_("dropped"),
    "refused": N_("refused by {where}"),
}


LOST: Final = {"refused", "dropped", "overwritten", "left", "unfinished"}
_VALUE: Final = 40  # characters of a value
_INDENT: Final = "  "


def kwargs_overview(
    trace: Trace, call: LoadingCall | None, others: list[LoadingCall], found: list[KeywordPath], lang: Lang
) -> RenderableType:
    """Return every keyword argument of a call with what became of it; ``others`` are the trace's other calls."""
    if call is None:
        return Group(
            "",
            Text(
                tr(
                    lang,
                    "The user called no from_pretrained in this trace, so there are no keyword arguments to follow.",
                )
            ),
        )
    parts: list[RenderableType] = ["", _Indented(Text(visible(call.call), "bold"))]
    for origin in (USER, LIBRARY):
        of_origin = [path for path in found if path.origin == origin]
        if of_origin:
            parts += ["", Text(tr(lang, WORDS[origin]), "bold cyan")]
            for path in of_origin:
                parts += _row(trace, path, lang)
    if not found:
        parts.append(Text(tr(lang, "The call had no keyword arguments.")))
    return Group(*parts, "", *_next_commands(trace, found, others, lang))


def kwarg_path(
    trace: Trace, call: LoadingCall, path: KeywordPath, lang: Lang, *, everything: bool = False
) -> RenderableType:
    """Return the path of one keyword argument from top to bottom, each stop with its step and its statement."""
    title = Text(_pair(trace, path), "bold").append(f" · {tr(lang, WORDS[f'by-{path.origin}'])}", "dim")
    parts: list[RenderableType] = ["", _Indented(title), _Indented(Text(visible(call.call), "dim")), ""]
    shown = path.hops if everything else essential_hops(path)
    width = max(len(str(stop.step)) for stop in shown) if shown else 1
    rail = f"{' ' * width} │ "
    frame: int | None = None
    for stop in shown:
        if stop.frame != frame:
            frame = stop.frame
            parts.append(_Indented(Text(tr(lang, "in {function}", function=visible(stop.function)), "cyan"), rail))
        style = "bold yellow" if stop.what in ("refused", "dropped") else ""
        parts.append(_Indented(Text(stop_text(trace, stop, lang), style), f"{stop.step:>{width}} ├ ", f"{rail}  "))
        if stop.statement:
            parts.append(_Indented(Text(visible(stop.statement), "dim"), f"{rail}    ", cut=not everything))
    parts.append(Text(rail.rstrip(), "dim"))
    end = Text(end_text(path, lang), "bold yellow" if path.end.what in LOST else "bold green")
    parts.append(_Indented(end, f"{' ' * width} ╰▸ ", " " * (width + 4)))
    if path.end.error:
        parts.append(_Indented(Text(visible(path.end.error)), " " * (width + 4)))
    if hidden := len(path.hops) - len(shown):
        sentence = tr(
            lang,
            "{count} not shown: calls that did not use it, calls named above, unused copies (--all)",
            count=hidden,
        )
        parts += ["", _Indented(Text(sentence, "dim"))]
    return Group(*parts)


class _Indented:
    """Text after a lead, its further lines after another; ``cut`` keeps it to one line."""

    def __init__(self, text: Text, first: str = "", rest: str | None = None, *, cut: bool = False) -> None:
        self._text = text
        self._first = first
        self._rest = first if rest is None else rest
        self._cut = cut

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - max(cell_len(self._first), cell_len(self._rest))
        text, lead = self._text, self._first
        if self._cut and text.cell_len > room > 1:
            text = Text(set_cell_size(text.plain, room - 1).rstrip() + "…", text.style)
        for line in text.wrap(console, max(room, 20)):
            line.rstrip()
            yield Text.assemble((lead, "dim"), line, no_wrap=True, overflow="ignore")
            lead = self._rest


def _row(trace: Trace, path: KeywordPath, lang: Lang) -> Iterator[RenderableType]:
    """Yield name and value, then what became of it and where to look."""
    steps = [stop.step for stop in path.hops]
    key = "stops" if len(steps) > 1 else "one-stop"
    place = tr(lang, WORDS[key], count=len(steps), first=min(steps, default=0), last=max(steps, default=0))
    yield _Indented(Text(_pair(trace, path)), _INDENT)
    lost = path.end.what in LOST
    line = Text.assemble((f"→ {end_text(path, lang)}", "yellow" if lost else ""), (f" · {place}", "dim"))
    yield _Indented(line, _INDENT * 2, _INDENT * 3)


def _next_commands(trace: Trace, found: list[KeywordPath], others: list[LoadingCall], lang: Lang) -> Iterator[Text]:
    """Yield the commands that show more."""
    command = f"{program()} kwargs {trace_argument(trace)}"
    hints = [(tr(lang, "the whole path of one"), f"{command} {visible(path.name)}") for path in found[:1]]
    hints += [
        (tr(lang, "the other call, at step {step}", step=call.step), f"{command} --call {call.step}") for call in others
    ]
    title = f"{tr(lang, 'Next')}  "
    for index, (what, line) in enumerate(hints):
        lead = title if index == 0 else " " * cell_len(title)
        yield Text.assemble((lead, "bold"), (f"# {what}", "dim"), no_wrap=True, overflow="ignore")
        yield command_text(" " * cell_len(title) + line)


def _pair(trace: Trace, path: KeywordPath) -> str:
    return f"{visible(path.name)}={_shown(trace, path.value)}"


def _shown(trace: Trace, number: ValueId | None) -> str:
    try:
        return visible(format_value(trace, number, _VALUE)) if number is not None else "?"
    except (TracerError, RecursionError):
        return "?"


def end_text(path: KeywordPath, lang: Lang, *, most: int | None = None) -> str:
    """Return what became of a keyword argument, as one sentence; of where it went on to, at most so many are named."""
    end = path.end
    key = f"end:{end.what}"
    if end.what == "used" and end.name not in ("", path.name):
        key = "end:used-as"
    elif end.what == "overwritten" and end.by:
        key = "end:overwritten-by"
    if key not in WORDS:
        return visible(end.what)
    told = tr(lang, WORDS[key], where=visible(end.where), name=visible(end.name), step=end.step, by=visible(end.by))
    if end.seen is not None:
        return _with_last_place(told, end.seen, lang)
    return (
        tr(lang, "{end}; from there to {on}, not followed further", end=told, on=visible(_named(end.on, most)))
        if end.on
        else told
    )


def _named(names: list[str], most: int | None) -> str:
    shown = names[:most]
    return ", ".join(shown) + (f" +{len(names) - len(shown)}" if len(names) > len(shown) else "")


def _with_last_place(told: str, seen: LastSeen, lang: Lang) -> str:
    """Return what became of an argument with the last place where it was seen."""
    key = {"stored": "seen:stored", "became-config": "seen:stored"}.get(seen.what, "seen:read")
    if seen.what in ("handed-on", "reached-constructor"):
        key = "seen:passed"
    where, function = visible(seen.where.partition("(")[0]), visible(seen.function)
    return tr(lang, WORDS[key], end=told, where=where, function=function, step=seen.step)


def stop_text(trace: Trace, stop: Hop, lang: Lang) -> str:
    """Return what happened to the argument at a stop."""
    what: str = "put-in-call" if stop.what == "put-in" and "(" in stop.where else stop.what
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
