"""Parameters that still have a tensor of their own when a model is built, and will share another one's later."""

from __future__ import annotations

import re
from typing import Any

from tracer.recorder.torch_values import described


def to_be_tied(model: Any, parameters: dict[str, Any]) -> list[str]:
    """Names of the parameters that will be given up for others.

    From 5.0 on a model knows each with the one that it will share; before, its class names them, and they are tied to
    the word embeddings where the configuration says so. Nothing of the model's own is called to find out.
    """
    told = vars(model).get("all_tied_weights_keys")
    pairs = told.items() if isinstance(told, dict) else _by_the_class(model, parameters).items()
    return [
        name
        for name, source in pairs
        if name in parameters
        and source in parameters
        and parameters[name] is not parameters[source]
        and described(parameters[name]).shape == described(parameters[source]).shape
    ]


def _by_the_class(model: Any, parameters: dict[str, Any]) -> dict[str, str]:
    patterns = vars(model).get("_tied_weights_keys", getattr(type(model), "_tied_weights_keys", None))
    if not isinstance(patterns, list) or not _ties_word_embeddings(vars(model).get("config")):
        return {}
    found: dict[str, str] = {}
    for name, value in parameters.items():
        if any(isinstance(pattern, str) and re.search(pattern, name) for pattern in patterns):
            shape = described(value).shape
            for other, candidate in parameters.items():
                if re.search(r"embed|wte", other) and other != name and described(candidate).shape == shape:
                    found[name] = other
                    break
    return found


def _ties_word_embeddings(config: Any) -> bool:
    """Releases ask the configuration or the one of its text part; where these differ, nothing is said."""
    if config is None:
        return False
    parts = [
        config,
        *(part for name, part in vars(config).items() if name == "text_config" and hasattr(part, "__dict__")),
    ]
    return all(vars(part).get("tie_word_embeddings", True) for part in parts)
