"""Numbers of bytes, and times, as a person reads them: 812 B, 4.21 kB, 987 kB, 1.3 MB; 15 ms, 2.38 s.

In decimal units, as file managers and download pages count, with the same text in every language. ``rich.filesize``
writes "812 bytes", and "1,000.0 kB" for 999,999.
"""

from __future__ import annotations


def format_size(count: int) -> str:
    """Return a number of bytes in decimal units, with three digits."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.3g} {unit}"
    return f"{value:.0f} TB"


def format_duration(seconds: float) -> str:
    """Return a time in milliseconds below a second, else in seconds."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
