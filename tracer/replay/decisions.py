"""The decisions of a load: each choice that a stepped function made, and which way it went.

Nothing is evaluated to tell an outcome: the frame's next step stands in one branch or the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tracer.replay.deciding import Deciding
from tracer.replay.decision import Decision, Skipped
from tracer.replay.syntax import Sources
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import Step

__all__ = ["Decision", "Skipped", "decisions"]


def decisions(trace: Trace, *, stages: Collection[str] | None = None, frame: int | None = None) -> Iterator[Decision]:
    """The decisions in the order of their steps; of some stages, or of one frame alone."""
    following = _Following(trace)
    if frame is not None:
        following.follow(trace.steps(frame=frame))
    elif stages is None:
        following.follow(trace.steps())
    else:
        _follow_stages(trace, stages, following)
    found = following.decided()
    if stages is not None:
        found = [decision for decision in found if decision.stage in stages]
    yield from sorted(found, key=lambda decision: decision.step)


def _follow_stages(trace: Trace, stages: Collection[str], following: _Following) -> None:
    """One pass over the stages' steps; a frame that goes beyond them is then read by itself, from its call on."""
    inside: dict[int, list[str | None]] = {}

    def noted() -> Iterator[Step]:
        for step in trace.steps(stages=stages):
            if step.frame is not None and step.event is not None:
                ends = inside.setdefault(step.frame, [step.event, None])
                ends[1] = step.event
            yield step

    following.follow(noted())
    for frame, (first, last) in inside.items():
        if first != "call" or last not in ("return", "unwind"):
            following.forget(frame)
            following.follow(trace.steps(frame=frame))


class _Following:
    """All frames, each followed by its own steps."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._sources = Sources(trace)
        self._paths = trace.source_paths()
        self._frames: dict[int, Deciding | None] = {}

    def follow(self, steps: Iterable[Step]) -> None:
        frames = self._frames
        for step in steps:
            if step.frame is None:
                continue
            if step.frame not in frames:
                frames[step.frame] = self._begin(step.frame)
            deciding = frames[step.frame]
            if deciding is not None:
                deciding.step(step)

    def forget(self, frame: int) -> None:
        self._frames.pop(frame, None)

    def decided(self) -> list[Decision]:
        found: list[Decision] = []
        for deciding in self._frames.values():
            if deciding is not None:
                deciding.finish()
                found.extend(deciding.decided)
        return found

    def _begin(self, number: int) -> Deciding | None:
        try:
            frame = self._trace.frame(number)
        except DanglingNumber:
            return None
        syntax = self._sources(frame.source)
        function = syntax.function(frame) if syntax is not None else None
        if syntax is None or function is None:
            return None
        return Deciding(self._trace, frame, self._paths.get(frame.source, "?"), syntax, function)
