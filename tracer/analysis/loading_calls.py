"""The user's own loading calls, and how a recorded call is written."""

from __future__ import annotations

from typing import Final

import msgspec

from tracer.analysis.value_format import format_value
from tracer.text.visible import one_line
from tracer.trace.errors import TracerError
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Frame, Step
from tracer.trace.values import Class, Mapping, ValueId

AUTO_MODEL: Final = "_BaseAutoModelClass.from_pretrained"
AUTO_CONFIG: Final = "AutoConfig.from_pretrained"
AUTO_TOKENIZER: Final = "AutoTokenizer.from_pretrained"
AUTO_PROCESSOR: Final = "AutoProcessor.from_pretrained"
MODEL_LOADER: Final = "PreTrainedModel.from_pretrained"
"""The functions behind the usual calls; every auto model class shares the first."""

_METHODS: Final = ("from_pretrained", "from_config")
_MODEL_OWNERS: Final = tuple(function.partition(".")[0] for function in (AUTO_MODEL, MODEL_LOADER))


class LoadingCall(msgspec.Struct, frozen=True):
    """A loading call that no stepped function made. ``last`` is its last step."""

    step: int
    frame: int
    last: int
    call: str
    returned: bool


def loading_calls(trace: Trace) -> list[LoadingCall]:
    """Return the user's own loading calls, in order."""
    found: list[LoadingCall] = []
    for frame in trace.frames(outermost=True):
        first = trace.nearest(-1, frame=frame.number, kind="call") if is_loading_call(frame) else None
        if first is None:
            continue
        last = trace.nearest(len(trace), backwards=True, frame=frame.number)
        end = trace.step(first if last is None else last)
        text = _formatted(trace, trace.step(first))
        found.append(LoadingCall(first, frame.number, end.number, text, end.event == "return"))
    return sorted(found, key=lambda call: call.step)


def first_call(trace: Trace) -> int | None:
    """Return the step of the call that loads a model, the first of several; else of the first loading call."""
    first: int | None = None
    for frame in trace.frames(outermost=True):
        if is_loading_call(frame) and (step := trace.nearest(-1, frame=frame.number, kind="call")) is not None:
            if frame.function.partition(".")[0] in _MODEL_OWNERS:
                return step
            first = step if first is None else first
    return first


def is_loading_call(frame: Frame) -> bool:
    """Return whether a frame is a loading call that the user made: a class's loading method, with no stepped caller."""
    owner, _, name = frame.function.rpartition(".")
    return frame.parent is None and bool(owner) and name in _METHODS


def loads_a_model(trace: Trace, call: LoadingCall) -> bool:
    """Return whether a call loads a model, and not a tokenizer, a processor or a configuration."""
    return trace.frame(call.frame).function.partition(".")[0] in _MODEL_OWNERS


def _formatted(trace: Trace, step: Step) -> str:
    try:
        return format_call(trace, step)
    except (TracerError, RecursionError):
        return one_line(trace.frame(step.frame if step.frame is not None else -1).function, 80)


_PATH: Final = "pretrained_model_name_or_path"


def format_call(trace: Trace, step: Step) -> str:
    """Return ``AutoModel.from_pretrained("<model>", torch_dtype=torch.bfloat16)`` for a ``call`` step."""
    bound = {change.name: change.value for change in step.changes if isinstance(change, Bound)}
    frame = trace.frame(step.frame if step.frame is not None else -1)
    owner, _, name = frame.function.rpartition(".")
    cls = trace.value(bound.pop("cls")) if "cls" in bound else None
    if isinstance(cls, Class):
        owner = cls.name
    arguments: list[str] = []
    if _PATH in bound:
        arguments.append(format_value(trace, bound.pop(_PATH)))
    for keyword, number in _keywords(trace, bound):
        arguments.append(f"{keyword}={format_value(trace, number)}")
    return f"{owner}.{name}({', '.join(arguments)})"


def _keywords(trace: Trace, bound: dict[str, ValueId]) -> list[tuple[str, ValueId]]:
    """Return the keyword arguments, with the contents of ``**kwargs`` in its place."""
    found: list[tuple[str, ValueId]] = []
    for name, number in bound.items():
        value = trace.value(number)
        if name == "kwargs" and isinstance(value, Mapping):
            found.extend(value.items)
        elif not name.endswith(("args", "inputs")):
            found.append((name, number))
    return found
