"""A second record of a toy's run: a full copy of the locals at every step, taken from the frames themselves."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from tests.recorder.toy import FILE
from tracer.analysis.locals import FrameState, Local
from tracer.recorder.recording import Recording
from tracer.trace import values as v
from tracer.trace.reading import Trace

Copy = tuple[str, dict[str, Any]]
"""A function's name and its locals."""


@contextmanager
def copies() -> Iterator[dict[int, list[Copy]]]:
    """Collect copies of the toy's frames, innermost first, for each step recorded in the block."""
    taken: dict[int, list[Copy]] = {}
    step = Recording.step

    def step_and_copy(self: Recording, *args: Any, **kwargs: Any) -> int:
        number = step(self, *args, **kwargs)
        taken[number] = list(_stack(sys._getframe(1)))
        return number

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recording, "step", step_and_copy)
        yield taken


def _stack(frame: FrameType | None) -> Iterator[Copy]:
    while frame is not None:
        if frame.f_code.co_filename.endswith(FILE) and frame.f_code.co_name != "run":
            yield frame.f_code.co_name, {name: _copy(value) for name, value in frame.f_locals.items()}
        frame = frame.f_back


def _copy(value: Any) -> Any:
    if type(value) is dict:
        return {str(key): _copy(item) for key, item in value.items()}  # a summary has keys as text
    try:
        return copy.deepcopy(value)
    except TypeError:  # a thread has no copy
        return type(value)


def told(trace: Trace, state: FrameState) -> Copy:
    """Return a state in the form of a copy."""
    return state.function, {name: held(trace, local) for name, local in state.variables.items()}


def held(trace: Trace, local: Local) -> Any:
    return real(trace, local.value(trace))


def real(trace: Trace, value: v.Value) -> Any:
    """Return the value that a summary was made of."""
    if isinstance(value, (v.Plain, v.Text)):
        return value.value
    if isinstance(value, v.Mapping):
        assert value.length == len(value.items)
        return {key: real(trace, trace.value(number)) for key, number in value.items}
    if isinstance(value, v.Sequence):
        made: Any = {"list": list, "tuple": tuple, "set": set}[value.type]
        return made(real(trace, trace.value(number)) for number in value.items)
    return value
