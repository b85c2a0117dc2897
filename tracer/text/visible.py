"""Make untrusted text safe to print: write out what a terminal would interpret or hide."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # printable according to Python, but empty on a screen
_CODES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")  # colours, titles, links
_UNSEEN: Final = re.compile(f"[{''.join(_BLANK)}\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_HARMLESS: Final = frozenset("\u3000")  # the ideographic space of Chinese comments


def visible(text: str, *, encoding: str = "utf-8") -> str:
    """Write control, direction and invisible characters as escapes, and those that ``encoding`` can't represent."""
    if text.isprintable() and (text.isascii() or (encoding == "utf-8" and not _UNSEEN.search(text))):
        return text
    return "".join(char if _shows(char, encoding) else _escape(char) for char in text)


def without_codes(text: str) -> str:
    """Return a text without terminal colour codes, which libraries write and which are not part of the text."""
    return _CODES.sub("", text) if "\x1b" in text else text


def one_line(text: str, limit: int) -> str:
    """Return untrusted text as one visible line of at most ``limit`` characters; runs of whitespace become one
    space."""
    shown = visible(" ".join(text[: limit * 8].split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _shows(char: str, encoding: str) -> bool:
    if not (char.isprintable() or char in _HARMLESS) or char in _BLANK or _is_variation_selector(char):
        return False
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        return True
    try:
        char.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _escape(char: str) -> str:
    code = ord(char)
    named = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(char)
    if named is not None:
        return named
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
