"""The loads of models in a trace: each call of the user's that loads one, and what it gave."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final

import msgspec

from tracer.analysis.decisions.explanation import DecisionLocals, ExplainedDecision, named_values
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.decisions.turning_points import turning_point
from tracer.analysis.loading_calls import AUTO_MODEL, LoadingCall, loading_calls, loads_a_model
from tracer.analysis.locals import callers
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import ModelLoaded, events
from tracer.trace.reading import Trace
from tracer.trace.steps import Step

_OF_THE_CLASS: Final = ("model-remote", "model-library", "model-unknown")


class ModelLoad(msgspec.Struct):
    """One load of a model.

    Attributes:
        call: the user's call.
        since: the first step that belongs to it: the first loading call after the load before, which can be that of
            its tokenizer.
        until: the step at which the next load begins, or one behind the last of the trace. What is in between belongs
            to this load: the passes through the model, and what a script does with it.
        class_: the class of what was loaded, ``module.Class``; None where the call did not return.
        loaded: the step at which it was there.
    """

    call: LoadingCall
    since: int
    until: int
    class_: str | None = None
    loaded: int | None = None


def model_loads(trace: Trace) -> list[ModelLoad]:
    """Return the loads of models, in order; without any, there can still be a tokenizer's or a configuration's."""
    loads: list[ModelLoad] = []
    since: int | None = 0
    for call in loading_calls(trace):
        since = call.step if since is None else since
        if loads_a_model(trace, call):
            loads.append(ModelLoad(call, since, len(trace)))
            since = None
    for load, following in pairwise(loads):
        load.until = following.since
    by_frame = {load.call.frame: load for load in loads}
    for found in events(trace, ModelLoaded):
        outermost = outermost_frame(trace, found.step)
        if outermost in by_frame and found.event.within is None:
            load = by_frame[outermost]
            load.class_, load.loaded = found.event.class_, found.step.number
    return loads


def outermost_frame(trace: Trace, step: Step) -> int | None:
    """Return the frame that a step's callers begin with: that of the user's call. None for a step outside of frames."""
    outermost = step.frame
    with suppress(DanglingNumber):  # of a damaged trace
        for caller in callers(trace, step.frame) if step.frame is not None else ():
            outermost = caller
    return outermost


def load_of(trace: Trace, loads: Sequence[ModelLoad], step: Step) -> ModelLoad | None:
    """Return the load that a step belongs to: the one whose call made it, else the one among whose steps it is.

    Several threads can load at once, and then the steps of one load are among those of another.
    """
    outermost = outermost_frame(trace, step)
    own = next((load for load in loads if load.call.frame == outermost), None)
    return own or next((load for load in loads if load.since <= step.number < load.until), None)


def are_apart(loads: Sequence[ModelLoad]) -> bool:
    """Return whether each load ended before the next began; several threads can load at once."""
    return all(load.call.last < following.since for load, following in pairwise(loads))


def decision_on_class(trace: Trace, call: LoadingCall) -> ExplainedDecision | None:
    """Return the decision that chose the class: the last of ``from_pretrained`` about it; None if it made none.

    Source: ``_BaseAutoModelClass.from_pretrained`` in ``transformers/models/auto/auto_factory.py``, 4.44.2 and 5.23.0.
    """
    if trace.frame(call.frame).function != AUTO_MODEL:
        return None  # the class was in the call itself
    chosen: ExplainedDecision | None = None
    for decision in decisions(trace, frame=call.frame):
        variable = DecisionLocals(trace, decision)
        point, means = turning_point(decision, variable) or (None, "")
        if point is not None and means in _OF_THE_CLASS:
            chosen = ExplainedDecision(decision, "turning-point", means, values=named_values(point, variable))
    return chosen
