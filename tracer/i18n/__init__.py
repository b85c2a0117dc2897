"""The languages that the product speaks, and which one of them a person wants."""

from __future__ import annotations

import locale
import os
from typing import Final, Literal, TypeAlias, get_args

Lang: TypeAlias = Literal["en", "zh"]
LANGS: Final[tuple[str, ...]] = get_args(Lang)


def language(wanted: str | None = None) -> Lang:
    """The language to speak: what was asked for, else ``GLM_TRACE_LANG``, else the locale's."""
    for name in (wanted, os.environ.get("GLM_TRACE_LANG"), *_locale_names()):
        if name:
            return "zh" if name.lower().startswith("zh") or name.startswith("Chinese") else "en"
    return "en"


def _locale_names() -> list[str | None]:
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    return [*names, locale.getlocale()[0]]
