"""Compare two loads: what differs between them, and the steps that show it.

Everything is aligned by what it is about (a function and a statement of it, a condition, an argument, a path in the
module tree), never by step numbers, which shift with every release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tracer.analysis.diff.built_model import compare_configs, compare_modules, compare_weights
from tracer.analysis.diff.difference import Difference
from tracer.analysis.diff.execution import (
    argument_outcomes,
    compare_calls,
    compare_code,
    compare_decisions,
    compare_keywords,
)
from tracer.analysis.diff.results import (
    compare_classes,
    compare_files,
    compare_messages,
    compare_outcomes,
    compare_text,
)
from tracer.trace.metadata import is_set_by_torch
from tracer.trace.reading import Trace

__all__ = ["TOPICS", "Comparison", "Difference", "Side", "compare"]

_COMPARERS: Final[dict[str, Callable[[Trace, Trace], Iterator[Difference]]]] = {
    "outcome": compare_outcomes,
    "classes": compare_classes,
    "decisions": compare_decisions,
    "config": compare_configs,
    "modules": compare_modules,
    "weights": compare_weights,
    "text": compare_text,
    "files": compare_files,
    "messages": compare_messages,
    "calls": compare_calls,
    "code": compare_code,
}
TOPICS: Final = (
    "outcome", "classes", "decisions", "keywords", "config", "modules", "weights", "text", "files", "messages", "calls",
    "code",
)  # fmt: skip
"""What loads are compared by: first the results, then how they came about, and last the code that ran."""


class Side(NamedTuple):
    """Where a trace comes from: its file as given, the command, the releases, Python, the environment variables."""

    file: str
    command: str
    releases: dict[str, str]
    python: str
    environment: dict[str, str]


class Comparison(NamedTuple):
    """Two traces and their differences, in the order of :data:`TOPICS`.

    What they ran under (``sides``) may differ without the loads being different. ``arguments`` are the names of
    all keyword arguments in either load, the user's and the library's.
    """

    sides: tuple[Side, Side]
    differences: list[Difference]
    arguments: frozenset[str]

    def of(self, topic: str) -> list[Difference]:
        """Return the differences of one topic."""
        return [difference for difference in self.differences if difference.topic == topic]


def compare(a: Trace, b: Trace) -> Comparison:
    """Compare two loads.

    Raises:
        NotATrace: one of the files is damaged.
    """
    mine, theirs = argument_outcomes(a), argument_outcomes(b)
    found = {topic: list(comparer(a, b)) for topic, comparer in _COMPARERS.items()}
    found["keywords"] = list(compare_keywords(mine, theirs))
    differences = [difference for topic in TOPICS for difference in found[topic]]
    return Comparison((_side(a), _side(b)), differences, frozenset(mine) | frozenset(theirs))


def _side(trace: Trace) -> Side:
    meta = trace.meta
    variables = {**meta.environment, **meta.set_for_the_load}
    environment = {name: value for name, value in variables.items() if not is_set_by_torch(name, value)}
    return Side(str(trace.path), " ".join(meta.command), meta.releases, meta.python or "?", environment)
