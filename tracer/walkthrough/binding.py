"""Binding: which step of a trace a note is about, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from typing import Any

import msgspec

from tracer.analysis.kwargs.model import KeywordPath
from tracer.analysis.kwargs.paths import keyword_paths, select_call
from tracer.analysis.loading_calls import loading_calls
from tracer.analysis.locals import LocalsHistory, callers
from tracer.analysis.value_format import summary_to_json
from tracer.trace.errors import DanglingNumber
from tracer.trace.queries import FunctionCode, FunctionSteps, find_steps
from tracer.trace.reading import Trace
from tracer.trace.redaction.redactor import MASK
from tracer.trace.steps import Step
from tracer.walkthrough.format import Anchor, Note, Walkthrough
from tracer.walkthrough.paths import FoundValue, PlainData, StepScope
from tracer.walkthrough.releases import in_range
from tracer.walkthrough.statements import CodeStatement, StatementIndex, name_matches
from tracer.walkthrough.unbound import UnboundReason, why_unbound


class BoundNote(msgspec.Struct, frozen=True):
    """A note at its step.

    Attributes:
        note: the note.
        step: its step.
        anchor: the alternative that was found.
        source: number of the source that the note is about, or None for a step without one.
        first: first line of what it explains.
        last: last line of it.
    """

    note: Note
    step: int
    anchor: Anchor
    source: int | None = None
    first: int | None = None
    last: int | None = None


class UnboundNote(msgspec.Struct, frozen=True):
    """A note that has no step in this trace, with the reason."""

    note: Note
    why: UnboundReason


class Binder:
    """Finds notes' steps in one trace. Keep one for a trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.statements = StatementIndex(trace)
        self.variables = LocalsHistory(trace)
        releases = trace.meta.get("releases")
        self.release = str(releases.get("transformers", "")) if isinstance(releases, dict) else ""

    @cached_property
    def journeys(self) -> dict[str, KeywordPath]:
        """The keyword arguments of the call that loads the model, then of the others from the last on, by name."""
        chosen = select_call(self.trace)
        found: dict[str, KeywordPath] = {}
        for call in [] if chosen is None else [chosen, *reversed(loading_calls(self.trace))]:
            for journey in keyword_paths(self.trace, call=call.step):
                found.setdefault(journey.name, journey)
        return found

    def bind(self, walkthrough: Walkthrough) -> list[BoundNote | UnboundNote]:
        """Every note of a walkthrough, in reading order."""
        return [self.note(note, walkthrough) for note in walkthrough.notes]

    def note(self, note: Note, walkthrough: Walkthrough) -> BoundNote | UnboundNote:
        """One note of a walkthrough."""
        for wanted in (walkthrough.releases, note.releases):
            if not in_range(self.release, wanted):
                return UnboundNote(note, UnboundReason("release", {"release": self.release, "wanted": wanted}))
        fitting = [anchor for anchor in note.anchors if in_range(self.release, anchor.releases)]
        for anchor in fitting:
            step = self.step(anchor, anchor.stage or note.stage)
            if step is not None:
                return self._bound(note, anchor, step)
        if not fitting:
            wanted = ", ".join(anchor.releases for anchor in note.anchors)
            return UnboundNote(note, UnboundReason("release", {"release": self.release, "wanted": wanted}))
        reasons = [why_unbound(self, anchor, anchor.stage or note.stage) for anchor in fitting]
        told = next((reason for reason in reasons if reason.decision is not None), reasons[0])
        return UnboundNote(note, told)

    def step(self, anchor: Anchor, stage: str | None) -> int | None:
        """The step of an anchor in a stage, or for None in any."""
        found = (step for step in self.candidates(anchor, stage) if self.holds(anchor, step))
        if anchor.occurrence > 0:
            return next(islice(found, anchor.occurrence - 1, None), None)
        every = list(found)
        return every[anchor.occurrence] if len(every) >= -anchor.occurrence else None

    def candidates(self, anchor: Anchor, stage: str | None) -> Iterator[int]:
        """The steps that stand where an anchor says, whatever holds there; in every stage, for None."""
        within = None
        if anchor.function:
            within = list(self._in_codes(self.statements.codes(anchor.function), anchor))
            if not within:
                return
        yield from find_steps(self.trace, within=within, kind=anchor.kind, stage=stage)

    def _in_codes(self, codes: list[FunctionCode], anchor: Anchor) -> Iterator[FunctionSteps]:
        """Yield which steps of some functions an anchor means."""
        for code in codes:
            if anchor.statement:
                ranges = [(one.first, one.last) for one in self.statements.find(code, anchor.statement)]
                if ranges:
                    yield FunctionSteps(code, ranges)
            else:
                yield FunctionSteps(code, event=anchor.event or ("" if anchor.kind else "call"))

    def holds(self, anchor: Anchor, number: int) -> bool:
        """Whether a step is in the case that an anchor is about: its data, variables and callers."""
        if not (anchor.data or anchor.where or anchor.within):
            return True
        step = self.trace.step(number)
        if anchor.within and not self._is_within(step, anchor.within):
            return False
        if any(not matches_value(step.data.get(key), wanted) for key, wanted in anchor.data.items()):
            return False
        place = StepScope(self.trace, number, self.variables)
        return all(
            matches_value(to_plain(self.trace, place.value(path)), wanted) for path, wanted in anchor.where.items()
        )

    def _is_within(self, step: Step, function: str) -> bool:
        if step.frame is None:
            return False
        try:
            return any(
                name_matches(self.trace.frame(one).function, function) for one in callers(self.trace, step.frame)
            )
        except DanglingNumber:
            return False

    def _bound(self, note: Note, anchor: Anchor, number: int) -> BoundNote:
        step = self.trace.step(number)
        spans = self._explained(anchor, step)
        if not spans:
            return BoundNote(note, number, anchor, step.source, step.line, step.line)
        return BoundNote(note, number, anchor, step.source, spans[0].first, max(one.last for one in spans))

    def _explained(self, anchor: Anchor, step: Step) -> list[CodeStatement]:
        """The statements that a note is about by its anchor alone."""
        if step.frame is None or not anchor.function:
            return []
        frame = self.trace.frame(step.frame)
        code = FunctionCode(frame.function, frame.source, frame.line)
        if anchor.whole:
            return self.statements.of_function(code)
        here = [
            one
            for one in self.statements.of_function(code)
            if step.line is not None and one.first <= step.line <= one.last
        ]
        return self.statements.range(code, here[0], anchor.through) if anchor.statement and here else here


def to_plain(trace: Trace, found: FoundValue | None) -> Any:
    """A value that was found under a path, as plain JSON."""
    if found is None:
        return None
    return found.plain if isinstance(found, PlainData) else summary_to_json(trace, found)


def matches_value(given: Any, wanted: Any) -> bool:
    """Whether a plain value is what a walkthrough says; texts may have ``*``."""
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
    """Whether a text is a pattern, in which ``*`` alone is special."""
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def simplified(given: Any) -> Any:
    """A summary that is one text to its reader, as that text: a class by its name, a dtype, a tuple as a list."""
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
