"""How a recorded load ended, and the exit code that says so."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

Status: TypeAlias = Literal[
    "loaded", "no-load", "failed", "stopped", "interrupted", "refused", "killed", "unfinished", "misused"
]
"""``no-load``: a script or block ended well, and no load in it came to its end. ``failed``: see also ``part``.
``stopped``: ended on purpose by ``--stop-after``. ``refused``: remote code was not consented to.
``killed``: the process ended without finishing. ``unfinished``: a journal that nobody sealed. ``misused``: what was
asked for can't be done at all, say an auto class that the release lacks."""

Part: TypeAlias = Literal["device", "peft", "inputs", "forward", "generate", "script", "before-load"]
"""What failed, where it was not a load. After it: moving the model to its device, adapting it, making inputs for the
pass, the pass, generation, or the ``script`` or block around it. ``before-load``: the script, before any load was done.
"""

EXIT_CODES: Final[dict[str, int]] = {
    "loaded": 0,
    "no-load": 0,
    "stopped": 0,
    "failed": 1,
    "misused": 2,
    "refused": 3,
    "killed": 4,
    "unfinished": 4,
    "interrupted": 130,
}


RECORDING_ENDED: Final = "recording_ended"
"""The metadata's key of a :class:`RecordingEnded`."""


class RecordingEnded(msgspec.Struct):
    """Why recording ended before the load did: the journal could not be written on.

    Attributes:
        error: the error's symbol, such as ``ENOSPC``.
        message: what the system calls it.
        step: the last step that was recorded, -1 where none was.
    """

    error: str
    message: str
    step: int


class Outcome(msgspec.Struct, omit_defaults=True):
    """The end of a load.

    Attributes:
        status: see :data:`Status`.
        result: class of what was loaded, ``module.Class``.
        error: type of the exception, ``module.Class`` (builtins without module).
        message: its message.
        step: number of the step where it arose, or of the last step.
        signal: name of the signal that killed the process.
        part: what failed, where it was not a load, see :data:`Part`.
        exit_code: code with which the process ended by itself in the middle.
        fault: where in the recorder's own code the exception was raised, if it was: a fault of ours, not of the load.
        seconds: wall time of the traced work.
    """

    status: Status
    result: str | None = None
    error: str | None = None
    message: str | None = None
    step: int | None = None
    part: Part | None = None
    signal: str | None = None
    exit_code: int | None = None
    fault: str | None = None
    seconds: float | None = None


def outcome_of(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome in a trace's metadata, without the fields that do not have the type that readers count on."""
    stored = meta.get("outcome")
    outcome = dict(stored) if isinstance(stored, dict) else {}
    for field in msgspec.structs.fields(Outcome):
        # A newer release may have a status that this one does not know.
        wanted = str if field.name == "status" else field.type
        try:
            msgspec.convert(outcome.get(field.name, field.default), wanted)
        except msgspec.ValidationError:
            outcome.pop(field.name, None)
    return {"status": "unfinished", **outcome}
