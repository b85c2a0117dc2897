"""The decisions of a load: each choice that a stepped function made, and which way it went.

Nothing is evaluated to tell an outcome: the frame's next step stands in one branch or the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tracer.analysis.deciding import Deciding
from tracer.analysis.decision import Decision, Skipped
from tracer.analysis.syntax import Sources
from tracer.trace.errors import DanglingNumber
from tracer.trace.reading import Trace
from tracer.trace.steps import LightStep

__all__ = ["Decision", "Skipped", "decisions"]


def decisions(trace: Trace, *, stages: Collection[str] | None = None, frame: int | None = None) -> Iterator[Decision]:
    """The decisions in the order of their steps; of some stages, or of one frame alone."""
    following = _Following(trace, stages)
    if frame is not None:
        following.follow(trace.light_steps(frame=frame))
    elif stages is None:
        following.follow(trace.light_steps())
    else:
        following.follow_stages(stages)
    yield from sorted(following.decided(), key=lambda decision: decision.step)


class _Following:
    """All frames, each followed by its own steps."""

    def __init__(self, trace: Trace, stages: Collection[str] | None) -> None:
        self._trace = trace
        self._stages = stages
        self._sources = Sources(trace)
        self._paths = trace.source_paths()
        self._frames: dict[int, Deciding | None] = {}

    def follow(self, steps: Iterable[LightStep]) -> None:
        for step in steps:
            if step.frame is not None:
                deciding = self._of(step.frame)
                if deciding is not None:
                    deciding.step(step)

    def follow_stages(self, stages: Collection[str]) -> None:
        """One pass over the stages' steps; what a frame did beyond them is read by itself, where it matters."""
        previous = gap = -1
        for step in self._trace.light_steps(stages=stages):
            if step.number != previous + 1:
                gap = step.number  # other stages came in between, and frames may have gone on in them
            previous = step.number
            deciding = self._of(step.frame) if step.frame is not None else None
            if deciding is not None:
                if deciding.reached < gap and (step.event != "call" or deciding.reached >= 0):
                    self._catch_up(deciding, step)
                deciding.step(step)
        for deciding in self._frames.values():
            if deciding is not None and deciding.waiting:
                self._go_on(deciding)

    def _catch_up(self, deciding: Deciding, step: LightStep) -> None:
        for missed in self._trace.light_steps(deciding.reached + 1, step.number, frame=step.frame):
            deciding.step(missed)

    def _go_on(self, deciding: Deciding) -> None:
        """Up to where all decisions of the stages are told."""
        for step in self._trace.light_steps(deciding.reached + 1, frame=deciding.frame.number):
            deciding.step(step)
            if not deciding.waiting:
                break

    def decided(self) -> list[Decision]:
        found: list[Decision] = []
        for deciding in self._frames.values():
            if deciding is not None:
                deciding.finish()
                found.extend(deciding.decided)
        return found

    def _of(self, number: int) -> Deciding | None:
        if number not in self._frames:
            self._frames[number] = self._begin(number)
        return self._frames[number]

    def _begin(self, number: int) -> Deciding | None:
        try:
            frame = self._trace.frame(number)
        except DanglingNumber:
            return None
        syntax = self._sources(frame.source)
        function = syntax.function(frame) if syntax is not None else None
        if syntax is None or function is None:
            return None
        return Deciding(self._trace, frame, self._paths.get(frame.source, "?"), syntax, function, self._stages)
