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

``then``: the condition held. ``elif``: it did not, and the next one was asked. ``else``: it did not, and the ``else``
ran. ``after``: it did not, and there is no ``else``. ``raised``: the condition itself ended in an exception.
``completed``: no exception in a ``try``, or a return out of it. ``unknown``: the recording does not tell.
"""

ENDS: Final = ("exhausted", "break", "return", "exception", "unknown")
"""How a loop ended; ``exhausted`` is also that of a ``while`` whose condition no longer held."""


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """Lines that did not run because of a decision, and the text of the first."""

    first: int
    last: int
    text: str


class Decision(msgspec.Struct, gc=False):
    """One choice that a stepped function made.

    Attributes:
        step: the step that stands at it.
        condition: what was asked, on one line: of an ``if`` its condition, of a loop its header, of a return its
            statement.
        outcome: which way it went, see :data:`KINDS`.
        names: the names, attributes and keys in the condition with the values they had then. What is not recorded
            is left out.
        absent: the keys that it asks for and that are not there: ``kwargs['torch_dtype']``.
        guards: the first line of what runs where the condition holds, or of what is tried.
        taken: the ``except`` clause or ``case`` that ran, as it is written.
        value: what was returned, caught or bound.
        times: how often a loop's body began; None where that can't be told.
        ended: how a loop ended, see :data:`ENDS`.
        skipped: what did not run because of it.
        went: the frame's next step once it was decided.
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
