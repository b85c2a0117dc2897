"""A recorded load as the rules see it: its outcome, exceptions, frames, variables and events by kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, NamedTuple

from tracer.analysis.diagnosis.cause import Evidence
from tracer.analysis.diagnosis.exceptions import Passage, RecordedException, dropped_error, exception_chain, exceptions
from tracer.analysis.loading_calls import AUTO_CONFIG, AUTO_MODEL, AUTO_TOKENIZER, loading_calls
from tracer.analysis.locals import locals_after
from tracer.analysis.syntax import FUNCTIONS, Function, SyntaxTrees
from tracer.analysis.value_format import summary_to_json, to_json
from tracer.trace.events import (
    AdapterFound,
    ClassResolved,
    ConfigBuilt,
    ConfigRead,
    ConversionFailed,
    E,
    Event,
    FileMissing,
    FileResolved,
    HiddenProperty,
    ImportsChecked,
    JsonRead,
    LogWritten,
    ModelBuilt,
    ModelLoaded,
    ModuleCopied,
    NotEncoded,
    NotFed,
    NotGenerated,
    ProcessorFailed,
    Recorded,
    ShardOpened,
    ShardRead,
    TensorLoaded,
    TextPrepared,
    TokenizerLoaded,
    TracebackFrame,
    TrustAsked,
    WarningGiven,
    WeightsReport,
    events,
)
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Frame, Step

_CONFIG_FRAMES: Final = (
    AUTO_CONFIG,
    "PretrainedConfig._get_config_dict",
    "PreTrainedConfig._get_config_dict",
    "PretrainedConfig.from_dict",
    "PreTrainedConfig.from_dict",
)
_BASES: Final = 20  # of a class, looked for in the sources
REMOTE: Final = "transformers_modules"  # the package that remote code is imported under

_EVENTS: Final[tuple[type[Event], ...]] = (
    FileResolved, FileMissing, JsonRead, AdapterFound, TrustAsked, ImportsChecked, ModuleCopied, ClassResolved,
    ConfigRead, ConfigBuilt, TokenizerLoaded, ShardOpened, ShardRead, ConversionFailed, WeightsReport, NotEncoded,
    NotFed, NotGenerated, ProcessorFailed, WarningGiven, LogWritten, ModelBuilt, ModelLoaded, TextPrepared,
)  # fmt: skip


class ClassInSource(NamedTuple):
    """A class as it is written in a file whose source the trace has."""

    path: str
    node: ast.ClassDef

    @property
    def is_own(self) -> bool:
        """Whether it is in one of the model's own files."""
        path = self.path.replace("\\", "/")
        return f"{REMOTE}/" in path or path.startswith("<model>/")

    @property
    def bases(self) -> list[str]:
        """The last names of its bases."""
        return [last_name(ast.unparse(base)) for base in self.node.bases]

    def method(self, name: str) -> Function | None:
        found = (part for part in self.node.body if isinstance(part, FUNCTIONS) and part.name == name)
        return next(found, None)


