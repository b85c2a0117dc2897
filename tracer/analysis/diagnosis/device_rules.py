"""Rules for a device that is asked for and not there."""

from __future__ import annotations

import re
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Cause
from tracer.analysis.diagnosis.config_values import asked_in_call, asking
from tracer.analysis.diagnosis.recorded_load import RecordedLoad, file_name
from tracer.analysis.diagnosis.thrown import is_users, thrown

# torch 2.0 to 2.13: built without CUDA, no driver, no device; a file saved on a GPU and read without map_location.
_NO_CUDA: Final = re.compile(
    r"^Torch not compiled with CUDA enabled|^Found no NVIDIA driver|No CUDA GPUs are available"
    r"|CUDA driver version is insufficient"
)
_SAVED_THERE: Final = "Attempting to deserialize object on a CUDA device"
_ASKS: Final = re.compile(r"cuda")


def cuda_missing(load: RecordedLoad) -> Cause | None:
    """Detect code, or an argument, that wants a GPU where torch has none."""
    failure = thrown(load)
    if failure is None or failure.error not in ("AssertionError", "RuntimeError"):
        return None
    saved = _SAVED_THERE in failure.text
    if not saved and _NO_CUDA.search(failure.text) is None:
        return None
    outer = [frame for frame in failure.frames if is_users(frame)]
    place = next((frame for frame in reversed(outer) if saved or _ASKS.search(load.statement_of(frame))), None)
    values: dict[str, Any] = {"torch": load.trace.meta.releases.get("torch", "?")}
    if place is not None:
        values |= {"file": file_name(place.file), "line": place.line}
        values["statement"] = " ".join(load.statement_of(place).split())
        if saved:
            return Cause("saved-on-cuda", "certain", load.with_raised(), values, "map-location")
        return Cause("cuda-in-code", "certain", load.with_raised(), values, "device-of-inputs")
    asked = asked_in_call(load, "device_map", "device")
    if asked is None or saved:
        return None
    values |= {"given": asked.written, "name": asked.argument}
    return Cause("cuda-asked", "certain", load.with_raised(asking(load, asked)), values, "other-device")
