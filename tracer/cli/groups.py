"""Groups of commands: each is imported when it is called, with translated help and usage errors in our own words.

Showing a trace does not wait for the imports of a load.
"""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from importlib import import_module
from itertools import pairwise
from typing import Any, Final

import typer
from typer.core import TyperGroup

from tracer.i18n import Lang, Sentence, language


def lazy_group(package: str, names: tuple[str, ...], **settings: Any) -> typer.Typer:
    """Return a group whose commands are the functions with these names in the modules with these names.

    A trailing ``_`` is not part of the command's name; a package of that name is a group with its ``app``.
    """
    modules = {name.rstrip("_"): name for name in names}

    class _Commands(TyperGroup):
        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                error.message = own_words(error.message)
                raise

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            name = modules.get(cmd_name)
            if name is None:
                return None
            module = import_module(f"{package}.{name}")
            if hasattr(module, "app"):
                return translated(typer.main.get_command(module.app))
            alone = typer.Typer(add_completion=False)
            context = getattr(module, "CONTEXT", None)
            alone.command(name=cmd_name, help=module.HELP, context_settings=context)(getattr(module, name))
            return translated(typer.main.get_command(alone))

    app = typer.Typer(
        cls=_Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
    for name in modules:
        app.command(name=name)(lambda: None)  # the names in order; their functions come from get_command
    return app


_CHOICE: Final = re.compile(r"'(?P<given>.*)' is not one of (?P<known>'.*')\.?", re.DOTALL)
_SAID: Final = (
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"expected \1 or more."),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"expected at most \1."),
    (re.compile(r"Input should be a valid integer.*", re.DOTALL), "expected a whole number."),
    (re.compile(r"Input should be (.*)", re.DOTALL), r"expected \1."),
)


def own_words(message: str) -> str:
    """Return typer's message about a value without the wording of pydantic, which newer releases of typer use."""
    message = message.removeprefix("Value error, ")
    if (choice := _CHOICE.fullmatch(message)) is not None:
        near = get_close_matches(choice["given"], re.findall(r"'([^']*)'", choice["known"]), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        return f"there is no '{choice['given']}'.{hint} Choose from {choice['known'].replace(chr(39), '')}."
    for pattern, words in _SAID:
        if pattern.fullmatch(message):
            return pattern.sub(words, message)
    return message


def asked_language() -> Lang:
    """Return the language of this command line, also where it is too wrong to be parsed."""
    for name, value in pairwise([*sys.argv, ""]):
        if name == "--lang" or name.startswith("--lang="):
            return language(name.partition("=")[2] or value)
    return language()


def translated(command: Any) -> Any:
    """Return a command with its help, and that of its options, in the language of this command line."""
    lang = asked_language()
    shown = not {"-h", "--help"}.isdisjoint(sys.argv)
    if lang != "en" and shown:
        _fold_long_words()
    for described in (command, *command.params):
        if getattr(described, "help", None):
            text = Sentence(described.help).localized(lang) if lang != "en" else described.help
            described.help = _without_markup(text) if shown else text
    return command


def _without_markup(text: str) -> str:
    """Return a help text in which "[default: …]" is not a tag of rich's markup, which would vanish."""
    from rich.markup import escape

    return escape(text)


def _fold_long_words() -> None:
    """Let typer's help break words that are wider than their column, as Chinese sentences are; it cuts them off."""
    from rich.text import Text
    from typer import rich_utils

    highlight = rich_utils.highlighter

    def folded(text: Text | str) -> Text:
        highlighted = highlight(text)
        highlighted.overflow = "fold"
        return highlighted

    if highlight.__class__.__name__ != "function":
        rich_utils.highlighter = folded  # type: ignore[assignment]
