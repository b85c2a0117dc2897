"""What a chat template reaches for that no template needs: the insides of Python's objects."""

from __future__ import annotations

import re
from typing import Any, Final

_CODE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_HIDDEN: Final = re.compile(
    r"\.\s*(__\w+__|mro|func_globals|func_code|gi_frame|gi_code|cr_frame|f_globals|f_builtins|tb_frame)\b"
)
_NAMED: Final = frozenset(
    f"__{name}__"
    for name in [
        "class",
        "base",
        "bases",
        "mro",
        "subclasses",
        "globals",
        "builtins",
        "import",
        "init",
        "dict",
        "code",
        "closure",
        "getattribute",
        "getattr",
        "reduce",
        "reduce_ex",
        "self",
        "func",
        "module",
        "loader",
        "spec",
        "call",
        "new",
    ]
)
_ESCAPED: Final = re.compile(r"\\x5f|\\u005f|\\137", re.IGNORECASE)


def suspicious_attributes(template: str) -> list[str]:
    """Return the attributes of Python's own that a template asks for, also those it asks for by a text."""
    found: dict[str, None] = {}
    for code in _CODE.findall(template):
        found |= dict.fromkeys(_HIDDEN.findall(_TEXT.sub("''", code)))
        for text in _TEXT.findall(code):
            inner = _ESCAPED.sub("_", text[1:-1])
            if inner in _NAMED:
                found[inner] = None
    return list(found)


def templates_in(settings: dict[str, Any]) -> list[str]:
    """Return the templates that tokenizer_config.json or the like has, one or several."""
    held = settings.get("chat_template")
    if isinstance(held, list):
        held = [one.get("template") for one in held if isinstance(one, dict)]
    elif isinstance(held, dict):
        held = list(held.values())
    return [one for one in (held if isinstance(held, list) else [held]) if isinstance(one, str)]
