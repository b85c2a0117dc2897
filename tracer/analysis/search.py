"""Search a trace for a text: functions, files, values and more, each with the step that shows it first.

ASCII letters are found in either case, others as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from tracer.analysis.value_format import format_value
from tracer.trace import values as v
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Items, Step
from tracer.trace.text_search import data_with, first_frames, frames_of, mentions, values_with


class Hit(msgspec.Struct, frozen=True):
    """Something that was found.

    Attributes:
        what: its sort, one of :data:`SORTS`.
        step: the first step that shows it.
        label: its name or text as recorded; it is not safe to print.
    """

    what: str
    step: int
    label: str


def search(trace: Trace, text: str, *, limit: int = 20) -> list[Hit]:
    """Return at most ``limit`` hits of each sort, in the order of :data:`SORTS`, then of their steps.

    A trace's first search reads all its changes; later ones are quick enough for every key that is typed.
    """
    text = text.encode(errors="ignore").decode()  # a terminal can pass on parts of characters
    if not text:
        return []
    return [
        Hit(what, step, label)
        for what, find in _SORTS.items()
        for step, label in sorted(islice(_once(find(trace, text)), limit))
    ]


class HitContext(msgspec.Struct, frozen=True):
    """Where something was found.

    Attributes:
        stage: the stage of its step.
        function: the qualified name of the function that the step is in; empty outside every stepped function.
        name: the variable that a value was found in, ``kwargs['dtype']`` for an item; for a variable its own name.
        value: what the variable was then; empty for what is no variable and no value.
    """

    stage: str
    function: str
    name: str = ""
    value: str = ""


def context_of(trace: Trace, hit: Hit) -> HitContext:
    """Return where a hit is. Names and values in it are as recorded, and not safe to print."""
    step = trace.step(hit.step)
    function = trace.frame(step.frame).function if step.frame is not None else ""
    name, value = _held_by(trace, step, hit) if hit.what in ("variable", "value") else ("", "")
    return HitContext(step.stage, function, name, value)


def _held_by(trace: Trace, step: Step, hit: Hit) -> tuple[str, str]:
    """Return the variable of a hit and its value."""
    inside = ""
    for change in step.changes:
        if isinstance(change, Bound):
            shown = format_value(trace, change.value)
            if hit.label == (change.name if hit.what == "variable" else shown):
                return change.name, shown
            inside = inside or change.name
        elif isinstance(change, Items):
            for key, number in (*change.added.items(), *change.changed.items()):
                if hit.what == "value" and format_value(trace, number) == hit.label:
                    return f"{change.name}[{key}]", hit.label
            inside = inside or change.name
    if hit.what == "variable":
        return hit.label, ""
    if step.value is not None and (not inside or format_value(trace, step.value) == hit.label):
        return "", hit.label
    return (f"{inside}[…]" if inside else ""), hit.label


Found = tuple[int, str]


def _once(found: Iterable[Found]) -> Iterator[Found]:
    """Yield each label where it comes first."""
    seen: set[str] = set()
    for step, label in found:
        if label not in seen:
            seen.add(label)
            yield step, label


def _functions(trace: Trace, text: str) -> Iterator[Found]:
    for frame in frames_of(trace, text):
        yield from ((step, frame.function) for step in [trace.nearest(-1, frame=frame.number)] if step is not None)


def _files(trace: Trace, text: str) -> Iterator[Found]:
    first = first_frames(trace)
    for source, path in trace.source_paths().items():
        if _contains(path, text) and source in first:
            step = trace.nearest(-1, frame=first[source])
            if step is not None:
                yield step, path


def _variables(trace: Trace, text: str) -> Iterator[Found]:
    return ((step, name) for name, step in mentions(trace).names.items() if _contains(name, text))


def _values(trace: Trace, text: str) -> Iterator[Found]:
    steps = mentions(trace).values
    for number in values_with(trace, text):
        if number in steps and any(_contains(shown, text) for shown in _texts(trace.value(number))):
            yield steps[number], format_value(trace, number)


def _texts(value: v.Value) -> Iterator[str]:
    """Yield the texts of a value that a reader sees, not those of what it contains."""
    if isinstance(value, v.Text):
        yield value.value
    elif isinstance(value, v.Named):
        yield value.text
    elif isinstance(value, (v.Class, v.Function)):
        yield f"{value.module}.{value.name}"
    elif isinstance(value, v.Exception_):
        yield from (value.type, value.message or "")
    elif isinstance(value, (v.Mapping, v.Config)):
        yield value.type
        yield from (key for key, _ in value.items)
    elif isinstance(value, (v.Sequence, v.Tensor, v.Module, v.Object, v.Deeper)):
        yield value.type
    elif isinstance(value, v.Plain):
        yield repr(value.value)


def _modules(trace: Trace, text: str) -> Iterator[Found]:
    yield from _in_step_data(trace, text, {"module-built": ("class", "name"), "module-entered": ("path", "class")})


def _tensors(trace: Trace, text: str) -> Iterator[Found]:
    yield from _in_step_data(trace, text, {"tensor-loaded": ("parameter",)})


def _messages(trace: Trace, text: str) -> Iterator[Found]:
    yield from _in_step_data(trace, text, {"warning": ("message",), "log": ("message",), "output": ("text",)})


def _in_step_data(trace: Trace, text: str, kinds: dict[str, tuple[str, ...]]) -> Iterator[Found]:
    """Yield the first matching entry in the data of each step of these kinds."""
    for kind, names in kinds.items():
        for step, data in data_with(trace, kind, text):
            yield from islice(((step, entry) for entry in _entries(data, names) if _contains(entry, text)), 1)


def _entries(data: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        entry = data.get(name)
        if isinstance(entry, str):
            yield entry
    sources = data.get("sources")  # the checkpoint's names for what became this parameter
    for source in sources if isinstance(sources, list) else []:
        if isinstance(source, dict) and isinstance(source.get("name"), str):
            yield source["name"]


def _contains(entry: str, text: str) -> bool:
    return text in entry or text.lower() in entry.lower()


_SORTS: Final[dict[str, Callable[[Trace, str], Iterator[Found]]]] = {
    "function": _functions,
    "file": _files,
    "variable": _variables,
    "value": _values,
    "module": _modules,
    "tensor": _tensors,
    "message": _messages,
}
SORTS: Final = tuple(_SORTS)
"""The sorts of things that are searched."""
