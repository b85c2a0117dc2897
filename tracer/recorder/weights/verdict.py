"""What the library itself says when a checkpoint is loaded, in whatever form a release returns it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """Names as the release writes them: of the model, or of the checkpoint; those of mismatches with their shape."""

    missing: list[str]
    unexpected: list[str]
    mismatched: dict[str, list[int] | None]


def verdict(returned: Any) -> Verdict | None:
    """Out of what a load returned: a tuple of lists in 4.x, an object that says it in 5.x, alone or in a tuple."""
    if (
        isinstance(returned, tuple)
        and len(returned) >= 4
        and all(isinstance(one, (list, set)) for one in returned[1:4])
    ):
        missing, unexpected, mismatched = returned[1:4]  # the model stands in front
        return Verdict(_texts(missing), _texts(unexpected), _shapes(mismatched))
    for said in (returned, *(returned if isinstance(returned, tuple) else ())):
        if hasattr(said, "missing_keys") and hasattr(said, "unexpected_keys"):  # torch's own has no more than these
            mismatched = _shapes(getattr(said, "mismatched_keys", ()))
            return Verdict(_texts(said.missing_keys), _texts(said.unexpected_keys), mismatched)
    return None


def _texts(found: Iterable[Any]) -> list[str]:
    return sorted(name for name in found if isinstance(name, str))


def _shapes(found: Iterable[Any]) -> dict[str, list[int] | None]:
    """Mismatches come as tuples of a name and two shapes, the checkpoint's first; or as names alone."""
    shapes: dict[str, list[int] | None] = {}
    for item in found:
        name, *rest = item if isinstance(item, tuple) and item else (item,)
        if isinstance(name, str):
            shapes[name] = [int(extent) for extent in rest[0]] if rest and isinstance(rest[0], Iterable) else None
    return dict(sorted(shapes.items()))
