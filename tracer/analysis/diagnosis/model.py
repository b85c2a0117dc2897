"""What a diagnosis says; plain data, free of any language."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

Certainty: TypeAlias = Literal["certain", "likely", "unknown"]
"""``certain``: what was recorded leaves no other cause. ``likely``: it fits, and others would too. ``unknown``: no rule
fits; it is told where it happened and no more."""


class Evidence(msgspec.Struct, frozen=True):
    """One step of the chain that led to a failure.

    Attributes:
        step: the step that shows it.
        what: key of the sentence that tells it, see :mod:`tracer.views.why_words`.
        values: what the sentence is filled with; plain JSON.
    """

    step: int
    what: str
    values: dict[str, Any] = {}


class Cause(msgspec.Struct, frozen=True):
    """A cause with its remedy, or a surprise of a load that went on.

    Attributes:
        kind: what sort it is, and the key of its sentence.
        certainty: see :data:`Certainty`.
        chain: what shows it, in the order of the steps.
        values: what the sentences of cause and remedy are filled with; plain JSON.
        remedy: key of the sentence that says what to do; None where nothing needs doing.
    """

    kind: str
    certainty: Certainty
    chain: list[Evidence]
    values: dict[str, Any] = {}
    remedy: str | None = None


class Passage(msgspec.Struct, frozen=True):
    """A stepped function that an exception arrived in: ``event`` is ``raise`` or ``unwind``."""

    step: int
    event: str
    frame: int | None
    function: str
    module: str
    file: str | None
    line: int | None


class Thrown(msgspec.Struct, frozen=True):
    """An exception as it was recorded, from where it was first seen outwards.

    ``error`` is ``module.Class``, of built-in ones ``Class``. ``message`` is None where telling it would have run
    foreign code.
    """

    error: str
    message: str | None
    passages: list[Passage]

    @property
    def step(self) -> int:
        return self.passages[0].step

    @property
    def origin(self) -> Passage:
        """Where it was first seen: raised there, or by something that no function was stepped of."""
        return self.passages[0]

    @property
    def name(self) -> str:
        return self.error.rpartition(".")[2]

    @property
    def text(self) -> str:
        return self.message or ""


class Diagnosis(msgspec.Struct, frozen=True):
    """Why a load ended as it did.

    Attributes:
        status: the outcome's, see :mod:`tracer.trace.outcome`.
        part: what failed, where it was not the load; the outcome's too.
        step: the failing step, or the last one; None where none was recorded.
        stage: the stage of that step.
        error: type of the exception that ended it.
        message: its message.
        exceptions: that exception last, and before it those that it was raised in the handling of.
        causes: the best first; none for a load that went well.
        surprises: what a load did that its user may not expect.
    """

    status: str
    part: str | None = None
    step: int | None = None
    stage: str | None = None
    error: str | None = None
    message: str | None = None
    exceptions: list[Thrown] = []
    causes: list[Cause] = []
    surprises: list[Cause] = []
