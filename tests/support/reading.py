"""Read a trace like a person would: calls by function name, statements by their text, variables by value."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from typing import Any, NamedTuple, TypeVar

from tracer.analysis.kwargs.hops import KeywordPath
from tracer.analysis.kwargs.paths import keyword_paths
from tracer.analysis.value_format import to_json
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Change, Frame, Items, Step, Unbound

OLD_LINE = int(version("transformers").split(".")[0]) < 5

T = TypeVar("T")


def by_line(old: T, new: T) -> T:
    """Return the value for 4.44 or the value for 5.x."""
    return old if OLD_LINE else new


def is_secret(value: object) -> bool:
    """Return whether a value was kept out of the trace."""
    return isinstance(value, dict) and value.get("is") == "secret"


def keyword_path(trace: Trace, name: str) -> KeywordPath:
    """Return the path of the first keyword argument with a name."""
    return next(path for path in keyword_paths(trace) if path.name == name)


class Moment(NamedTuple):
    """A step of a call, with the variables at that moment."""

    step: Step
    text: str
    variables: dict[str, Any]


class Reading:
    """An open trace, by function and statement."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.steps = list(trace.steps())
        self.frames = {frame.number: frame for frame in trace.frames()}
        self._sources: dict[int, list[str]] = {}
        self._trees: dict[int, ast.Module] = {}
        self._of_frame: dict[int, list[Step]] = {}
        for step in self.steps:
            if step.frame is not None:
                self._of_frame.setdefault(step.frame, []).append(step)

    def calls(self, function: str, *, stage: str | None = None) -> list[Call]:
        """Return every call of a function, by its qualified name or the end of it; ``stage`` is that of its first
        step."""
        calls = [
            Call(self, frame, self._of_frame[frame.number])
            for frame in self.frames.values()
            if frame.function == function or frame.function.endswith(f".{function}")
        ]
        return [call for call in calls if stage is None or call.steps[0].stage == stage]

    def call(self, function: str, *, stage: str | None = None) -> Call:
        """Return the first call of a function."""
        calls = self.calls(function, stage=stage)
        assert calls, f"no call of {function} in the trace"
        return calls[0]

    def kinds(self, kind: str, **data: Any) -> list[Step]:
        """Return every step of a kind whose data have these values."""
        return [
            step
            for step in self.steps
            if step.kind == kind and all(step.data.get(name) == value for name, value in data.items())
        ]

    def only(self, kind: str, **data: Any) -> dict[str, Any]:
        """Return the data of the only step of a kind with these values."""
        found = self.kinds(kind, **data)
        assert len(found) == 1, f"{len(found)} steps of kind {kind} with {data}"
        return found[0].data

    def value(self, number: int | None) -> Any:
        """Return a value as JSON."""
        assert number is not None
        return to_json(self.trace, number)

    def lines(self, source: int) -> list[str]:
        if source not in self._sources:
            self._sources[source] = self.trace.source(source).text.splitlines()
        return self._sources[source]

    def statement(self, source: int, line: int) -> range:
        """Return the lines of the innermost statement around a line; only the header of a compound statement."""
        if source not in self._trees:
            self._trees[source] = ast.parse(self.trace.source(source).text)
        best = range(line, line + 1)
        size = None
        for node in ast.walk(self._trees[source]):
            if isinstance(node, ast.stmt):
                body = getattr(node, "body", None)
                last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
                lines = range(node.lineno, max(last, node.lineno) + 1)
                if line in lines and (size is None or len(lines) < size):
                    best, size = lines, len(lines)
        return best


class Call:
    """One execution of a stepped function."""

    def __init__(self, reading: Reading, frame: Frame, steps: list[Step]) -> None:
        self._reading = reading
        self.frame = frame
        self.steps = steps

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the call, by parameter."""
        return self.moments[0].variables

    @property
    def result(self) -> Any:
        """Return the returned value."""
        assert self.steps[-1].event == "return", f"{self.frame.function} did not return"
        return self._reading.value(self.steps[-1].value)

    @property
    def raised(self) -> list[dict[str, Any]]:
        """Return the exceptions that arrived in it."""
        return [self._reading.value(step.value) for step in self.steps if step.event == "raise"]

    @property
    def caller(self) -> Call:
        assert self.frame.parent is not None, f"{self.frame.function} has no stepped caller"
        return self._reading_call(self.frame.parent)

    def inner(self, function: str) -> list[Call]:
        """Return the calls of a function inside this call, at any depth."""
        return [call for call in self._reading.calls(function) if call._is_inside(self.frame.number)]

    def ran(self, statement: str) -> bool:
        """Return whether a statement with this text ran."""
        return self._find(statement) is not None

    def before(self, statement: str) -> dict[str, Any]:
        """Return the variables before the first run of a statement."""
        return self.moments[self._found(statement)].variables

    def after(self, statement: str) -> dict[str, Any]:
        """Return the variables after the first run of a statement."""
        index = self._found(statement)
        step = self.moments[index].step
        assert step.source is not None
        assert step.line is not None
        lines = self._reading.statement(step.source, step.line)
        for moment in self.moments[index + 1 :]:
            if moment.step.event is not None and moment.step.line not in lines:
                return moment.variables
        return self.moments[-1].variables

    @cached_property
    def moments(self) -> list[Moment]:
        """Yield each of its steps with the variables at that moment."""
        variables: dict[str, Any] = {}
        moments = []
        for step in self.steps:
            for change in step.changes:
                variables = self._changed(variables, change)
            lines = self._reading.lines(step.source) if step.source is not None else []
            text = lines[step.line - 1].strip() if step.line is not None and step.line <= len(lines) else ""
            moments.append(Moment(step, text, variables))
        return moments

    def _find(self, statement: str) -> int | None:
        for index, moment in enumerate(self.moments):
            if moment.step.event == "line" and statement in moment.text:
                return index
        return None

    def _found(self, statement: str) -> int:
        index = self._find(statement)
        assert index is not None, f"{self.frame.function} did not run {statement!r}"
        return index

    def _is_inside(self, number: int) -> bool:
        return number in set(self._ancestors())

    def _ancestors(self) -> Iterator[int]:
        parent = self.frame.parent
        while parent is not None:
            yield parent
            parent = self._reading.frames[parent].parent

    def _reading_call(self, number: int) -> Call:
        return Call(self._reading, self._reading.frames[number], self._reading._of_frame[number])

    def _changed(self, variables: Mapping[str, Any], change: Change) -> dict[str, Any]:
        if isinstance(change, Bound):
            return {**variables, change.name: self._reading.value(change.value)}
        if isinstance(change, Unbound):
            return {name: value for name, value in variables.items() if name != change.name}
        assert isinstance(change, Items)
        container = variables[change.name]
        wrapped = "is" in container and "items" in container
        items = dict(container["items"] if wrapped else container)
        for name, number in {**change.added, **change.changed}.items():
            items[name] = self._reading.value(number)
        for name in change.removed:
            del items[name]
        return {**variables, change.name: {**container, "items": items} if wrapped else items}
