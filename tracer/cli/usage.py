"""Error messages for wrong option values: our own wording, whichever library checked the value, with the closest valid
value."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final

from tracer.i18n import Lang, Sentence, language

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
    if lang != "en":
        if not {"-h", "--help"}.isdisjoint(sys.argv):
            _fold_long_words()
        for one in (command, *command.params):
            if getattr(one, "help", None):
                one.help = Sentence(one.help).localized(lang)
    return command


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
