"""The loops that a frame ran: the turns of each, and what a turn was about.

A turn begins with the first step in the loop's body. The step at the head before it still has the variables of the turn
before, and at the end of the loop there is one more step at the head, which begins no turn.
"""

from __future__ import annotations

import ast
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from tracer.analysis.locals import Local, LocalsHistory
from tracer.analysis.syntax import LOOPS, StatementLike, StatementNode, first_line, header_end
from tracer.trace.queries import LoopLines, loop_steps
from tracer.trace.reading import Trace


class Loop(NamedTuple):
    """A loop of a frame.

    Attributes:
        frame: the number of the frame.
        lines: where its head and body are.
        names: the variables that a turn is about: those that ``for`` binds, or that the condition of ``while`` reads.
    """

    frame: int
    lines: LoopLines
    names: tuple[str, ...]


class Turns(NamedTuple):
    """The steps of a loop, in order: those that entered it, and those that began a turn."""

    entered: Sequence[int]
    began: Sequence[int]

    def at(self, step: int) -> tuple[int, Sequence[int]]:
        """Return which turn a step of the loop is in, from 1, and where the turns began since the loop was entered.

        Before the first turn it is 0; from the last one on it is that.
        """
        entry = bisect_right(self.entered, step) - 1
        first = bisect_left(self.began, self.entered[entry]) if entry >= 0 else 0
        last = bisect_left(self.began, self.entered[entry + 1]) if entry + 1 < len(self.entered) else len(self.began)
        began = self.began[first:last]
        return bisect_right(began, step), began


def loop_around(frame: int, statement: StatementNode) -> Loop | None:
    """Return the innermost loop that a statement of a frame is the head of, or inside of."""
    if isinstance(statement.node, LOOPS):
        return _loop(frame, statement.node)
    for block in statement.enclosing():
        if block.owner is not None and block.branch == "body" and isinstance(block.owner.node, LOOPS):
            return _loop(frame, block.owner.node)
    return None


def turns(trace: Trace, loop: Loop) -> Turns:
    """Return the turns of a loop; this reads every step of its frame."""
    entered, began = array("q"), array("q")
    for number, enters, first in loop_steps(trace, loop.frame, loop.lines):
        if enters:
            entered.append(number)
        if first is not None:
            began.append(first)
    return Turns(entered, began)


def values_in_turns(trace: Trace, loop: Loop, began: Sequence[int]) -> list[dict[str, Local]]:
    """Return the variables that each of these turns is about, as they were where it began."""
    history = LocalsHistory(trace)
    found = []
    for step in began:
        state = history.innermost(step)
        variables = {} if state is None else state.variables
        found.append({name: variables[name] for name in loop.names if name in variables})
    return found


def _loop(frame: int, node: StatementLike) -> Loop:
    assert isinstance(node, LOOPS)
    about = node.test if isinstance(node, ast.While) else node.target
    names = dict.fromkeys(part.id for part in ast.walk(about) if isinstance(part, ast.Name))
    body = first_line(node.body[0]), node.body[-1].end_lineno or node.body[-1].lineno
    end = node.end_lineno or body[1]
    return Loop(frame, LoopLines(node.lineno, header_end(node), *body, end), tuple(names))
