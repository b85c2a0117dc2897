"""The loads of models in a trace: each call of the user's that loads one, and what it gave."""

from __future__ import annotations

from typing import Final

import msgspec

from tracer.analysis.decisions.explanation import DecisionLocals, ExplainedDecision, named_values
from tracer.analysis.decisions.tracker import decisions
from tracer.analysis.decisions.turning_points import turning_point
from tracer.analysis.loading_calls import AUTO_MODEL, LoadingCall, loading_calls, loads_a_model
from tracer.trace.events import ModelLoaded, events
from tracer.trace.reading import Trace

_OF_THE_CLASS: Final = ("model-remote", "model-library", "model-unknown")


class ModelLoad(msgspec.Struct):
    """One load of a model.

    Attributes:
        call: the user's call.
        until: the step at which the next load of a model begins, or one behind the last of the trace. What is between
            belongs to this load: the passes through the model, and what a script does with it.
        class_: the class of what was loaded, ``module.Class``; None where the call did not return.
        loaded: the step at which it was there.
    """

    call: LoadingCall
    until: int
    class_: str | None = None
    loaded: int | None = None


def model_loads(trace: Trace) -> list[ModelLoad]:
    """Return the loads of models, in order; without any, there can still be a tokenizer's or a configuration's."""
    calls = [call for call in loading_calls(trace) if loads_a_model(trace, call)]
    ends = [*(call.step for call in calls[1:]), len(trace)]
    loads = [ModelLoad(call, end) for call, end in zip(calls, ends, strict=False)]
    for found in events(trace, ModelLoaded):
        load = next((one for one in loads if one.call.step <= found.step.number < one.until), None)
        if load is not None and found.event.within is None:
            load.class_, load.loaded = found.event.class_, found.step.number
    return loads


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
