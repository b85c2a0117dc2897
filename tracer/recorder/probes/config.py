"""The configuration: what config.json held, what was left over, which class it became."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tracer.recorder import raw
from tracer.recorder.probes.reading import class_name, class_of, first_of, keys, text, texts
from tracer.recorder.stepping.stepped_frame import Observed, Probe


def config_read(seen: Observed) -> tuple[str, dict[str, Any]] | None:
    value = seen.value
    if type(value) is not tuple or len(value) != 2:
        return None
    read, unused = value
    model_type = read.get("model_type") if type(read) is dict else None
    return "config-read", {
        "keys": keys(read),
        "unused": keys(unused),
        "model_type": model_type if type(model_type) is str else None,
    }


def class_by_mapping(seen: Observed) -> tuple[str, dict[str, Any]] | None:
    """``from_dict`` called by ``AutoConfig.from_pretrained`` itself: the class came out of ``CONFIG_MAPPING``."""
    caller = seen.caller
    if caller is None or caller.target.function != "AutoConfig.from_pretrained":
        return None
    pattern = text(caller.variables, "pattern")
    read = seen.variables.get("config_dict")
    found_by_name = pattern is not None and type(read) is dict and "model_type" not in read
    return "class-resolved", {
        "way": "name-pattern" if found_by_name else "mapping",
        "key": pattern if found_by_name else (text(read, "model_type") if type(read) is dict else None),
        "class": class_name(seen.variables.get("cls")),
    }


def config_built(seen: Observed) -> tuple[str, dict[str, Any]]:
    built = first_of(seen.value)
    left = seen.variables.get("kwargs")
    return "config-built", {
        "class": class_of(built),
        "taken": texts(seen.variables.get("to_remove")),
        "unused": keys(left),
        "kept": _set_and_left(built, left),
    }


def _set_and_left(built: Any, left: Any) -> list[str]:
    """Arguments that became attributes and are handed on all the same: 4.x does so with the dtype."""
    attributes = raw.instance_dict(built)
    if type(left) is not dict or type(attributes) is not dict:
        return []
    return [name for name in keys(left) if left[name] is not None and attributes.get(name) is left[name]]


PROBES: Final[Mapping[str, Mapping[str, Probe]]] = {
    "get_config_dict": {"return": config_read},
    "from_dict": {"call": class_by_mapping, "return": config_built},
}
