"""The LoRA that the user asked for: which modules it replaced, and how much there is to train."""

from __future__ import annotations

import json
import sys
from typing import Any

from tracer.recorder.model.tree import walk
from tracer.recorder.recording import Recording
from tracer.trace import reasons
from tracer.trace.errors import TracerError


def apply_lora(model: Any, path: str, recording: Recording) -> Any:
    """Call ``get_peft_model`` with the configuration in a JSON file; return the wrapped model.

    Raises:
        TracerError: the file is missing, not a JSON object, or not a LoRA configuration that peft accepts.
    """
    config = lora_config(path)
    before = {place: type(part) for place, part in walk(model)}
    import peft

    with recording.stage("peft"):
        wrapped = peft.get_peft_model(model, config)  # peft itself says what it can't do to this model
        replaced = [place for place, part in walk(model) if place in before and type(part) is not before[place]]
        trainable, total = wrapped.get_nb_trainable_parameters()
        share = round(100 * trainable / total, 4) if total else 0.0
        facts = {"replaced": replaced, "trainable": trainable, "all": total, "percent": share}
        recording.record_event("peft-applied", recording.clean_data({**_lora_facts(wrapped), **facts}))
        wrapped.print_trainable_parameters()
    return wrapped


def unwrap_peft(model: Any) -> Any:
    """Return the model that peft has wrapped; any other model itself."""
    peft = sys.modules.get("peft")
    return model.get_base_model() if peft is not None and isinstance(model, peft.PeftModel) else model


def _lora_facts(wrapped: Any) -> dict[str, Any]:
    """Return the LoRA's settings as peft completed them, and the factors that its layers multiply B·A by."""
    from peft.tuners.lora import LoraLayer

    config = wrapped.active_peft_config
    targets = config.target_modules
    layers = (part for _, part in walk(wrapped) if isinstance(part, LoraLayer))
    return {
        "r": config.r,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "target_modules": targets if targets is None or isinstance(targets, str) else sorted(targets),
        "scalings": sorted({factor for layer in layers for factor in layer.scaling.values()}),
    }


def lora_config(path: str) -> Any:
    """Return the LoRA configuration in a JSON file.

    Raises:
        TracerError: the file is missing, not a JSON object, or not a LoRA configuration that peft accepts.
    """
    import peft

    try:
        with open(path, encoding="utf-8") as file:
            read = json.load(file)
    except OSError as error:
        raise TracerError(reasons.LORA_UNREADABLE, path=path, error=error.strerror) from error
    except ValueError as error:
        raise TracerError(reasons.LORA_NO_JSON, path=path, error=error) from error
    if not isinstance(read, dict):
        raise TracerError(reasons.LORA_NO_OBJECT, path=path, example='{"r": 8}')
    kind = read.pop("peft_type", "LORA")
    if kind != "LORA":
        raise TracerError(reasons.LORA_OTHER_TYPE, path=path, kind=kind)
    try:
        return peft.LoraConfig(**read)
    except (TypeError, ValueError) as error:
        raise TracerError(reasons.LORA_REFUSED, path=path, error=error) from error
