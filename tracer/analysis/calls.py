"""What a function was called with, as a person would write the call."""

from __future__ import annotations

from typing import Final

from tracer.analysis.plain import short
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Step
from tracer.trace.values import Class, Mapping, ValueId

_PATH: Final = "pretrained_model_name_or_path"


def called_with(trace: Trace, step: Step) -> str:
    """``AutoModel.from_pretrained("<model>", torch_dtype=torch.bfloat16)`` from a ``call`` step."""
    bound = {change.name: change.value for change in step.changes if isinstance(change, Bound)}
    frame = trace.frame(step.frame if step.frame is not None else -1)
    owner, _, name = frame.function.rpartition(".")
    cls = trace.value(bound.pop("cls")) if "cls" in bound else None
    if isinstance(cls, Class):
        owner = cls.name
    arguments: list[str] = []
    if _PATH in bound:
        arguments.append(short(trace, bound.pop(_PATH)))
    for keyword, number in _keywords(trace, bound):
        arguments.append(f"{keyword}={short(trace, number)}")
    return f"{owner}.{name}({', '.join(arguments)})"


def _keywords(trace: Trace, bound: dict[str, ValueId]) -> list[tuple[str, ValueId]]:
    """Keyword arguments: the contents of ``**kwargs`` take its place."""
    found: list[tuple[str, ValueId]] = []
    for name, number in bound.items():
        value = trace.value(number)
        if name == "kwargs" and isinstance(value, Mapping):
            found.extend(value.items)
        elif not name.endswith(("args", "inputs")):
            found.append((name, number))
    return found
