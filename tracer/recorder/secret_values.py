"""Secrets among live values, recognised by their names; like summaries, without running the values' own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from tracer.recorder import safe_inspect
from tracer.trace.redaction.names import can_be_searched, is_no_word, is_secret
from tracer.trace.redaction.plain_data import named_pair
from tracer.trace.redaction.redactor import parts_of

_MAX_ITEMS: Final = 400


def secrets_under(name: str, value: object, depth: int) -> list[str]:
    """Return the strings in a value under a secret name that are to be masked elsewhere too.

    A word of a tokenizer is a ``token`` as well: it is masked here, but not elsewhere.
    """
    may_be_word = name.lower().rstrip("s").endswith("token")
    found = (part for text in _texts_in(value, depth) for part in parts_of(text))
    return [text for text in found if is_no_word(text) or (not may_be_word and can_be_searched(text))]


def likely_secrets(name: str, value: object) -> tuple[bool, list[str]]:
    """Return, for an ambiguous name, whether the value itself is a secret, and which strings in it are."""
    text = safe_inspect.text(value)
    if text is None and type(value) is int:
        text = int.__repr__(value)
    if text is not None:
        return (True, list(parts_of(text))) if is_secret(name, text) else (False, [])
    if issubclass(type(value), (list, tuple, set, frozenset)):
        return False, [item for item in _texts_in(value, 1) if is_secret(name, item)]
    return False, []


def name_in_pair(items: Any) -> str | None:
    """Return the name in ``("x-api-key", "…")``; None if this is not such a pair."""
    if len(items) == 2 and type(items[0]) is str and type(items[1]) is str:
        return named_pair(items)
    return None


def beside_a_secret_name(pairs: list[tuple[Any, Any]]) -> str | None:
    """Return the key of the value in ``{"name": "x-api-key", "value": "…"}``."""
    texts = {key: item for key, item in pairs if type(key) is str and type(item) is str}
    if "value" in texts:
        for name in ("name", "key", "header"):
            if name in texts and named_pair((texts[name], texts["value"])) is not None:
                return "value"
    return None


def _texts_in(value: object, depth: int) -> Iterator[str]:
    """Yield strings, and numbers as strings, in a value, as deep as its plain containers go."""
    kind = type(value)
    if (found := safe_inspect.text(value)) is not None:
        yield found
    elif kind is int or kind is float:
        yield repr(value)
    elif depth and issubclass(kind, (dict, list, tuple, set, frozenset)):
        read = next(read for base, read in _CONTENTS if issubclass(kind, base))
        for item in list(islice(read(value), _MAX_ITEMS)):
            yield from _texts_in(item, depth - 1)


# Pairs, not a dictionary: looking up a type could run its metaclass's `__hash__`.
_CONTENTS: Final[tuple[tuple[type, Callable[[Any], Iterable[Any]]], ...]] = (
    (dict, dict.values),
    (list, list.__iter__),
    (tuple, tuple.__iter__),
    (set, set.__iter__),
    (frozenset, frozenset.__iter__),
)
