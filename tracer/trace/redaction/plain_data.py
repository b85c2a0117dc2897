"""Secrets in nested plain data: keyword arguments, the content of a JSON file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from tracer.trace.redaction.names import Suspicion, is_no_word, is_secret, suspicion
from tracer.trace.redaction.redactor import parts_of
from tracer.trace.redaction.texts import find_named

_IN_URL: Final = re.compile(r"(?<=://)(?:[^/?#\s:'\"<>]*:)?([^/?#\s'\"<>]+)(?=@)")
_NAMES: Final = ("name", "key", "header", "field", "id")
_VALUES: Final = ("value", "val")
_VOCABULARY: Final = 64
"""A mapping of more numbers is a vocabulary, in which ``password`` is a word."""
_DEPTH: Final = 60


def secrets_in(arguments: object) -> set[str]:
    """Texts that stand under secret names, beside one in a pair, or in URLs and texts, at any depth of containers."""
    return set(_in(arguments, "", _DEPTH))


def secrets_in_urls(text: str) -> set[str]:
    """The passwords of URLs in a text."""
    if "://" not in text:
        return set()
    return {form for secret in _IN_URL.findall(text) for form in (secret, unquote(secret))}


def secrets_in_text(text: str) -> set[str]:
    """What stands behind secret names in a text, or in its URLs."""
    found = {part for one in find_named(text) for part in parts_of(one.secret)}
    return found | secrets_in_urls(text)


def named_pair(items: Sequence[Any]) -> str | None:
    """The name in a pair of a secret name and a text that could be a secret; None where this is no such pair."""
    if len(items) != 2 or not isinstance(items[0], str) or not isinstance(items[1], str):
        return None
    level = suspicion(items[0]) if len(items[0]) < 80 else Suspicion.NONE
    if level is Suspicion.NONE:
        return None
    for part in parts_of(items[1]):
        if is_no_word(part) if level >= Suspicion.LIKELY else is_secret(items[0], part):
            return items[0]
    return None


def _in(value: object, name: str, depth: int) -> Iterator[str]:
    """``name``: under which the value stands; that of the innermost container that has a secret one, if any."""
    if depth == 0:
        return
    if isinstance(value, Mapping):
        yield from _in_mapping(value, name, depth)
    elif isinstance(value, (list, tuple, set)):
        items = list(value)
        if not name and named_pair(items) is not None:
            yield from parts_of(items[1])
        for item in items:
            yield from _in(item, name, depth - 1)
    elif isinstance(value, str):
        if name and is_secret(name, value):
            yield from parts_of(value)
        yield from secrets_in_text(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and name and is_secret(name, str(value)):
        yield str(value)


def _in_mapping(value: Mapping[Any, Any], name: str, depth: int) -> Iterator[str]:
    if len(value) > _VOCABULARY and all(isinstance(item, (int, float)) for item in value.values()):
        return
    for a in _NAMES:
        for b in _VALUES:
            if isinstance(value.get(a), str) and isinstance(value.get(b), str) and named_pair((value[a], value[b])):
                yield from parts_of(value[b])
    for key, item in value.items():
        own = key if isinstance(key, str) and suspicion(key) is not Suspicion.NONE else ""
        # What is in a container under a certain name is as secret as that.
        inherited = name if suspicion(name) is Suspicion.CERTAIN and suspicion(own) is not Suspicion.CERTAIN else own
        yield from _in(item, inherited, depth - 1)
