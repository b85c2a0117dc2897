"""The decision record: its kinds, their outcomes, and how a loop can end."""

from __future__ import annotations

from typing import Final

import msgspec

from tracer.trace.values import Value

KINDS: Final = {
    "if": ("then", "elif", "else", "after", "raised", "unknown"),
    "elif": ("then", "elif", "else", "after", "raised", "unknown"),
    "conditional": ("then", "else", "raised", "unknown"),
    "try": ("completed", "except", "not-caught", "unknown"),
    "loop": ("entered", "not-entered", "raised", "unknown"),
    "match": ("case", "no-case", "raised", "unknown"),
    "return": ("returned", "raised", "unknown"),
}
"""The kinds of decisions, each with the outcomes that it can have.

``then``: the condition was true. ``elif``: it was false, and the next one was evaluated. ``else``: it was false, and
the ``else`` ran. ``after``: it was false, and there is no ``else``. ``raised``: the condition itself raised an
exception. ``completed``: no exception in a ``try``, or a return out of it. ``unknown``: the recording does not show it.
"""

LOOP_ENDS: Final = ("exhausted", "break", "return", "exception", "unknown")
"""How a loop can end; ``exhausted`` also means a ``while`` whose condition became false."""


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """Lines that did not run because of a decision, and the text of the first."""

    first: int
    last: int
    text: str


class Decision(msgspec.Struct, gc=False):
    """One choice that a stepped function made.

    Attributes:
        step: the step at which it is made.
        condition: the code that decides, on one line: the condition of an ``if``, the header of a loop, the statement
            of a return.
        outcome: which way it went, see :data:`KINDS`.
        names: the names, attributes and keys in the condition with the values that they had. What was not recorded
            is left out.
        absent: the keys that it looks up and that are missing: ``kwargs['torch_dtype']``.
        guards: the first line that runs if the condition is true, or that is tried.
        taken: the ``except`` clause or ``case`` that ran, as it is written.
        value: what was returned, caught or bound.
        times: how often a loop's body began; None where that is not known.
        ended: how a loop ended, see :data:`LOOP_ENDS`.
        skipped: what did not run because of it.
        went: the frame's next step after the decision.
    """

    step: int
    frame: int
    stage: str
    function: str
    source: int
    path: str
    line: int
    kind: str
    condition: str
    outcome: str = "unknown"
    names: dict[str, Value] = {}
    absent: list[str] = []
    guards: str = ""
    taken: str = ""
    value: Value | None = None
    times: int | None = None
    ended: str | None = None
    skipped: Skipped | None = None
    went: int | None = None
