"""Measure contestants side by side in one run, in turns, and print a table of the results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

Work = Callable[[], object]
Contestant = Callable[[Work], float]
"""A function that does the work in its own way and returns the seconds it took."""

BASE = "untraced"


def untraced(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def contest(
    contestants: dict[str, Contestant], work: Work, turns: int, prepare: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Return the seconds of every contestant in every turn; ``prepare`` runs before each and is not timed."""
    for run in contestants.values():
        run(work)
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, run in contestants.items():
            prepare()
            measured[name].append(run(work))
    return measured


def ratio(measured: dict[str, list[float]], name: str) -> float:
    """Return the median of a contestant's ratios to the untraced work of the same turn."""
    return statistics.median(mine / theirs for mine, theirs in zip(measured[name], measured[BASE], strict=True))


def report(
    title: str, measured: dict[str, list[float]], console: Console, more: dict[str, dict[str, str]] | None = None
) -> None:
    """Print the table; ``more`` has further columns, each with its text by contestant."""
    base = measured[BASE]
    table = Table(title=title, title_justify="left")
    table.add_column("contestant")
    for column in ("median ms", "min ms", "× untraced (median)", "min–max", *(more or {})):
        table.add_column(column, justify="right")
    for name, seconds in measured.items():
        ratios = [mine / theirs for mine, theirs in zip(seconds, base, strict=True)]
        table.add_row(
            name,
            f"{statistics.median(seconds) * 1000:.1f}",
            f"{min(seconds) * 1000:.1f}",
            f"{ratio(measured, name):.2f}",
            f"{min(ratios):.2f}–{max(ratios):.2f}",
            *(cells.get(name, "") for cells in (more or {}).values()),
        )
    console.print(table)
