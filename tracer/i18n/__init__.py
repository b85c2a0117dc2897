"""Texts in the user's language: English in the code, Chinese in ``locale/zh/LC_MESSAGES/glm_trace.po``.

``tr(lang, "{count} found", count=3)`` translates and fills in. A text that is not beside its ``tr`` (in a table, in an
exception) is marked for extraction: ``N_("…")``, ``NP_("{count} step", "{count} steps")`` where something is counted,
``NC_("tab", "Weights")`` where the same English is something else elsewhere. ``translations.py`` in the repository
extracts and compiles.
"""

from __future__ import annotations

import locale
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, get_args

if TYPE_CHECKING:
    from gettext import NullTranslations

Lang: TypeAlias = Literal["en", "zh"]
LANGS: Final[tuple[str, ...]] = get_args(Lang)
DOMAIN: Final = "glm_trace"
LOCALE: Final = Path(__file__).parent / "locale"

_SEPARATORS: Final = {"en": ", ", "zh": "、"}


class Plural(NamedTuple):
    """A text that differs with the number of things; ``by`` is the placeholder that holds the number."""

    one: str
    many: str
    by: str = "count"


class InContext(NamedTuple):
    """A text whose English has another translation elsewhere."""

    context: str
    text: str


Message: TypeAlias = "str | Plural | InContext"


class Sentence:
    """A message with its values, to be translated when it is shown; ``str()`` gives English."""

    def __init__(self, message: Message, /, **values: Any) -> None:
        self.message = message
        self.values = values

    def localized(self, lang: Lang) -> str:
        """Return the sentence in a language. Without values it is no template: what it quotes may have braces."""
        return tr(lang, self.message, **self.values) if self.values else _looked_up(lang, self.message, {})

    def __str__(self) -> str:
        return self.localized("en")


def N_(text: str) -> str:  # noqa: N802
    """Mark a text for extraction."""
    return text


NP_: Final = Plural
NC_: Final = InContext


def language(wanted: str | None = None) -> Lang:
    """Return the language to speak: what was asked for, else ``GLM_TRACE_LANG``, else the locale's."""
    for name in (wanted, os.environ.get("GLM_TRACE_LANG"), *_locale_names()):
        if name:
            return "zh" if name.lower().startswith("zh") or name.startswith("Chinese") else "en"
    return "en"


def tr(lang: Lang, message: Message, /, **values: Any) -> str:
    """Return a message in a language, with its values filled in; a value that is missing shows as ``…``.

    Args:
        lang: the language.
        message: the English text, or a plural or a text in a context.
        values: for the placeholders. A ``Sentence`` among them is translated too, a list is joined, and a path is shown
            as it would be typed here.
    """
    return _looked_up(lang, message, values).format_map(
        _Values((name, _in_language(lang, value)) for name, value in values.items())
    )


def reason_of(error: Exception) -> Sentence:
    """Return what the system or the JSON decoder says of a failure, to be translated where it is shown."""
    if (line := getattr(error, "lineno", None)) is not None and isinstance(error, ValueError):
        values = {"line": line, "column": getattr(error, "colno", 1), "reason": Sentence(getattr(error, "msg", ""))}
        return Sentence(N_("line {line}, column {column}: {reason}"), **values)
    return Sentence(getattr(error, "strerror", None) or str(error))


_REASONS: Final = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("Operation not permitted"),
    N_("File exists"),
    N_("Is a directory"),
    N_("Not a directory"),
    N_("Directory not empty"),
    N_("No space left on device"),
    N_("Disk quota exceeded"),
    N_("Read-only file system"),
    N_("Input/output error"),
    N_("File name too long"),
    N_("File too large"),
    N_("Too many open files"),
    N_("Too many levels of symbolic links"),
    N_("Cannot allocate memory"),
    N_("Address already in use"),
    N_("Cannot assign requested address"),
    N_("Expecting value"),
    N_("Expecting property name enclosed in double quotes"),
    N_("Expecting ',' delimiter"),
    N_("Expecting ':' delimiter"),
    N_("Illegal trailing comma before end of object"),
    N_("Illegal trailing comma before end of array"),
    N_("Extra data"),
    N_("Unterminated string starting at"),
    N_("Invalid control character at"),
    N_("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
)


def join(lang: Lang, texts: list[str] | tuple[str, ...]) -> str:
    """Return a list of names as the language writes it: with commas, or with 、."""
    return _SEPARATORS[lang].join(texts)


def path_here(path: str | Path) -> str:
    """Return a path as it would be typed here: relative to this folder if it is in it or below it."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # this folder was deleted; another drive
        return str(path)
    return str(path) if relative.split(os.sep)[0] == os.pardir else relative


def _in_language(lang: Lang, value: object) -> object:
    if isinstance(value, Sentence):
        return value.localized(lang)
    if isinstance(value, Path):
        return path_here(value)
    if isinstance(value, list):
        return join(lang, [str(_in_language(lang, item)) for item in value])
    return value


class _Values(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


def _looked_up(lang: Lang, message: Message, values: dict[str, Any]) -> str:
    if lang == "en":
        return _english(message, values)
    translations = _translations(lang)
    if isinstance(message, str):
        return translations.gettext(message)
    if isinstance(message, Plural):
        return translations.ngettext(message.one, message.many, _number(values.get(message.by)))
    return translations.pgettext(message.context, message.text)


def _english(message: Message, values: dict[str, Any]) -> str:
    if isinstance(message, str):
        return message
    if isinstance(message, Plural):
        return message.one if _number(values.get(message.by)) == 1 else message.many
    return message.text


def _number(value: object) -> int:
    """Return a count that may already be formatted, such as ``1,234``."""
    if isinstance(value, int):
        return value
    digits = str(value).replace(",", "")
    return int(digits) if digits.isdecimal() else 2


@cache
def _translations(lang: Lang) -> NullTranslations:
    """Return a language's catalog. Where it was not compiled, as in a bare source tree, the texts stay English."""
    import gettext

    try:
        return gettext.translation(DOMAIN, LOCALE, [lang])
    except OSError:
        print("glm-trace: 没有编译好的中文翻译，以下为英文。请运行 python translations.py compile", file=sys.stderr)
        return gettext.NullTranslations()


def _locale_names() -> list[str | None]:
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    return [*names, locale.getlocale()[0]]
