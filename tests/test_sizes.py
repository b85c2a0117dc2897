"""Sizes are written in one way everywhere."""

from __future__ import annotations

import pytest

from tracer.text.sizes import format_size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (4210, "4.21 kB"),
        (987_400, "987 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (37_700_000, "37.7 MB"),
        (1_240_000_000, "1.24 GB"),
        (4_000_000_000, "4 GB"),
        (12_300_000_000_000, "12.3 TB"),
        (1_234_567_000_000_000, "1235 TB"),
    ],
)
def test_a_size(count: int, text: str) -> None:
    assert format_size(count) == text
