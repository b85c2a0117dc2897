"""Each operator that torch runs, under the module that ran it."""

from __future__ import annotations

from typing import Any

from tracer.recorder.recording import Recording


def watch_operators(recording: Recording) -> Any:
    """A context manager: while it is open, each operator is a step with its inputs and outputs.

    Built on ``torch.utils._python_dispatch.TorchDispatchMode``, which sees operators below autograd.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    class Operators(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            seen = recording.summaries.number({"in": (*args, kwargs) if kwargs else args, "out": result})
            recording.point("operator", {"name": str(function)}, value=seen)
            return result

    return Operators()
