"""How a recorded load ended, and the exit code that says so."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

Status: TypeAlias = Literal[
    "loaded", "no-load", "failed", "stopped", "interrupted", "refused", "killed", "unfinished", "misused"
]
"""``no-load``: a script or block succeeded, and no load in it was completed. ``failed``: see also ``part``.
``stopped``: ended on purpose by ``--stop-after``. ``refused``: the user did not agree to remote code.
``killed``: the process ended without finishing. ``unfinished``: a journal that was never sealed. ``misused``: the
request can't be met at all, for example an auto class that the release does not have."""

Part: TypeAlias = Literal["device", "peft", "inputs", "forward", "generate", "script", "before-load"]
"""What failed, if it was not the load itself. After the load: moving the model to its device, applying an adapter,
making inputs for the pass, the pass, generation, or the ``script`` or block around it. ``before-load``: the script,
before any load was done.

"""

GOOD: Final = ("loaded", "stopped")
"""The statuses of a load that ended as intended."""

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


class Outcome(msgspec.Struct, omit_defaults=True):
    """How a load ended.

    Attributes:
        status: see :data:`Status`.
        result: class of the loaded object, ``module.Class``.
        error: type of the exception, ``module.Class`` (builtins without module).
        message: its message.
        step: number of the step at which the exception arose, or of the last step.
        signal: name of the signal that killed the process.
        part: what failed, if it was not the load itself; see :data:`Part`.
        exit_code: exit code of a process that ended by itself in the middle of the load.
        fault: where in the recorder's own code the exception was raised, if it was: a bug in glm-trace, not in the
            load.
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


def outcome_of(meta: dict[str, Any]) -> Outcome:
    """Return the outcome in a trace's metadata; its status can be one that only a newer release knows."""
    facts = outcome_facts(meta)
    return Outcome(**{name: facts[name] for name in Outcome.__struct_fields__ if name in facts})


def outcome_facts(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome as it is stored, including the facts of newer releases.

    Fields of :class:`Outcome` are left out if they do not have the type that readers rely on.
    """
    stored = meta.get("outcome")
    outcome = dict(stored) if isinstance(stored, dict) else {}
    for field in msgspec.structs.fields(Outcome):
        # A newer release may have a status that this release does not know.
        wanted = str if field.name == "status" else field.type
        try:
            msgspec.convert(outcome.get(field.name, field.default), wanted)
        except msgspec.ValidationError:
            outcome.pop(field.name, None)
    return {"status": "unfinished", **outcome}
