"""Each operator that torch runs, under the module that ran it."""

from __future__ import annotations

from typing import Any

from tracer.recorder.recording import Recording
from tracer.recorder.stepping.settrace import unstepped


def watch_operators(recording: Recording) -> Any:
    """A context manager: while it is open, each operator is a step with its inputs and outputs.

    Built on ``torch.utils._python_dispatch.TorchDispatchMode``, which sees operators below autograd.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    names: dict[Any, str] = {}

    def ran(function: Any, args: Any, kwargs: Any, result: Any) -> None:
        with unstepped():
            name = names.get(function)
            if name is None:
                name = names[function] = str(function)
            seen = recording.summaries.number({"in": (*args, kwargs) if kwargs else args, "out": result})
            recording.point("operator", {"name": name}, value=seen)

    class Operators(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return False  # else each operator goes through a guard of torch.compile's, which costs more than the rest

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            with unstepped():
                result = function(*args, **(kwargs or {}))
            recording.guard.call("operators", ran, function, args, kwargs, result)
            return result

    return Operators()
