"""What the library itself says when a checkpoint is loaded, in whatever form a release returns it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """Names as the release writes them: of the model, or of the checkpoint."""

    missing: list[str]
    unexpected: list[str]
    mismatched: list[str]


def verdict(returned: Any) -> Verdict | None:
    """Out of what ``_load_pretrained_model`` returned: a tuple of lists in 4.x, an object that says it in 5.x."""
    if not isinstance(returned, tuple):
        return None
    if len(returned) >= 4 and all(isinstance(part, (list, set)) for part in returned[1:4]):
        return Verdict(*(_texts(part) for part in returned[1:4]))  # the model stands in front
    if hasattr(returned[0], "missing_keys"):
        said = returned[0]
        return Verdict(_texts(said.missing_keys), _texts(said.unexpected_keys), _texts(said.mismatched_keys))
    return None


def _texts(found: Iterable[Any]) -> list[str]:
    """Names alone; mismatches come as tuples of a name and two shapes."""
    names = (item[0] if isinstance(item, tuple) and item else item for item in found)
    return sorted(name for name in names if isinstance(name, str))
