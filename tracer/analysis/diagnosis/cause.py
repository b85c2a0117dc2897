"""The result of a diagnosis: causes, the evidence for them, and remedies. Plain data, in no human language."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from tracer.analysis.diagnosis.exceptions import RecordedException

Certainty: TypeAlias = Literal["certain", "likely", "unknown"]
"""``certain``: what was recorded leaves no other cause. ``likely``: it fits, and others would too. ``unknown``: no rule
fits; only the place where it happened is known."""


class Evidence(msgspec.Struct, frozen=True):
    """One step of the chain that led to a failure.

    Attributes:
        step: the step that shows it.
        what: key of its sentence, see :mod:`tracer.views.causes`.
        values: what the sentence is filled with; plain JSON.
    """

    step: int
    what: str
    values: dict[str, Any] = {}


class Cause(msgspec.Struct, frozen=True):
    """A cause with its remedy, or a surprise in a load that went on.

    Attributes:
        kind: its kind, which is the key of its sentence.
        certainty: see :data:`Certainty`.
        chain: the evidence for it, in the order of the steps.
        values: what the sentences of cause and remedy are filled with; plain JSON.
        remedy: key of the sentence that says what to do; None where nothing needs doing.
    """

    kind: str
    certainty: Certainty
    chain: list[Evidence]
    values: dict[str, Any] = {}
    remedy: str | None = None


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
    exceptions: list[RecordedException] = []
    causes: list[Cause] = []
    surprises: list[Cause] = []
