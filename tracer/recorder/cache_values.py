"""Summaries of transformers' caches of past keys and values, and of the layers that newer ones consist of.

A cache goes as an argument into every attention module of a pass, and one pass fills one of its layers after the other.
So a layer whose tensors are still the same ones is not summarised again.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tracer.recorder import raw
from tracer.trace.values import Deeper, Mapping, Value, ValueId

_CONTAINERS: Final = (dict, list, tuple, set)
_SCALARS: Final = (type(None), bool, int, float, str)


class _Known(NamedTuple):
    """``held`` has what can't change by itself, and references to what can't be kept alive for this."""

    cache: weakref.ref[Any]
    depth: int
    held: list[tuple[str, Any]]
    summary: Value


class CacheSummaries:
    """Remembers the summaries of caches and layers as long as they hold the same objects.

    Args:
        items: summarises the values of a dictionary at a depth.
        deepest: the depth that is not gone into any more.
    """

    def __init__(self, items: Callable[[dict[Any, Any], int], list[tuple[str, ValueId]]], deepest: int) -> None:
        self._items = items
        self._deepest = deepest
        self._known: dict[int, _Known] = {}

    def summary(self, value: object, depth: int) -> Value:
        attributes: dict[str, Any] = object.__getattribute__(value, "__dict__")
        held = {name: item for name, item in dict.items(attributes) if name[:1] != "_" and name != "training"}
        kind = raw.type_name(type(value))
        if depth >= self._deepest:
            return Deeper(kind, len(held))
        known = self._known.get(id(value))
        if known is not None and known.cache() is value and known.depth == depth and _holds(held, known.held):
            return known.summary
        made = Mapping(kind, len(held), self._items(held, depth))
        self._remember(value, depth, held, made)
        return made

    def _remember(self, value: object, depth: int, held: dict[str, Any], made: Value) -> None:
        try:
            references = [(name, _reference(item)) for name, item in held.items()]
            self._known[id(value)] = _Known(weakref.ref(value), depth, references, made)
        except TypeError:  # a list inside, which can change by itself
            self._known.pop(id(value), None)


def _reference(item: Any) -> Any:
    """The item itself where that is a constant, else a weak reference.

    Raises:
        TypeError: it can change without becoming another object, or has no weak references.
    """
    kind = type(item)
    if raw.is_one_of(kind, _CONTAINERS):
        raise TypeError
    torch = sys.modules.get("torch")
    constants = _SCALARS if torch is None else (*_SCALARS, torch.dtype, torch.device)
    return item if raw.is_one_of(kind, constants) else weakref.ref(item)


def _holds(held: dict[str, Any], known: list[tuple[str, Any]]) -> bool:
    if len(held) != len(known):
        return False
    for (name, item), (known_name, reference) in zip(held.items(), known, strict=True):
        there = reference() if type(reference) is weakref.ref else reference
        if name != known_name or item is not there:
            return False
    return True
