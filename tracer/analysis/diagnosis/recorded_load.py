"""A recorded load as the rules see it: its outcome, exceptions, frames, variables and events by kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

from tracer.analysis.diagnosis.cause import Evidence
from tracer.analysis.diagnosis.exceptions import Passage, RecordedException, exception_chain, exceptions
from tracer.analysis.loading_calls import AUTO_CONFIG, AUTO_MODEL, AUTO_TOKENIZER, loading_calls
from tracer.analysis.locals import locals_after
from tracer.analysis.syntax import SyntaxTrees
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
    ImportsChecked,
    JsonRead,
    LogWritten,
    ModuleCopied,
    NotFed,
    NotGenerated,
    Recorded,
    ShardOpened,
    ShardRead,
    TokenizerLoaded,
    TrustAsked,
    WarningGiven,
    WeightsReport,
    events,
)
from tracer.trace.reading import Trace
from tracer.trace.steps import Bound, Frame, Step

REMOTE: Final = "transformers_modules"  # the package that remote code is imported under

_EVENTS: Final[tuple[type[Event], ...]] = (
    FileResolved, FileMissing, JsonRead, AdapterFound, TrustAsked, ImportsChecked, ModuleCopied, ClassResolved,
    ConfigRead, ConfigBuilt, TokenizerLoaded, ShardOpened, ShardRead, ConversionFailed, WeightsReport, NotFed,
    NotGenerated, WarningGiven, LogWritten,
)  # fmt: skip


class RecordedLoad:
    """What the rules look at, read once from a trace.

    Attributes:
        status: how the load ended.
        chain: the exception that ended it last, and those that it was raised in the handling of.
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
        self.exceptions = exception_chain(trace, exceptions(trace), self.outcome)

    @property
    def failure(self) -> RecordedException | None:
        """The exception that ended the load, if a stepped function saw it."""
        return self.exceptions[-1] if self.exceptions else None

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
        return tuple(int(part) for part in re.findall(r"\d+", self.trace.meta.transformers or "")[:3])

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


def class_in(value: Any) -> str | None:
    """Return the name in a class's summary."""
    return value.get("name") if isinstance(value, dict) and value.get("is") == "class" else None


def file_name(path: Any) -> str:
    """Return the last part of a path."""
    return str(path).replace("\\", "/").rpartition("/")[2]


def stem(path: Any) -> str:
    return file_name(path).removesuffix(".py")


def last_name(name: Any) -> str:
    """Return ``Class`` of ``module.Class``."""
    return str(name or "?").rpartition(".")[2]
