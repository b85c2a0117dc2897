"""The passes through a model: which module was called in which, with the shapes of what went in and came out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tracer.trace import values as v
from tracer.trace.errors import DanglingNumber
from tracer.trace.events import (
    DeviceTimes,
    ModuleEntered,
    ModuleLeft,
    OperatorRan,
    Recorded,
    Statistics,
    event_of,
    events,
)
from tracer.trace.reading import Trace

FORWARD: Final = "forward"  # the stage of the pass that is run to show the model; generation has its own


class Port(NamedTuple):
    """A tensor that went into a module or came out of it; ``name`` is empty where it has none of its own.

    The first extent can be a range, of several tensors: ``2–5``.
    """

    name: str
    shape: tuple[int | str, ...]
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


class Operator(msgspec.Struct):
    """An operator that torch ran, with the tensors that it was given and those that it gave."""

    step: int
    name: str
    takes: list[Port]
    gives: list[Port]


class Call(msgspec.Struct):
    """A call of a module, with all that ran inside it.

    Attributes:
        step: the step at which it was entered.
        stage: the stage of that step.
        path: path of the module in the model; empty for the model.
        class_: name of its class.
        takes: the tensors in its inputs.
        gives: the tensors in its output.
        left: how it ended; None if that was not recorded.
        milliseconds: its time: on the GPU if that was measured, else on the host.
        inside: the calls and operators inside it, in order.
    """

    step: int
    stage: str
    path: str
    class_: str
    takes: list[Port]
    gives: list[Port] = []
    left: ModuleLeft | None = None
    milliseconds: float | None = None
    inside: list[Call | Operator] = []
    kinds: frozenset[tuple[str, str]] | None = None  # see _kinds

    @property
    def statistics(self) -> list[Statistics]:
        return self.left.statistics if self.left is not None else []

    @property
    def memory(self) -> int | None:
        """Bytes that were allocated on the GPU after it."""
        return self.left.cuda_after if self.left is not None else None


class Layers(msgspec.Struct):
    """Calls alike of one list of modules, or of one module, in succession, and the operators between them."""

    inside: list[Call | Operator]

    @property
    def calls(self) -> list[Call]:
        return [one for one in self.inside if isinstance(one, Call)]

    @property
    def step(self) -> int:
        return self.inside[0].step

    @property
    def path(self) -> str:
        return self.calls[0].path

    @property
    def class_(self) -> str:
        return self.calls[0].class_

    @property
    def milliseconds(self) -> float | None:
        times = [call.milliseconds for call in self.calls if call.milliseconds is not None]
        return sum(times) if times else None

    @property
    def memory(self) -> int | None:
        return self.calls[-1].memory


Part: TypeAlias = Call | Operator | Layers


def read_passes(trace: Trace) -> list[Call | Operator]:
    """Return every pass, and the operators outside of them, in order. Reads each event of the passes once."""
    top: list[Call | Operator] = []
    opened: list[tuple[int | None, Call]] = []
    calls: dict[tuple[str, int | None], Call] = {}
    device: dict[tuple[str, str], float] = {}
    for recorded in events(trace, ModuleEntered, ModuleLeft, OperatorRan, DeviceTimes):
        step, event = recorded.step, recorded.event
        if isinstance(event, ModuleEntered):
            parent = calls.get((step.stage, event.parent)) if event.parent is not None else None
            call = Call(step.number, step.stage, event.path or "", event.class_ or "", ports_of(trace, step.value))
            (top if parent is None else parent.inside).append(call)
            calls[step.stage, event.call] = call
            opened.append((event.call, call))
        elif isinstance(event, ModuleLeft):
            while opened and opened[-1][0] != event.call:  # of a damaged trace, or a call that was never left
                opened.pop()
            if opened:
                call = opened.pop()[1]
                call.left, call.gives = event, ports_of(trace, step.value)
                call.milliseconds = None if event.nanoseconds is None else event.nanoseconds / 1e6
        elif isinstance(event, OperatorRan):
            takes, gives = _operands(trace, step.value)
            (opened[-1][1].inside if opened else top).append(Operator(step.number, event.name or "", takes, gives))
        elif isinstance(event, DeviceTimes):
            device.update({(step.stage, call): spent for call, spent in event.milliseconds.items()})
    for (stage, number), call in calls.items():
        call.milliseconds = device.get((stage, str(number)), call.milliseconds)
    return top


def _operands(trace: Trace, number: int | None) -> tuple[list[Port], list[Port]]:
    """Return the tensors that an operator was given and gave: the entries of its value, without names."""
    try:
        value = trace.value(number) if number is not None else None
    except DanglingNumber:
        value = None
    items = dict(value.items) if isinstance(value, v.Mapping) else {}
    takes, gives = ([port._replace(name="") for port in ports_of(trace, items.get(name))] for name in ("in", "out"))
    return takes, gives


def group(inside: Iterable[Call | Operator]) -> list[Part]:
    """Return the same parts with the calls of layers alike that follow each other as one."""
    found: list[Part] = []
    run: list[Call | Operator] = []  # a call, those like it, and the operators behind each
    last: Call | None = None

    def close() -> None:
        behind: list[Part] = []
        while run and isinstance(run[-1], Operator):
            behind.insert(0, run.pop())
        alike = sum(isinstance(one, Call) for one in run) > 1
        found.extend([Layers([*run])] if alike else run)
        found.extend(behind)
        run.clear()

    for part in inside:
        if isinstance(part, Call) and not (last is not None and _alike(last, part)):
            close()
        run.append(part)
        last = part if isinstance(part, Call) else last
    close()
    return found


def _alike(one: Call, other: Call) -> bool:
    """Return whether two calls are of modules that differ in nothing but their number in a list.

    Of their shapes the first extent may differ: the tokens that an expert gets.
    """
    return (
        (one.stage, one.class_, list_of(one.path)) == (other.stage, other.class_, list_of(other.path))
        and _same_but_first(main_ports(one.takes)[:1], main_ports(other.takes)[:1])
        and _same_but_first(main_ports(one.gives)[:1], main_ports(other.gives)[:1])
        and (one.left is None or one.left.raised is None)
        and (other.left is None or other.left.raised is None)
        and _kinds(one) == _kinds(other)
    )


def list_of(path: str) -> str:
    """Return the path of the list of modules that a module is an element of; its own if it is in none."""
    above, _, last = path.rpartition(".")
    return above if last.isdecimal() else path


def _same_but_first(ports: Sequence[Port], others: Sequence[Port]) -> bool:
    return [(len(port.shape), port.shape[1:], port.dtype) for port in ports] == [
        (len(port.shape), port.shape[1:], port.dtype) for port in others
    ]


def _kinds(call: Call) -> frozenset[tuple[str, str]]:
    """Return what modules run inside a call: their classes by their paths below it, without the numbers in those."""
    if call.kinds is None:
        found: set[tuple[str, str]] = set()
        for part in call.inside:
            if isinstance(part, Call):
                below = _unnumbered(name_below(part.path, call.path))
                found.add((below, part.class_))
                found.update((f"{below}.{path}", class_) for path, class_ in _kinds(part))
        call.kinds = frozenset(found)
    return call.kinds


def _unnumbered(path: str) -> str:
    return ".".join("#" if part.isdecimal() else part for part in path.split("."))


def name_below(path: str, above: str) -> str:
    """Return the path of a module as seen from one that called it."""
    return path.removeprefix(f"{above}.") if above else path


def takes_of(part: Part) -> list[Port]:
    """Return the tensors that went in; of several calls those of the first, with a range where theirs differ."""
    return _joined([call.takes for call in part.calls]) if isinstance(part, Layers) else part.takes


def gives_of(part: Part) -> list[Port]:
    """Return the tensors that came out; of several calls as :func:`takes_of`."""
    return _joined([call.gives for call in part.calls]) if isinstance(part, Layers) else part.gives


def _joined(ports: Sequence[Sequence[Port]]) -> list[Port]:
    first = list(ports[0])
    main = main_ports(first)[:1]
    extents = sorted({int(port.shape[0]) for one in ports for port in main_ports(one)[:1] if port.shape})
    if main and len(extents) > 1:
        shape = (f"{extents[0]}–{extents[-1]}", *main[0].shape[1:])
        first[first.index(main[0])] = main[0]._replace(shape=shape)
    return first


# What the flow shows: boxes, of which some hold others as lines.


class Line(NamedTuple):
    """A part inside of a box, ``above`` being the path that it is named from, and how deep it is indented."""

    part: Call | Layers
    above: str
    depth: int = 0


class Box(NamedTuple):
    """A part of a pass with a box of its own, named from the path ``above``; ``lines`` are the parts inside shown.

    A ``wrapper`` has no box: those that follow run inside of it.
    """

    part: Call | Layers
    above: str
    lines: list[Line]
    wrapper: bool = False


_NOTHING_DONE: Final = re.compile(r"Dropout\w*|Identity|DropPath|\w+DropPath")


def boxes(root: Call) -> list[Box]:
    """Return what a pass consists of, in the order of the calls, so coarse that it can be seen at once.

    A module that holds several towers or stacks of layers is replaced by these; one with a stack of layers shows
    what is around it. What changes nothing outside of training is left out.
    """
    shown = _shown(root)
    while len(shown) == 1 and isinstance(only := shown[0], Call) and is_stack(only):
        root, shown = only, _shown(only)
    return list(_boxes(root)) or [Box(root, "", [])]


def _boxes(call: Call) -> Iterator[Box]:
    for part in _shown(call):
        if isinstance(part, Call) and holds_several(part):
            yield Box(part, call.path, [], wrapper=True)
            yield from _boxes(part)
        elif isinstance(part, Call) and is_stack(part):
            yield Box(part, call.path, list(_lines(part, part.path)))
        else:
            yield Box(part, call.path, list(_experts(part, call.path)))


def _lines(call: Call, above: str) -> Iterator[Line]:
    for part in _shown(call):
        if isinstance(part, Call) and is_stack(part) and list_of(part.path) == part.path:
            yield from _lines(part, above)
        else:
            yield Line(part, above)
            yield from _experts(part, above)


def _experts(part: Call | Layers, above: str) -> Iterator[Line]:
    """Yield the mixture of experts in a layer, the first of several, and what is called in it."""
    ahead = [part.calls[0] if isinstance(part, Layers) else part]
    while ahead:
        call = ahead.pop(0)
        inside = [one for one in call.inside if isinstance(one, Call)]
        if any("expert" in name_below(one.path, call.path).casefold() for one in inside):
            yield Line(call, above, 1)
            for one in _shown(call):
                yield Line(one, call.path, 2)
            return
        ahead += inside


def _shown(call: Call) -> list[Call | Layers]:
    parts = [part for part in group(call.inside) if not isinstance(part, Operator)]
    return [part for part in parts if not _NOTHING_DONE.fullmatch(part.class_)]


def is_stack(call: Call) -> bool:
    """Return whether a stack of blocks runs in a module: elements of one list, of one class, that call modules."""
    lists: dict[str, list[Call]] = {}
    for part in call.inside:
        if isinstance(part, Call):
            if list_of(part.path) != part.path:
                lists.setdefault(list_of(part.path), []).append(part)
            elif is_stack(part):
                return True
    return any(
        len({block.class_ for block in blocks}) == 1
        and any(isinstance(one, Call) for one in blocks[0].inside)
        and "expert" not in name
        for name, blocks in lists.items()
    )


def holds_several(call: Call) -> bool:
    """Return whether several modules with such stacks run in a module, or in the only one with a stack."""
    stacks = [part for part in _shown(call) if isinstance(part, Call) and is_stack(part)]
    return len(stacks) > 1 or (len(stacks) == 1 and holds_several(stacks[0]))


# NaN and infinity


_ENOUGH: Final = 500  # modules that can't all give no tensor


class NotFinite(NamedTuple):
    """A module whose output has NaN or infinite numbers, and the step at which it left."""

    step: int
    path: str
    class_: str
    nan: int
    inf: int

    def facts(self) -> dict[str, str]:
        """Return what a sentence about it is filled with."""
        return {"name": self.path or "(model)", "class": self.class_, "count": count_not_finite(self.nan, self.inf)}


def count_not_finite(nan: int, inf: int) -> str:
    """Return how many numbers are NaN and how many are infinite: ``3 NaN, 1 ∞``."""
    return ", ".join(f"{count:,} {sign}" for count, sign in ((nan, "NaN"), (inf, "∞")) if count)


def not_finite(trace: Trace) -> Iterator[NotFinite]:
    """Yield each call of a module whose output has numbers that are NaN or infinite, in the order of their ends."""
    for left in events(trace, ModuleLeft):
        if found := not_finite_at(trace, left):
            yield found


def not_finite_at(trace: Trace, left: Recorded[ModuleLeft]) -> NotFinite | None:
    """Return the module that was left at a step if its output has numbers that are NaN or infinite."""
    nan = sum(one.nan for one in left.event.statistics)
    inf = sum(one.inf for one in left.event.statistics)
    if not nan and not inf:
        return None
    step, class_ = left.step, ""
    for before in trace.steps(0, step.number, stages=[step.stage], kinds=[ModuleEntered.kind], backwards=True):
        entered = event_of(before, ModuleEntered)
        if entered is not None and entered.call == left.event.call:
            class_ = entered.class_ or ""
            break
    return NotFinite(step.number, left.event.path or "", class_, nan, inf)


def first_not_finite(trace: Trace) -> NotFinite | None:
    """Return the first call of a module whose output has NaN or infinite numbers."""
    return next(not_finite(trace), None) if has_statistics(trace) else None


def has_pass(trace: Trace) -> bool:
    """Return whether a module was called."""
    return next(trace.steps(kinds=[ModuleEntered.kind]), None) is not None


def has_statistics(trace: Trace) -> bool:
    """Return whether the numbers in the outputs of modules were recorded: of every module, if at all."""
    return any(left.event.statistics for left in islice(events(trace, ModuleLeft), _ENOUGH))
