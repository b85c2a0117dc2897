"""Names that two loads share although they spell them differently."""

from __future__ import annotations

import re
from typing import Final

# transformers 5 renamed the class (configuration_utils.py) and keeps the old name as an alias.
_RENAMED: Final = {"PretrainedConfig": "PreTrainedConfig"}
_REMOTE: Final = re.compile(r"\btransformers_modules\.(?:[^.\s'\"]+\.)*(?=[^.\s'\"]+\.[^.\s'\"]+)")
_REMOTE_PATH: Final = re.compile(r"(?<=transformers_modules/)(?:[^/\s'\"]+/)*(?=[^/\s'\"]+\.py)")


def function_name(name: str) -> str:
    """A function's qualified name, with classes under their newest name."""
    owner, dot, rest = name.partition(".")
    return _RENAMED.get(owner, owner) + dot + rest


def class_name(name: str) -> str:
    """A class of remote code without the folders of the modules cache, which have a hash in them on transformers 5."""
    return _REMOTE.sub("", name)


def path_name(path: str) -> str:
    """A file of remote code likewise."""
    return _REMOTE_PATH.sub("", path)
