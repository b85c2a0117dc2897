"""A difference between two loads, and the names by which things in them are matched."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """Something that one load did or has, and the other did or has otherwise.

    Attributes:
        topic: what it is about, one of the topics of a comparison.
        what: which kind of difference, the key of its sentence.
        subject: the thing that differs: a function, a condition, an argument, a path…
        a: what the first load has there, plain JSON; None where it has nothing.
        b: the same of the second load.
        steps: where it shows in each, or None.
    """

    topic: str
    what: str
    subject: str
    a: Any = None
    b: Any = None
    steps: tuple[int | None, int | None] = (None, None)


Table: TypeAlias = "dict[str, tuple[Any, int | None]]"
"""What one load has, by what it is about, each with the step that shows it."""


def table_differences(topic: str, what: str, a: Table, b: Table) -> list[Difference]:
    """Compare two tables of values, each with the step that shows it."""
    found = []
    for subject in [*a, *(name for name in b if name not in a)]:
        mine, theirs = a.get(subject), b.get(subject)
        if mine is None or theirs is None or mine[0] != theirs[0]:
            values = None if mine is None else mine[0], None if theirs is None else theirs[0]
            steps = None if mine is None else mine[1], None if theirs is None else theirs[1]
            way = f"{what}-only-a" if theirs is None else f"{what}-only-b" if mine is None else what
            found.append(Difference(topic, way, subject, *values, steps))
    return found


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
