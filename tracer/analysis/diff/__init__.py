"""Compare two loads: what differs between them, and the steps that show it.

Everything is aligned by what it is about (a function and a statement of it, a condition, an argument, a path in the
module tree), never by step numbers, which shift with every release.
"""

from __future__ import annotations

from tracer.analysis.diff.comparison import TOPICS, Comparison, Side, compare
from tracer.analysis.diff.difference import Difference

__all__ = ["TOPICS", "Comparison", "Difference", "Side", "compare"]
