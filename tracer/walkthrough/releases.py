"""Releases of transformers, as a person writes a range of them: ``>=4.44,<5``."""

from __future__ import annotations

from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


@lru_cache(maxsize=256)
def in_range(release: str, wanted: str) -> bool:
    """Whether a release is one of those wanted; an empty range is every release.

    Raises:
        ValueError: ``wanted`` is no range.
    """
    try:
        specifiers = SpecifierSet(wanted)
    except InvalidSpecifier:
        raise ValueError(f"{wanted!r} is no range of releases; write it like '>=4.44,<5'") from None
    try:
        return specifiers.contains(Version(release), prereleases=True)
    except InvalidVersion:
        return not wanted
