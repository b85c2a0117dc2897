"""Two loads step by step: which step of one belongs to which of the other, and where the two part.

Frames are matched within their callers, by function and order, and the steps of two matched frames by the statements
that they are at. Step numbers say nothing: they shift with every release.
"""

from __future__ import annotations

import difflib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from tracer.analysis.diff.difference import function_name
from tracer.trace.errors import DanglingNumber
from tracer.trace.queries import step_rows
from tracer.trace.reading import Trace

_MOST_COMPARED: Final = 3_000_000  # pairs of steps of two frames; beyond, what is between their ends is one difference
_HEADERS: Final = ("if ", "elif ", "else", "for ", "while ", "try", "except", "with ", "match ", "case ")


class Counterpart(NamedTuple):
    """A step of the other load; ``exact`` is whether it is the same step there, or the last one before it that is."""

    step: int
    exact: bool


class Parting(NamedTuple):
    """A place where two loads part: the step of each at which they do."""

    a: int
    b: int


class _Item(NamedTuple):
    """A step on a level, or a whole frame that was called there."""

    key: str
    step: int
    frame: int | None = None


_Level = list[_Item]


class Alignment:
    """The steps of two loads that belong together. It reads both traces once, so it is made in the background."""

    def __init__(self, a: Trace, b: Trace) -> None:
        self.partings: list[Parting] = []
        pairs: list[tuple[int, int]] = []
        sides = _levels(a), _levels(b)
        threads = [[key for key in side if key < 0] for side in sides]
        waiting = list(zip(*threads, strict=False))
        while waiting:
            mine, theirs = (side.get(level, []) for side, level in zip(sides, waiting.pop(), strict=True))
            waiting += self._align(mine, theirs, pairs)
        self.partings.sort()
        self._forth = sorted(pairs)
        self._back = sorted((theirs, mine) for mine, theirs in pairs)

    def in_b(self, step: int) -> Counterpart:
        """Return what a step of A is in B."""
        return _counterpart(self._forth, step)

    def in_a(self, step: int) -> Counterpart:
        """Return what a step of B is in A."""
        return _counterpart(self._back, step)

    def _align(self, mine: _Level, theirs: _Level, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Match the items of two levels; return the frames whose levels are to be matched next."""
        inside: list[tuple[int, int]] = []
        before: tuple[_Item, _Item] | None = None
        for tag, begin_a, end_a, begin_b, end_b in _opcodes([one.key for one in mine], [one.key for one in theirs]):
            if tag == "equal":
                for one, other in zip(mine[begin_a:end_a], theirs[begin_b:end_b], strict=True):
                    if one.frame is not None and other.frame is not None:
                        inside.append((one.frame, other.frame))
                    else:
                        pairs.append((one.step, other.step))
                before = mine[end_a - 1], theirs[end_b - 1]
            else:
                self.partings.append(_parting(mine[begin_a:end_a], theirs[begin_b:end_b], before))
        return inside


def _parting(mine: _Level, theirs: _Level, before: tuple[_Item, _Item] | None) -> Parting:
    """Return where two levels part: at the statement that decided it, if the one before is such a statement."""
    if before is not None and (before[0].key.startswith(_HEADERS) or not mine or not theirs):
        return Parting(before[0].step, before[1].step)
    first = mine[0].step if mine else 0, theirs[0].step if theirs else 0
    return Parting(*first)


def _counterpart(pairs: Sequence[tuple[int, int]], step: int) -> Counterpart:
    at = bisect_right(pairs, step, key=lambda pair: pair[0])
    if not at:
        return Counterpart(0, False)
    mine, theirs = pairs[at - 1]
    return Counterpart(theirs, mine == step)


def _opcodes(a: list[str], b: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Compare two lists as ``difflib`` does, what is equal at their beginning and end first."""
    least = min(len(a), len(b))
    head = next((at for at in range(least) if a[at] != b[at]), least)
    tail = next((at for at in range(least - head) if a[-1 - at] != b[-1 - at]), least - head)
    end_a, end_b = len(a) - tail, len(b) - tail
    found = [("equal", 0, head, 0, head)] if head else []
    if (end_a - head) * (end_b - head) > _MOST_COMPARED:
        found.append(("replace", head, end_a, head, end_b))
    elif head < end_a or head < end_b:
        matcher = difflib.SequenceMatcher(None, a[head:end_a], b[head:end_b], autojunk=False)
        found += [
            (tag, i + head, i_end + head, j + head, j_end + head) for tag, i, i_end, j, j_end in matcher.get_opcodes()
        ]
    return [*found, ("equal", end_a, len(a), end_b, len(b))] if tail else found


def _levels(trace: Trace) -> dict[int, _Level]:
    """Return what happened on each level, in order: in each frame, and in each thread outside, by ``-1 - thread``."""
    frames = {frame.number: frame for frame in trace.frames()}
    lines: dict[int, list[str]] = {}
    levels: dict[int, _Level] = {}
    for at_step in step_rows(trace):
        number, frame, thread, source, line, event, kind = at_step
        own = -1 - thread if frame is None else frame
        at: int | None = own
        while at is not None and at not in levels:  # a frame's first step: the frame is an item of its caller's level
            levels[at] = []
            if at < 0 or at not in frames:
                break
            parent = frames[at].parent
            above = -1 - thread if parent is None else parent
            item = _Item(f"call {function_name(frames[at].function)}", number, at)
            if above in levels:
                levels[above].append(item)
                break
            levels[above] = []
            levels[above].append(item)
            at = None if above < 0 else above
        levels[own].append(_Item(_key(trace, lines, source, line, event, kind), number))
    return levels


def _key(
    trace: Trace, lines: dict[int, list[str]], source: int | None, line: int | None, event: str | None, kind: str
) -> str:
    """Return what a step is matched by: its statement as it is written, or what happened."""
    if event not in ("line", "raise") or source is None or line is None:
        return f"event {kind}"
    if source not in lines:
        try:
            lines[source] = [text.strip() for text in trace.source(source).text.splitlines()]
        except DanglingNumber:
            lines[source] = []
    text = next(islice(lines[source], line - 1, line), "")
    return text if event == "line" else f"raise {text}"
