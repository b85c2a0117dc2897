"""Words of a command that can be pasted into a shell."""

from __future__ import annotations

import os
import shlex

from tracer.text.visible import visible


def shell_word(word: str | os.PathLike[str]) -> str:
    r"""Quote a word for the shell: as ``shlex.quote`` does, or as ``$'\xff'`` where a screen can't show a character.

    A file name need not be UTF-8; Python holds its other bytes as surrogates, and no shell reads their escapes.
    """
    word = os.fspath(word)
    if visible(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(map(_in_dollar_quotes, word))}'"


def shell_line(*words: str) -> str:
    """Return words as one line for the shell, each quoted."""
    return " ".join(map(shell_word, words))


def _in_dollar_quotes(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if visible(char) == char:
        return char
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
