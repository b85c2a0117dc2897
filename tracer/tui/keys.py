"""The keys, and what each of them does."""

from __future__ import annotations

from typing import Final, NamedTuple


class Key(NamedTuple):
    """``action`` is the player's; ``keys`` in Textual's names; ``group`` is where help lists it."""

    action: str
    keys: str
    group: str
    hint: bool = False


KEYS: Final[tuple[Key, ...]] = (
    Key("next", "right,l", "moving", hint=True),
    Key("previous", "left,h", "moving", hint=True),
    Key("over", "down,j", "moving", hint=True),
    Key("over-back", "up,k", "moving"),
    Key("into", "i", "moving"),
    Key("into-back", "I", "moving"),
    Key("out", "o", "moving"),
    Key("caller", "u", "moving"),
    Key("first", "home,g", "moving"),
    Key("last", "end,G", "moving"),
    Key("next-note", "w", "jumping", hint=True),
    Key("previous-note", "W", "jumping"),
    Key("answer", "x", "jumping"),
    Key("scroll-note", "pagedown", "jumping"),
    Key("scroll-note-back", "pageup", "jumping"),
    Key("next-stage", "right_square_bracket,S", "jumping", hint=True),
    Key("previous-stage", "left_square_bracket,A", "jumping"),
    Key("next-decision", "d", "jumping", hint=True),
    Key("previous-decision", "D", "jumping"),
    Key("next-change", "c", "jumping"),
    Key("previous-change", "C", "jumping"),
    Key("next-line", "e", "jumping"),
    Key("previous-line", "E", "jumping"),
    Key("search", "slash,f", "jumping", hint=True),
    Key("next-hit", "n", "jumping"),
    Key("previous-hit", "N", "jumping"),
    Key("goto", "colon,t", "jumping"),
    Key("bookmark", "m", "marks"),
    Key("next-bookmark", "apostrophe", "marks"),
    Key("breakpoint", "b", "marks"),
    Key("run", "r", "marks"),
    Key("run-back", "R", "marks"),
    Key("play", "space", "marks", hint=True),
    Key("faster", "plus,equals_sign", "marks"),
    Key("slower", "minus", "marks"),
    *(
        Key(f"tab-{name}", str(number), "tables")
        for number, name in enumerate(("notes", "decisions", "keywords", "weights", "forward", "tokens", "why"), 1)
    ),
    Key("everything", "a", "tables"),
    Key("sort", "s", "tables"),
    Key("zoom", "z", "tables", hint=True),
    Key("value", "v", "rest"),
    Key("copy", "y", "rest"),
    Key("save", "ctrl+s", "rest"),
    Key("language", "L", "rest", hint=True),
    Key("theme", "T", "rest"),
    Key("help", "question_mark", "rest", hint=True),
    Key("quit", "q", "rest", hint=True),
)
GROUPS: Final = ("moving", "jumping", "marks", "tables", "rest")

_SIGNS: Final = {
    "right": "→", "left": "←", "down": "↓", "up": "↑", "home": "Home", "end": "End", "space": "␣", "slash": "/",
    "right_square_bracket": "]", "left_square_bracket": "[", "colon": ":", "apostrophe": "'", "question_mark": "?",
    "plus": "+", "minus": "-", "equals_sign": "=", "ctrl+s": "^S", "pagedown": "PgDn", "pageup": "PgUp",
}  # fmt: skip


def shown_key(key: Key, *, every: bool = False) -> str:
    """A key as it is printed on a keyboard; with ``every`` its other keys too."""
    names = [_SIGNS.get(name, name) for name in key.keys.split(",")]
    return " ".join(names) if every else names[0]