class RecordedLoad:
    """What the rules look at, read once from a trace.

    Attributes:
        status: how the load ended.
        exceptions: the one that ended it, last, and before it those that it was raised in the handling of, or for.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.outcome = trace.outcome
        self.status: str = self.outcome.status
        self.part = self.outcome.part
        self._syntax = SyntaxTrees(trace)
        self._events: dict[type[Event], list[Recorded[Any]]] = {}
        for found in events(trace, *_EVENTS):
            self._events.setdefault(type(found.event), []).append(found)
        thrown = exceptions(trace)
        self.exceptions = exception_chain(trace, thrown, self.outcome)
        self._dropped = dropped_error(trace, thrown, self.exceptions[-1]) if self.exceptions else None
        if self._dropped is not None:
            self.exceptions.insert(-1, self._dropped)

    @property
    def failure(self) -> RecordedException | None:
        """The exception that ended the load, if a stepped function saw it.

        Where a property failed and ``__getattr__`` then said that there is no such attribute, it is the property's.
        """
        return self._dropped or (self.exceptions[-1] if self.exceptions else None)

    @property
    def hidden(self) -> HiddenProperty | None:
        """The property that failed, where the exception that ended the load only says that it is missing."""
        return self.exceptions[-1].hidden if self.exceptions else None

    @property
    def hidden_is_seen(self) -> bool:
        """Whether the error of that property is in the trace."""
        return self._dropped is not None

    @property
    def root(self) -> RecordedException | None:
        """The first exception of the chain."""
        return self.exceptions[0] if self.exceptions else None

    @property
    def error(self) -> str:
        return self.outcome.error or ""

    @property
    def message(self) -> str:
        return self.outcome.message or ""

    @cached_property
    def last_step(self) -> int | None:
        """The failing step, or the last one."""
        if self.failure is not None:
            return self.failure.step
        step = self.outcome.step
        if step is not None and 0 <= step < len(self.trace):
            return step
        return len(self.trace) - 1 if len(self.trace) else None

    @cached_property
    def release(self) -> tuple[int, ...]:
        """The recorded transformers release, as numbers; empty where it was not recorded."""
        return release_numbers(self.trace.meta.transformers or "")

    @property
    def release_text(self) -> str:
        """The same as it is written, or ``?``."""
        return ".".join(map(str, self.release)) or "?"

    def events(self, *kinds: type[E]) -> list[Recorded[E]]:
        """Return every event of these kinds, in order."""
        found = (recorded for kind in kinds for recorded in self._events.get(kind, []))
        return sorted(found, key=lambda recorded: recorded.step.number)

    def last(self, kind: type[E], **fields: Any) -> Recorded[E] | None:
        """Return the last event of a kind whose fields have these values."""
        for recorded in reversed(self.events(kind)):
            if all(getattr(recorded.event, name) == value for name, value in fields.items()):
                return recorded
        return None

    # Frames

    def frames_around(self, passage: Passage | None) -> Iterator[tuple[int, Frame]]:
        """Yield the stepped functions that were running there, the innermost first."""
        yield from self.frames_from(passage.frame if passage is not None else None)

    def frames_from(self, number: int | None) -> Iterator[tuple[int, Frame]]:
        seen: set[int] = set()
        while number is not None and number not in seen:
            seen.add(number)
            frame = self.trace.frame(number)
            yield number, frame
            number = frame.parent

    def enclosing(self, passage: Passage | None, function: str) -> int | None:
        """Return the innermost running frame of a function, by its qualified name or the end of it."""
        for number, frame in self.frames_around(passage):
            if frame.function == function or frame.function.endswith(f".{function}"):
                return number
        return None

    def entry_step(self, frame: int) -> Step | None:
        """Return the step that entered a frame."""
        return next(self.trace.steps(frame=frame), None)

    def variable(self, frame: int, name: str, *, at: int | None = None) -> Any:
        """Return a frame's variable as JSON, with its value at a step; None if it has no value there."""
        local = locals_after(self.trace, frame, len(self.trace) if at is None else at).local(name)
        return None if local is None else summary_to_json(self.trace, local.value(self.trace))

    def type_of(self, frame: int, name: str) -> str | None:
        """Return the class of a frame's variable, ``module.Class``, as far as it is recorded."""
        local = locals_after(self.trace, frame, len(self.trace)).local(name)
        kind = getattr(local.value(self.trace), "type", None) if local is not None else None
        return kind if isinstance(kind, str) else None

    def statement_at(self, frame: Frame, line: int | None) -> ast.stmt | None:
        """Return the statement on a line of a frame's source; of a compound one only the header counts."""
        return self._syntax.statement(frame.source, line)

    def classes(self, name: str) -> Iterator[ClassInSource]:
        """Yield a class as it stands in the sources of the trace, then its bases, as far as they stand there too."""
        waiting, seen = [name], set[str]()
        while waiting:
            wanted = waiting.pop(0)
            if wanted in seen or len(seen) > _BASES:
                continue
            seen.add(wanted)
            for number, path in self.trace.source_paths().items():
                syntax = self._syntax(number)
                for node in syntax.classes.get(wanted, ()) if syntax is not None else ():
                    found = ClassInSource(path, node)
                    yield found
                    waiting += found.bases

    @cached_property
    def tensors(self) -> list[Recorded[TensorLoaded]]:
        """Every tensor that became a parameter: of a large model there are many, and most failures need none."""
        return list(events(self.trace, TensorLoaded))

    @cached_property
    def last_built(self) -> Recorded[ModelBuilt] | None:
        """The model that was built whole last."""
        return self.last(ModelBuilt)

    def tree(self, source: int) -> ast.Module:
        """Return the syntax tree of a source; an empty one where it does not parse."""
        syntax = self._syntax(source)
        return syntax.tree if syntax is not None else ast.Module([], [])

    @cached_property
    def config(self) -> dict[str, Any]:
        """What config.json holds; empty where it holds no object, or none was recorded."""
        for frame in reversed(list(self.trace.frames(*_CONFIG_FRAMES))):
            value = self.variable(frame.number, "config_dict")
            if isinstance(value, dict) and (items := _items(value)):
                return {key: _number(item) for key, item in items.items()}
        return {}

    @cached_property
    def user_call(self) -> Step | None:
        """The user's call of an auto class that contains the last step, or else the last such call."""
        if self.last_step is not None:
            outermost = None
            for number, frame in self.frames_from(self.trace.step(self.last_step).frame):
                if frame.function in (AUTO_MODEL, AUTO_TOKENIZER, AUTO_CONFIG):
                    outermost = number
            if outermost is not None:
                return self.entry_step(outermost)
        return self.model_call

    @cached_property
    def model_call(self) -> Step | None:
        """The user's last call of an auto model class."""
        for call in reversed(loading_calls(self.trace)):
            if self.trace.frame(call.frame).function == AUTO_MODEL:
                return self.trace.step(call.step)
        return None

    def given_arguments(self, call: Step | None) -> dict[str, Any]:
        """Return the keyword arguments of a call of an auto class."""
        for change in call.changes if call is not None else []:
            if isinstance(change, Bound) and change.name == "kwargs":
                value = to_json(self.trace, change.value)
                return _items(value) if isinstance(value, dict) else {}
        return {}

    def auto_class(self, passage: Passage | None) -> str | None:
        """Return the auto class that was called there: ``AutoModelForCausalLM``."""
        for number, frame in self.frames_around(passage):
            if frame.function in (AUTO_MODEL, f"{AUTO_MODEL.partition('.')[0]}.from_config"):
                return class_in(self.variable(number, "cls"))
            if frame.function in (AUTO_CONFIG, AUTO_TOKENIZER):
                return frame.function.partition(".")[0]
        return None

    def statement(self, passage: Passage) -> str:
        """Return the source of the statement that an exception arrived in; only the header of a compound one."""
        if passage.frame is None or passage.line is None:
            return ""
        syntax = self._syntax(self.trace.frame(passage.frame).source)
        if syntax is None:
            return ""
        statement = syntax.statement(passage.line)
        return (
            syntax.written(statement)
            if statement is not None
            else "\n".join(syntax.lines[passage.line - 1 : passage.line])
        )

    def statement_of(self, frame: TracebackFrame) -> str:
        """Return the statement that a frame of a traceback was at, or the line if its file is not in the trace."""
        for number, path in self.trace.source_paths().items():
            if path == frame.file and (syntax := self._syntax(number)) is not None:
                statement = syntax.statement(frame.line)
                return syntax.written(statement) if statement is not None else frame.source
        return frame.source

    # Evidence

    def raised(self) -> list[Evidence]:
        """Return the exceptions of the chain, one piece of evidence each."""
        return [
            Evidence(
                exception.step,
                "raised",
                {"error": exception.name, "function": exception.origin.function, "message": exception.message},
            )
            for exception in self.exceptions
        ]

    def with_raised(self, *before: Evidence | None) -> list[Evidence]:
        """Return this evidence and the exceptions in the order of their steps, each step once."""
        given = [evidence for evidence in before if evidence is not None]
        found = {evidence.step: evidence for evidence in (*self.raised(), *given)}
        return [found[number] for number in sorted(found)]


def _items(value: dict[str, Any]) -> dict[str, Any]:
    """Return the contents of a dictionary, in either of the forms it has in JSON."""
    if "is" in value:
        items = value.get("items")
        return items if isinstance(items, dict) else {}
    return value


def _number(value: Any) -> Any:
    """Return a value of JSON with NaN and infinity as the numbers they are; they are recorded as texts."""
    if isinstance(value, list):
        return [_number(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("is") == "named" and value.get("type") == "float":
        return float(value["text"])
    return {key: _number(item) for key, item in value.items()}


def class_in(value: Any) -> str | None:
    """Return the name in a class's summary."""
    return value.get("name") if isinstance(value, dict) and value.get("is") == "class" else None


def release_numbers(release: str) -> tuple[int, ...]:
    """Return the first three numbers of a release, for comparing; those that follow are of builds."""
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])


def file_name(path: Any) -> str:
    """Return the last part of a path."""
    return str(path).replace("\\", "/").rpartition("/")[2]


def stem(path: Any) -> str:
    return file_name(path).removesuffix(".py")


def last_name(name: Any) -> str:
    """Return ``Class`` of ``module.Class``."""
    return str(name or "?").rpartition(".")[2]
