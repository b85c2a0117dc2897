"""The help of a command: paragraphs, arguments and options in panels, examples; in the user's language.

It is our own and not typer's, which takes half the screen for types and reads every command to list their names.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.cells import cell_len
from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from tracer.cli.console import print_result, results
from tracer.cli.options import PANELS
from tracer.i18n import NC_, Lang, Message, Sentence, join, tr
from tracer.text.wrapping import wrapped
from tracer.views.shell_commands import command_text, program

_FRAME: Final = 4
_GAP: Final = 2
_WIDEST: Final = 28  # columns for names; what is wider has its description below
_NARROWEST: Final = 20  # columns for descriptions, if there are so many
_MARK: Final = 3  # columns of what is before a remark on an example
_LONG_CHOICE: Final = 18
_REQUIRED: Final = re.compile(r"\{([^}]*)\}")
_IN_SOURCE: Final = re.compile(r'^HELP = """(.*?)"""|^    help="(.*)",$', re.DOTALL | re.MULTILINE)
_ARGUMENTS: Final = NC_("help", "Arguments")

Examples = Sequence[tuple[str, Message]]
"""Commands without the program's name, each with what it does."""


class Summary(NamedTuple):
    """A command in the list of a group."""

    name: str
    text: str


def print_help(
    usage: str,
    text: str,
    params: Iterable[Any],
    lang: Lang,
    *,
    commands: Mapping[str, Sequence[Summary]] = {},
    examples: Examples = (),
) -> None:
    """Print the help of a command or a group; ``commands`` are those of a group, by the title of their panel."""
    width = results().width
    usage = _REQUIRED.sub(r"\1", usage)
    parts: list[Any] = [Text(), *_indented(usage, width, bold=True), Text()]
    for paragraph in paragraphs(text):
        parts += [*_indented(paragraph, width), Text()]
    for title, summaries in commands.items():
        parts.append(_panel(title, [(one.name, one.text) for one in summaries], width))
    parts += _panels(params, lang, width)
    if examples:
        parts += [Text(), Text(f" {tr(lang, 'Examples')}", "bold")]
        for words, what in examples:
            parts += [Text(f" # {line}", "dim") for line in wrapped(tr(lang, what), width - _MARK)]
            parts.append(command_text(f" {program()} {words}"))
        parts.append(Text())
    print_result(Group(*parts))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text without the breaks of its lines in the source."""
    return [_joined(paragraph) for paragraph in text.strip().split("\n\n")]


def _joined(text: str) -> str:
    """Join lines: with a space, but not between Chinese characters."""
    lines = [line.strip() for line in text.splitlines()]
    joined = lines[0]
    for line in lines[1:]:
        spaced = joined[-1:].isascii() or line[:1].isascii()
        joined += f" {line}" if spaced else line
    return joined


def summary(module: str, lang: Lang) -> str:
    """Return what a command does, in a line, from the source of its module: importing them all takes half a second."""
    spec = find_spec(module)
    file = Path(spec.origin) if spec is not None and spec.origin is not None else None
    match = None
    if file is not None and file.suffix == ".py" and file.is_file():
        match = _IN_SOURCE.search(file.read_text(encoding="utf-8"))
    if match is not None:
        text = match[1] or match[2]
    else:
        loaded: Any = import_module(module)
        text = getattr(loaded, "HELP", None) or loaded.app.info.help
    return paragraphs(Sentence(inspect.cleandoc(text)).localized(lang))[0].rstrip("。.")


def _indented(text: str, width: int, *, bold: bool = False) -> list[Text]:
    return [Text(f" {line}", "bold" if bold else "") for line in wrapped(text, width - 2)]


def _panels(params: Iterable[Any], lang: Lang, width: int) -> list[Panel]:
    titles: dict[str, list[tuple[str, str]]] = {}
    for param in params:
        if getattr(param, "hidden", False):
            continue
        own: str | None = getattr(param, "rich_help_panel", None)
        fallback: Message = _ARGUMENTS if param.param_type_name == "argument" else PANELS[-1]
        title = Sentence(own or fallback).localized(lang)
        titles.setdefault(title, []).append((_names(param), _description(param, lang)))
    order = [Sentence(title).localized(lang) for title in (_ARGUMENTS, *PANELS)]
    return [_panel(title, titles[title], width) for title in sorted(titles, key=[*order, *titles].index)]


def _panel(title: str, rows: Sequence[tuple[str, str]], width: int) -> Panel:
    room = width - _FRAME - _GAP
    column = min(max(cell_len(name) for name, _ in rows), _WIDEST, max(room - _NARROWEST, 0))
    lines: list[Text] = []
    for name, text in rows:
        described = list(wrapped(text, max(room - column, 1))) or [""]
        beside = cell_len(name) <= column
        if not beside:
            lines.append(Text(name, "bold cyan"))
        for number, line in enumerate(described):
            lead = Text(name if beside and number == 0 else "", "bold cyan")
            lead.pad_right(column + _GAP - lead.cell_len)
            lines.append(lead + Text(line))
    for whole in lines:
        whole.no_wrap = True
    return Panel(Group(*lines), title=Text(title), title_align="left", border_style="dim", width=width)


def _names(param: Any) -> str:
    """Return how an argument or option is written: ``-o, --output FILE``."""
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    names = "/".join([", ".join(sorted(param.opts, key=len)), *param.secondary_opts])
    value = _value(param)
    return f"{names} {value}" if value else names


def _value(param: Any) -> str:
    """Return the placeholder for an option's value; a flag has none."""
    if getattr(param, "is_flag", False) or param.nargs == 0:
        return ""
    if param.metavar:
        return str(param.metavar)
    choices = "|".join(_choices(param))
    return choices if choices and len(choices) <= _LONG_CHOICE else param.name.rpartition("_")[2].upper()


def _choices(param: Any) -> list[str]:
    described = getattr(param, "type_descriptor", None) or param.type  # of typer from 0.20 on, or of click
    known = getattr(described, "choices", None) or ()
    return [str(getattr(choice, "value", choice)) for choice in known]


def _description(param: Any, lang: Lang) -> str:
    parts = [Sentence(param.help).localized(lang)] if getattr(param, "help", None) else []
    if param.param_type_name == "argument":
        if param.required:
            parts.append(tr(lang, "[required]"))
        return _following(parts)
    choices = _choices(param)
    if choices and _value(param) != "|".join(choices):
        parts.append(f"[{join(lang, choices)}]")
    if (default := _default(param)) and param.show_default:
        parts.append(tr(lang, "[default: {value}]", value=default))
    return _following(parts)


def _following(parts: Sequence[str]) -> str:
    """Join parts with spaces, but for those after a Chinese full stop, which has its own."""
    return "".join(f"{part}{'' if part.endswith('。') else ' '}" for part in parts).strip()


def _default(param: Any) -> str:
    default = param.default
    if default is None or callable(default):
        return ""
    if isinstance(default, bool):
        names = param.opts if default else param.secondary_opts
        return str(names[0]).lstrip("-") if param.secondary_opts and names else ""
    return str(getattr(default, "value", default))
