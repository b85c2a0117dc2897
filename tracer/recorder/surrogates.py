"""Lone surrogates: half characters that Python's strings can hold and no UTF-8 file can."""

from __future__ import annotations


def without_surrogates(text: str) -> str:
    """The text with a question mark for each of them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
