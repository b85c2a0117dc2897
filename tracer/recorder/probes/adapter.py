"""The adapter look-up: does the directory hold a PEFT adapter, and which base does it name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder.probes.reading import text
from tracer.recorder.stepping.stepped_frame import Observed, Probe


def looked_up(seen: Observed) -> tuple[str, dict[str, Any]]:
    asked = {"in": text(seen.variables, "model_id")}
    if type(seen.value) is str:
        return "adapter-found", {**asked, "path": seen.value}
    return "adapter-absent", asked


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {"find_adapter_config_file": {"return": looked_up}}
