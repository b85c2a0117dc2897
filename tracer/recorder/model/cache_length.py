"""What a cache holds from one token to the next: how many tokens, or a state whose size stays the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

CACHES: Final = ("past_key_values", "cache_params", "state", "mems", "past_buckets_states")
"""Where ``generate`` keeps a cache from one pass to the next."""
_STATE: Final = ("_state", "_states")


class CacheLength:
    """How many tokens a cache holds, if it shows it.

    A cache of the library's own class has a method for it, which some fill with a number that counts something else:
    it holds if it is one of the positions done so far, or once it grows with the tokens. In a cache of plain tensors it
    is the axis that grows by one with each token; before the second token, the only axis that is as long as the
    positions done so far.
    """

    def __init__(self) -> None:
        self._axis: int | None = None
        self._before: tuple[int, ...] | None = None
        self._answered: int | None = None
        self._grows = False

    def of(self, cache: Any, done: list[int], new: int = 1) -> int | None:
        """Return the length after a pass that brought ``new`` tokens.

        ``done`` has the numbers of positions that it may have, the best first.
        """
        if cache is None:
            return None
        if hasattr(cache, "get_seq_length"):
            return self._own(cache, done, new)
        shape = _shape(cache)
        before, self._before = self._before, shape
        if shape is None:
            return None
        if before is not None and len(before) == len(shape):
            changed = [axis for axis, (old, now) in enumerate(zip(before, shape, strict=True)) if old != now]
            if len(changed) == 1 and shape[changed[0]] == before[changed[0]] + new:
                self._axis = changed[0]
            elif changed:
                self._axis = None
            return None if self._axis is None else shape[self._axis]
        self._axis = None
        for length in done:
            axes = [axis for axis, extent in enumerate(shape) if extent == length]
            if len(axes) == 1:
                return length
            if axes:
                break
        return None

    def _own(self, cache: Any, done: list[int], new: int) -> int | None:
        length = _answered(cache)
        if length is None:
            length = _filled(cache)
        before, self._answered = self._answered, length
        if length is None:
            self._grows = False
            return None
        if before is not None and length != before:
            self._grows = length == before + new
        return min(length, _room(cache) or length) if self._grows or length in done else None


def _answered(cache: Any) -> int | None:
    """Return the length that the library's cache reports; None for 0, which an unused cache reports as well."""
    try:
        length = cache.get_seq_length()
        return int(length) or None
    except Exception:  # only recurrent states, say, which have no length
        return None


def _room(cache: Any) -> int | None:
    """Return how many tokens the longest layer has: one with a window counts those that have left it as well."""
    own = vars(cache) if hasattr(cache, "__dict__") else {}
    layers = _held(own.get("self_attention_cache", cache), "layers")
    if any(hasattr(layer, "_quantized_keys") for layer in layers):
        return None  # most are elsewhere
    keys = [vars(layer).get("keys") for layer in layers if hasattr(layer, "__dict__")]
    shapes: list[tuple[int, ...]] = [tuple(getattr(one, "shape", ())) for one in keys]
    return max((int(shape[-2]) for shape in shapes if len(shape) == 4), default=None)


def _filled(cache: Any) -> int | None:
    """Return how many places are filled in tensors that have room for more from the start."""
    filled = 0
    for keys in _held(cache, "key_cache"):
        if len(shape := getattr(keys, "shape", ())) == 4 and 0 not in shape:
            filled = max(filled, int(keys[0, 0].any(dim=-1).sum()))
    return filled or None


def state_shapes(cache: Any) -> list[list[int]]:
    """Return the shapes of a recurrent state: of the first layer that has one, each tensor's once; or nothing."""
    if isinstance(cache, (list, tuple)):  # given as it is, under the name "state"
        return _once(list(value.shape) for value in cache if hasattr(value, "shape"))
    for layer in (cache, *_held(cache, "layers")):
        own = vars(layer) if hasattr(layer, "__dict__") else {}
        found = [
            shape
            for name, value in own.items()
            if name.endswith(_STATE) and (shape := next(_shapes(value), None)) is not None
        ]
        if found:
            return _once(found)
    return []


def _once(shapes: Any) -> list[list[int]]:
    return [list(shape) for shape in dict.fromkeys(tuple(shape) for shape in shapes)]


def _held(cache: Any, name: str) -> list[Any]:
    own = vars(cache) if hasattr(cache, "__dict__") else {}
    value = own.get(name)
    return list(value) if isinstance(value, (list, tuple)) else []


def _shapes(value: Any, depth: int = 3) -> Iterator[list[int]]:
    """Yield the shapes of the tensors in nested lists and dictionaries, without empty ones."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        if len(shape) >= 2 and 0 not in shape:
            yield [int(extent) for extent in shape]
    elif depth and isinstance(value, (list, tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _shapes(item, depth - 1)


def _shape(cache: Any) -> tuple[int, ...] | None:
    """Return the shape of the first tensor in nested tuples and lists."""
    for _ in range(3):
        if not isinstance(cache, (tuple, list)) or not cache:
            break
        cache = cache[0]
    shape = getattr(cache, "shape", None)
    return None if shape is None or len(shape) < 2 else tuple(int(extent) for extent in shape)
