"""Types of transformers whose instances are told by their instance dictionary: configurations and caches."""

from __future__ import annotations

import types
from typing import Final

from tracer.recorder import raw

_CONFIG_BASES: Final = {"PretrainedConfig", "PreTrainedConfig"}
_CACHE_MODULE: Final = "transformers.cache_utils"

_config_types: dict[int, tuple[type, bool]] = {}  # by the type's id, which the kept type keeps from being used again


def is_config_type(kind: type) -> bool:
    """Whether a type is a transformers configuration whose instance dictionary can be read without its code."""
    known = _config_types.get(id(kind))
    if known is None:
        named = any(raw.name(base) in _CONFIG_BASES for base in raw.mro(kind))
        known = _config_types[id(kind)] = (kind, named and _has_plain_dict(kind))
    return known[1]


def is_cache_type(kind: type) -> bool:
    """Whether a type is one of transformers' caches of past keys and values, or a layer of one."""
    return any(raw.module_name(base) == _CACHE_MODULE for base in raw.mro(kind)) and _has_plain_dict(kind)


def _has_plain_dict(kind: type) -> bool:
    """Whether ``__dict__`` is the interpreter's own and not, say, a property."""
    for base in raw.mro(kind):
        if "__dict__" in (members := raw.members(base)):
            return type(members["__dict__"]) is types.GetSetDescriptorType
    return False
