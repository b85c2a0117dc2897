"""Golden texts, which make changes visible: ``GLM_TRACE_RENEW_GOLDEN=1 pytest …`` writes them again."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

RENEW = "GLM_TRACE_RENEW_GOLDEN"
_KEPT = Path(__file__).parents[1] / "golden"
_LINES = {"4.44.2": "4.44", "5.23.0": "5.23"}


def line() -> str:
    """Return the installed transformers line; other releases have no golden texts."""
    release = version("transformers")
    if release not in _LINES:
        pytest.skip(f"texts are kept for {' and '.join(_LINES)} alone, and this is {release}")
    return _LINES[release]


def assert_golden(name: str, text: str) -> None:
    """Check that a text equals the golden text of that name."""
    path = _KEPT / name
    if os.environ.get(RENEW):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"renew it with {RENEW}=1 if this is meant"
