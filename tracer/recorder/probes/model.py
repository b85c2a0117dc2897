"""The model: which class loads it, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder.probes.reading import class_name, class_of, first_of
from tracer.recorder.stepping.stepped_frame import Observed, Probe
from tracer.recorder.summary import Summariser
from tracer.trace.values import Module

_AUTO: Final = "_BaseAutoModelClass.from_pretrained"


def class_by_mapping(seen: Observed) -> tuple[str, dict[str, Any]] | None:
    """A model class that the auto class took from its mapping and not from the model directory."""
    caller = seen.caller
    if caller is None or caller.target.function != _AUTO:
        return None
    module = class_name(seen.variables.get("cls")) or ""
    if module.startswith("transformers_modules."):
        return None  # told already when the dynamic class was resolved
    return "class-resolved", {
        "way": "mapping",
        "key": class_of(seen.variables.get("config")),
        "class": module,
    }


def model_loaded(seen: Observed) -> tuple[str, dict[str, Any]]:
    model = first_of(seen.value)
    return "model-loaded", {"class": class_of(model), "parameters": _numbers(seen.recording.summaries, model)}


def _numbers(summaries: Summariser, model: Any) -> int | None:
    made = summaries.summary(model)
    return made.parameters if isinstance(made, Module) else None


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "PreTrainedModel.from_pretrained": {"call": class_by_mapping, "return": model_loaded},
}
