"""A difference between two loads, and the names by which things in them are matched."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """Something that one load did or has, and the other did or has differently.

    Attributes:
        topic: one of the topics of a comparison.
        what: the kind of difference, which is the key of its sentence.
        subject: the thing that differs: a function, a condition, an argument, a path…
        a: what the first load has, as plain JSON; None if it has nothing.
        b: the same for the second load.
        steps: the step that shows it in each, or None.
    """

    topic: str
    what: str
    subject: str
    a: Any = None
    b: Any = None
    steps: tuple[int | None, int | None] = (None, None)


Table: TypeAlias = "dict[str, tuple[Any, int | None]]"
"""What one load has, by subject: each value with the step that shows it."""


def table_differences(topic: str, what: str, a: Table, b: Table) -> list[Difference]:
    """Compare two tables of values, each with the step that shows it."""
    found = []
    for subject in [*a, *(name for name in b if name not in a)]:
        mine, theirs = a.get(subject), b.get(subject)
        if mine is None or theirs is None or mine[0] != theirs[0]:
            values = None if mine is None else mine[0], None if theirs is None else theirs[0]
            steps = None if mine is None else mine[1], None if theirs is None else theirs[1]
            kind = f"{what}-only-a" if theirs is None else f"{what}-only-b" if mine is None else what
            found.append(Difference(topic, kind, subject, *values, steps))
    return found


# transformers 5 renamed the class (configuration_utils.py) and keeps the old name as an alias.
_RENAMED: Final = {"PretrainedConfig": "PreTrainedConfig"}
_REMOTE: Final = re.compile(r"\btransformers_modules\.(?:[^.\s'\"]+\.)*(?=[^.\s'\"]+\.[^.\s'\"]+)")
_REMOTE_PATH: Final = re.compile(r"(?<=transformers_modules/)(?:[^/\s'\"]+/)*(?=[^/\s'\"]+\.py)")


def function_name(name: str) -> str:
    """Return a function's qualified name, with classes under their newest name."""
    owner, dot, rest = name.partition(".")
    return _RENAMED.get(owner, owner) + dot + rest


def class_name(name: str) -> str:
    """Return a class of remote code without the modules cache's folders, which contain a hash on transformers 5."""
    return _REMOTE.sub("", name)


def path_name(path: str) -> str:
    """Return a file of remote code without these folders."""
    return _REMOTE_PATH.sub("", path)
