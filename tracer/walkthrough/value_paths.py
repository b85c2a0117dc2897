"""Recorded values by the path that a note writes: ``kwargs.trust_remote_code``, ``after.class_name``, ``step.way``.

A path begins with the name of a variable of the step's frame, or with one of these words:

- ``after``: the frame at its next step, so what the statement has made: ``after.config``; at an ``if``, as it is
  before the branch's first statement runs;
- ``caller``: the frame that called it: ``caller.config``;
- ``step``: the step itself: ``step.value`` is what was returned or raised, anything else an item of its data;
- ``load``: the whole load: ``load.transformers``, ``load.torch``, ``load.model``, ``load.class``, ``load.status``,
  and of one that failed ``load.error`` and ``load.message``.

After that, at each dot, a key of a dictionary or configuration, a number into a list, or, where there is no such key,
a part of the summary: ``shape``, ``dtype``, ``device``, ``type``, ``length``, ``parameters``, ``name``, ``message``. A
key that has dots itself is written in brackets: ``weight_map[lm_head.weight]``.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple, TypeAlias

from tracer.analysis.locals import FrameState, Local, LocalsHistory
from tracer.analysis.value_format import summary_to_json
from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.redaction import MASK
from tracer.trace.steps import Step

_SEGMENT: Final = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
PATH: Final = re.compile(r"[^\W\d][\w-]*(?:\.[\w-]+|\[[^\]\n]*\])*")
PARTS: Final = ("shape", "dtype", "device", "type", "length", "parameters", "name", "module", "message", "text")
WORDS: Final = ("after", "caller", "step", "load")


class PlainData(NamedTuple):
    """Plain JSON from a step's data or about the load, as opposed to a recorded value."""

    plain: Any


FoundValue: TypeAlias = "v.Value | PlainData"


class StepScope:
    """A step of a trace, and what is recorded there."""

    def __init__(self, trace: Trace, step: int, variables: LocalsHistory | None = None) -> None:
        self.trace = trace
        self.step: Step = trace.step(step)
        self._variables = variables or LocalsHistory(trace)

    def value(self, path: str) -> FoundValue | None:
        """Return the value at a path; None if nothing is recorded there."""
        segments = [bracketed or plain for bracketed, plain in _SEGMENT.findall(path)]
        if not segments:
            return None
        try:
            return self._from(segments[0], segments[1:])
        except DanglingNumber:
            return None

    def _from(self, first: str, rest: list[str]) -> FoundValue | None:
        if first == "load":
            return _in_data(load_facts(self.trace), rest)
        if first == "step":
            return self._of_step(rest)
        if first in ("after", "caller"):
            states = self._after() if first == "after" else self._states(self.step.number)[1:]
            return self._variable(states[0], rest) if states and rest else None
        states = self._states(self.step.number)
        return self._variable(states[0], [first, *rest]) if states else None

    def _of_step(self, rest: list[str]) -> FoundValue | None:
        if rest[:1] == ["value"] and self.step.value is not None:
            return _inside(self.trace, self.trace.value(self.step.value), rest[1:])
        if rest[:1] in (["number"], ["kind"], ["stage"]):
            return PlainData(getattr(self.step, rest[0]))
        return _in_data(self.step.data, rest)

    def _variable(self, state: FrameState, path: list[str]) -> FoundValue | None:
        local: Local | None = state.variables.get(path[0])
        return None if local is None else _inside(self.trace, local.value(self.trace), path[1:])

    def _after(self) -> list[FrameState]:
        frame = self.step.frame
        if frame is None:
            return []
        following = self.trace.nearest(self.step.number, frame=frame)
        while following is not None and self.trace.step(following).event is None:
            following = self.trace.nearest(following, frame=frame)  # a probe's own step: the statement goes on
        return [] if following is None else self._states(following)

    def _states(self, number: int) -> list[FrameState]:
        return self._variables.at(number)


def load_facts(trace: Trace) -> dict[str, Any]:
    """Return the facts about a load that ``load.…`` paths name."""
    found: dict[str, Any] = dict(trace.meta.releases)
    result = trace.outcome.result or ""
    found.update(model=trace.meta.model_name, status=trace.outcome.status, python=str(trace.meta.python))
    for name in ("error", "message", "signal", "exit_code"):
        if getattr(trace.outcome, name) is not None:
            found[name] = getattr(trace.outcome, name)
    if result:
        found["class"] = result.rpartition(".")[2]
    return found


def _in_data(data: Any, path: list[str]) -> PlainData | None:
    for key in path:
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return PlainData(data) if path else None


def _inside(trace: Trace, value: v.Value, path: list[str]) -> FoundValue | None:
    for position, key in enumerate(path):
        inner = _item(value, key)
        if inner is None:
            return _part(value, key) if position == len(path) - 1 else None
        value = trace.value(inner)
    return value


def _item(value: v.Value, key: str) -> v.ValueId | None:
    if isinstance(value, (v.Mapping, v.Config)):
        return next((number for name, number in value.items if name == key), None)
    if isinstance(value, v.Sequence) and key.removeprefix("-").isdigit():
        index = int(key)
        return value.items[index] if -len(value.items) <= index < len(value.items) else None
    return None


def _part(value: v.Value, key: str) -> PlainData | None:
    if key == "length" and isinstance(value, v.Text):
        return PlainData(value.length or len(value.value))
    if key not in PARTS or not hasattr(value, key):
        return None
    return PlainData(getattr(value, key))


def to_plain(trace: Trace, found: FoundValue | None) -> Any:
    """Return a value found by a path, as plain JSON."""
    if found is None:
        return None
    return found.plain if isinstance(found, PlainData) else summary_to_json(trace, found)


def matches_value(given: Any, wanted: Any) -> bool:
    """Return whether a plain value equals what a walkthrough expects; texts may have ``*``."""
    given = simplified(given)
    if isinstance(wanted, str):
        return isinstance(given, str) and matches_pattern(given, wanted)
    if isinstance(wanted, list):
        return (
            isinstance(given, list)
            and len(given) == len(wanted)
            and all(matches_value(one, other) for one, other in zip(given, wanted, strict=True))
        )
    if isinstance(wanted, bool) or isinstance(given, bool):
        return given is wanted
    return bool(given == wanted)


def matches_pattern(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern in which only ``*`` is special."""
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def simplified(given: Any) -> Any:
    """Return a summary in its simplest form: a class by its name, a dtype by its text, a tuple as a list."""
    if not isinstance(given, dict) or "is" not in given:
        return given
    if given["is"] in ("class", "function"):
        return given.get("name")
    if given["is"] == "secret":
        return MASK
    if given["is"] == "named":
        return given.get("text")
    if given["is"] == "text":
        return given.get("value")
    if given["is"] == "exception":
        return given.get("type")
    return given.get("items") if given["is"] == "sequence" else given
