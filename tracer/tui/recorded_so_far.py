"""What is known of a load while it runs, gathered in one thread and shown in another."""

from __future__ import annotations

from collections import deque
from typing import Any, Final, NamedTuple, Protocol

from tracer.analysis.stage_summary import facts_of_step
from tracer.i18n import Lang
from tracer.trace.steps import Step
from tracer.views.show import fact_text

_FACTS: Final = 200  # kept; no screen shows more


class Watching(Protocol):
    """A running load, as the watcher knows it."""

    steps: int
    fresh: list[Step]
    file: str | None
    outcome: Any

    @property
    def seconds(self) -> float: ...

    @property
    def tensors(self) -> int: ...


class StageSoFar(NamedTuple):
    stage: str
    steps: int
    seconds: float


class Told(NamedTuple):
    step: int
    text: str
    trouble: bool


class Glimpse(NamedTuple):
    """One moment of a running load; nothing in it changes any more."""

    steps: int = 0
    seconds: float = 0.0
    tensors: int = 0
    file: str | None = None
    stage: str | None = None
    ended: bool = False
    stages: tuple[StageSoFar, ...] = ()
    told: tuple[Told, ...] = ()


class RecordedSoFar:
    """Takes in what the watcher tells; ``glimpse`` can be read from any thread."""

    def __init__(self, lang: Lang) -> None:
        self.glimpse = Glimpse()
        self._lang = lang
        self._stages: dict[str, list[float]] = {}
        self._told: deque[Told] = deque(maxlen=_FACTS)
        self._said: set[tuple[str, str]] = set()
        self._before: Step | None = None

    def take(self, watched: Watching) -> None:
        for step in watched.fresh:
            self._take(step)
        self.glimpse = Glimpse(
            watched.steps,
            watched.seconds,
            watched.tensors,
            watched.file,
            self._before.stage if self._before is not None else None,
            watched.outcome is not None,
            tuple(StageSoFar(stage, int(count), seconds) for stage, (count, seconds) in self._stages.items()),
            tuple(self._told),
        )

    def _take(self, step: Step) -> None:
        if self._before is not None:
            self._stages[self._before.stage][1] += (step.time - self._before.time) / 1e9
        self._stages.setdefault(step.stage, [0, 0.0])[0] += 1
        self._before = step
        for fact in facts_of_step(step):
            text = fact_text(fact, self._lang)
            if (step.stage, text) not in self._said:
                self._said.add((step.stage, text))
                self._told.append(Told(step.number, text, fact.trouble))
