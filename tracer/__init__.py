"""Record how a Hugging Face model really loads, and look at every step of the way.

    with tracer.record("x.glmtrace"):
        AutoModelForCausalLM.from_pretrained(...)

    with tracer.open_trace("x.glmtrace") as trace:
        print(trace.outcome, len(trace))

Importing this package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.trace.errors import NewerTrace, NotATrace, TracerError
from tracer.trace.reading import Trace, open_trace

if TYPE_CHECKING:
    from tracer.recorder.in_process import record

__all__ = ["NewerTrace", "NotATrace", "Trace", "TracerError", "open_trace", "record"]


def __dir__() -> list[str]:
    return [*__all__]


def __getattr__(name: str) -> Any:
    if name == "record":  # recording needs the recorder; looking at a trace must not
        from tracer.recorder.in_process import record

        return record
    raise AttributeError(f"module 'tracer' has no attribute {name!r}")
