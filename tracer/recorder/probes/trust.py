"""The trust decision: the three booleans, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder.stepping.stepped_frame import Observed, Probe


def decided(seen: Observed) -> tuple[str, dict[str, Any]]:
    return "trust-asked", {**_booleans(seen), "decision": _plain(seen.value)}


def refused(seen: Observed) -> tuple[str, dict[str, Any]]:
    seen.recording.refused = True
    return "trust-asked", {**_booleans(seen), "decision": False, "refused": True}


def _booleans(seen: Observed) -> dict[str, Any]:
    caller = seen.caller.variables if seen.caller is not None else {}
    return {
        "has_local_code": seen.variables.get("has_local_code") is True,
        "has_remote_code": seen.variables.get("has_remote_code") is True,
        "given": _plain(caller.get("trust_remote_code", seen.variables.get("trust_remote_code"))),
    }


def _plain(value: Any) -> bool | None:
    return value if type(value) is bool else None


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "resolve_trust_remote_code": {"return": decided, "unwind": refused},
}
