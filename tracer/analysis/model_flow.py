"""The passes through a model: which module was called in which, with the shapes of what went in and came out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import ModuleEntered, ModuleLeft, Recorded, event_of, events
from tracer.trace.reading import Trace

FORWARD: Final = "forward"  # the stage of the pass that is run to show the model; generation has its own


class Port(NamedTuple):
    """A tensor that went into a module or came out of it; ``name`` is empty where it has none of its own."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> str:
        """The shape as it is written: ``1×3×336×336``."""
        return "×".join(map(str, self.shape)) or "scalar"


_ASIDE: Final = re.compile(
    r"mask|position|rotary|rope|cache|past_key|cu_seqlens|token_type|grid_thw|image_sizes|labels|bias|freqs",
    re.IGNORECASE,
)
_TEXT: Final = ("input_ids", "decoder_input_ids")
_DEPTH: Final = 3  # of containers in which tensors are looked for


def is_aside(port: Port) -> bool:
    """Return whether a tensor accompanies the data: masks, positions, the cache and the like, by its name."""
    return bool(_ASIDE.search(port.name))


def main_ports(ports: Iterable[Port]) -> list[Port]:
    """Return the tensors that carry the data; all of them if all accompany it."""
    ports = list(ports)
    return [port for port in ports if not is_aside(port)] or ports


def input_order(ports: Iterable[Port]) -> list[Port]:
    """Return inputs of a model with pictures and sound before the text."""
    return sorted(ports, key=lambda port: _TEXT.index(port.name) + 1 if port.name in _TEXT else 0)


def ports_of(trace: Trace, number: v.ValueId | None) -> list[Port]:
    """Return the tensors in a recorded value, in their order, under the names that they have in it."""
    found: list[Port] = []
    if number is not None:
        _collect(trace, number, "", found, _DEPTH)
    return found


def _collect(trace: Trace, number: int, name: str, found: list[Port], depth: int) -> None:
    try:
        value = trace.value(number)
    except DanglingNumber:
        return
    if isinstance(value, v.Tensor):
        found.append(Port(name, tuple(value.shape), value.dtype))
    elif isinstance(value, (v.Mapping, v.Config)) and depth:
        for key, item in value.items:
            # The layers of a cache belong to the cache.
            _collect(trace, item, name if is_aside(Port(name, (), "")) else key, found, depth - 1)
    elif isinstance(value, v.Sequence) and depth:
        for item in value.items:
            _collect(trace, item, name, found, depth - 1)


def first_pass(trace: Trace) -> tuple[Recorded[ModuleEntered], Recorded[ModuleLeft] | None] | None:
    """Return where the first pass enters the model and where it leaves it; None if no pass was recorded.

    Only the steps up to there are read. A pass whose end was not recorded has none.
    """
    for stages in ([FORWARD], None):
        for step in trace.steps(stages=stages, kinds=[ModuleEntered.kind]):
            entered = event_of(step, ModuleEntered)
            if entered is not None and entered.parent is None:
                return Recorded(step, entered), _end(trace, step.number, step.stage, entered.call)
    return None


def _end(trace: Trace, start: int, stage: str, call: int | None) -> Recorded[ModuleLeft] | None:
    for step in trace.steps(start, stages=[stage], kinds=[ModuleLeft.kind]):
        left = event_of(step, ModuleLeft)
        if left is not None and left.call == call:
            return Recorded(step, left)
    return None


class NotFinite(NamedTuple):
    """A module whose output has NaN or infinite numbers, and the step at which it left."""

    step: int
    path: str
    class_: str
    nan: int
    inf: int


def not_finite(trace: Trace) -> Iterator[NotFinite]:
    """Yield each call of a module whose output has numbers that are NaN or infinite, in the order of their ends."""
    classes: dict[tuple[str, int | None], str] = {}
    for recorded in events(trace, ModuleEntered, ModuleLeft):
        event, key = recorded.event, (recorded.step.stage, recorded.event.call)
        if isinstance(event, ModuleEntered):
            classes[key] = event.class_ or ""
        elif isinstance(event, ModuleLeft):
            nan = sum(one.nan for one in event.statistics)
            inf = sum(one.inf for one in event.statistics)
            if nan or inf:
                yield NotFinite(recorded.step.number, event.path or "", classes.get(key, ""), nan, inf)


def has_statistics(trace: Trace) -> bool:
    """Return whether the numbers in the outputs of modules were recorded."""
    return any(left.event.statistics for left in events(trace, ModuleLeft))
