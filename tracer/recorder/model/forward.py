"""Forward: each module entered and left, with its inputs, outputs and statistics, and each operator.

Times and memory on the device are measured without making the program wait for it.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from tracer.recorder import safe_inspect
from tracer.recorder.guard import Watching
from tracer.recorder.library_values import without_modes
from tracer.recorder.model.tree import ModuleTree, registry
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.settrace import unstepped

_HOOKS: Final = ("_forward_hooks", "_forward_pre_hooks")


class ForwardWatch:
    """Replaces ``torch.nn.Module.__call__`` while a pass runs, as it sees arguments, result and exception.

    Args:
        statistics: whether minimum, maximum, mean and the counts of NaN and infinity of outputs are taken.
        on_pass: called when a module is entered that no other module called.
    """

    def __init__(
        self, recording: Recording, tree: ModuleTree, *, statistics: bool, on_pass: Callable[[], None]
    ) -> None:
        self._recording = recording
        self._tree = tree
        self._statistics = statistics
        self._on_pass = on_pass
        self._patches = Patches(recording.guard)
        self._clock: Any = NoClock()
        self._stack: list[int] = []
        self._calls = 0
        self._own = 0  # nanoseconds spent in the recorder so far, which are not the model's

    def start(self, device: Any) -> None:
        """Watch every module call from now on; ``device`` is where the model is, for its clock."""
        self._clock = clock_for(device)
        self._patches.watch(sys.modules["torch.nn.modules.module"].Module, "__call__", self._called)

    def stop(self) -> None:
        """Restore ``__call__``, and record the times that the device has measured."""
        self._patches.restore()
        measured = self._clock.measured()
        if measured:
            self._recording.record_event("device-times", {"milliseconds": measured})

    def _called(self, module: Any, /, *args: Any, **kwargs: Any) -> Watching:
        """Record before and after a call; the stepper's trace function sees neither."""
        came = time.perf_counter_ns()
        with unstepped():
            facts = self._enter(module, args, kwargs)
        if facts is None:
            return
        with unstepped() if _is_torch_leaf(module) else nullcontext():
            began = time.perf_counter_ns()
            self._own += began - came
            own = self._own
            outcome = yield
            ended = time.perf_counter_ns()
        spent = ended - began - (self._own - own)  # without the cost of recording the modules inside
        with unstepped():
            if outcome.error is not None:
                self._fail(facts, outcome.error)
            else:
                self._leave(facts, spent, outcome.result)
        self._own += time.perf_counter_ns() - ended

    def _enter(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        path = self._tree.path(module)
        if path is None:  # a module outside the tree: a loss, or a processor's own
            return None
        if not self._stack:
            self._on_pass()
        call, parent = self._calls, self._stack[-1] if self._stack else None
        self._calls += 1
        facts: dict[str, Any] = {"call": call, "parent": parent, "path": path}
        inputs = self._recording.summaries.number(named_arguments(module, args, kwargs))
        more = self._clock.enter(call)
        self._recording.record_event("module-entered", {**facts, "class": type(module).__name__, **more}, value=inputs)
        self._stack.append(call)
        return facts

    def _fail(self, facts: dict[str, Any], error: BaseException) -> None:
        self._stack.pop()
        self._recording.record_event("module-left", {**facts, "raised": type(error).__name__})

    def _leave(self, facts: dict[str, Any], spent: int, result: Any) -> None:
        self._stack.pop()
        facts.update(nanoseconds=spent, **self._clock.leave(facts["call"]))
        if self._statistics:
            with self._clock.aside():
                facts["statistics"] = self._recording.guard.call("statistics", statistics_of, result) or []
        self._recording.record_event("module-left", facts, value=self._recording.summaries.number(result))


_leaves: dict[type, bool] = {}


def _is_torch_leaf(module: Any) -> bool:
    """Return whether a module is torch's own and holds no other module: nothing in it is ever stepped."""
    kind = type(module)
    known = _leaves.get(kind)
    if known is None:
        known = _leaves[kind] = safe_inspect.module_name(kind).startswith("torch.nn.modules.")
    return known and not registry(module, "_modules") and not any(registry(module, name) for name in _HOOKS)


_names: dict[type, tuple[str, ...]] = {}


def named_arguments(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a module's call, by name where its ``forward`` has one."""
    if not args:
        return kwargs
    kind = type(module)
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = _positional(kind)
    named = {names[index] if index < len(names) else f"args[{index}]": value for index, value in enumerate(args)}
    return {**named, **kwargs} if kwargs else named


def _positional(kind: type) -> tuple[str, ...]:
    try:
        parameters = list(inspect.signature(kind.forward).parameters.values())[1:]  # type: ignore[attr-defined]
    except (TypeError, ValueError, AttributeError):
        return ()
    wanted = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in wanted)


_MAX_TENSORS: Final = 64


def statistics_of(output: Any) -> list[dict[str, Any]]:
    """Return minimum, maximum, mean, and counts of NaN and infinity for each tensor in an output.

    One entry per tensor in the order of the output; ``at`` says where it is.
    """
    import torch

    made: list[dict[str, Any]] = []
    with without_modes(), torch.no_grad():
        for at, value in _tensors(output, "", 4):
            if len(made) >= _MAX_TENSORS:
                break
            if value.numel() == 0 or value.is_meta or value.is_complex() or _is_fake(value):
                continue
            made.append({"at": at, **_numbers_of(value.detach())})
    return made


def _is_fake(value: Any) -> bool:
    """Return whether a tensor has a shape and a dtype, but no numbers."""
    fakes = sys.modules.get("torch._subclasses.fake_tensor")
    return fakes is not None and isinstance(value, fakes.FakeTensor)


def _numbers_of(value: Any) -> dict[str, Any]:
    import torch

    numbers = value.double() if value.dtype != torch.bool else value.to(torch.uint8).double()
    finite = numbers[torch.isfinite(numbers)]
    some = finite.numel() > 0
    return {
        "min": finite.min().item() if some else None,
        "max": finite.max().item() if some else None,
        "mean": finite.mean().item() if some else None,
        "nan": int(torch.isnan(numbers).sum()),
        "inf": int(torch.isinf(numbers).sum()),
    }


def _tensors(value: Any, at: str, depth: int) -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(value, torch.Tensor):
        yield at, value
    elif depth and isinstance(value, dict):
        for name, item in dict.items(value):
            yield from _tensors(item, f"{at}.{name}" if at else str(name), depth - 1)
    elif depth and isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from _tensors(item, f"{at}[{index}]", depth - 1)


def watch_operators(recording: Recording) -> Any:
    """Return a context manager: while it is open, each operator is recorded with its inputs and outputs.

    Built on ``torch.utils._python_dispatch.TorchDispatchMode``, which sees operators below autograd.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    names: dict[Any, str] = {}

    def ran(function: Any, args: Any, kwargs: Any, result: Any) -> None:
        with unstepped():
            name = names.get(function)
            if name is None:
                name = names[function] = str(function)
            seen = recording.summaries.number({"in": (*args, kwargs) if kwargs else args, "out": result})
            recording.record_event("operator", {"name": name}, value=seen)

    class Operators(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return False  # otherwise each operator passes a guard of torch.compile, which costs more than the rest

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            with unstepped():
                result = function(*args, **(kwargs or {}))
            recording.guard.call("operators", ran, function, args, kwargs, result)
            return result

    return Operators()


class NoClock:
    """The clock for the CPU, where the host's clock is enough."""

    def enter(self, call: int) -> dict[str, Any]:
        return {}

    def leave(self, call: int) -> dict[str, Any]:
        return {}

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def measured(self) -> dict[str, float]:
        return {}


class CudaClock:
    """CUDA events around each call, read once at the end, and the allocator's own counters.

    ``cuda_before`` and ``cuda_after`` are bytes allocated on the device; the counters are the host's and cost no wait.
    """

    def __init__(self, device: Any) -> None:
        import torch

        self._cuda = torch.cuda
        self._device = device
        self._begun: dict[int, Any] = {}
        self._pairs: dict[int, tuple[Any, Any]] = {}
        self._asides: list[tuple[Any, Any, list[int]]] = []

    def enter(self, call: int) -> dict[str, Any]:
        self._begun[call] = self._event()
        return {"cuda_before": self._cuda.memory_allocated(self._device)}

    def leave(self, call: int) -> dict[str, Any]:
        self._pairs[call] = (self._begun.pop(call), self._event())
        return {"cuda_after": self._cuda.memory_allocated(self._device)}

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Exclude what the device does meanwhile from the calls that are open now."""
        begin = self._event()
        try:
            yield
        finally:
            self._asides.append((begin, self._event(), list(self._begun)))

    def _event(self) -> Any:
        event = self._cuda.Event(enable_timing=True)
        event.record(self._cuda.current_stream(self._device))
        return event

    def measured(self) -> dict[str, float]:
        """Return the milliseconds of each call by its number; wait for the device once."""
        if not self._pairs:
            return {}
        self._cuda.synchronize(self._device)
        spent = {call: begin.elapsed_time(end) for call, (begin, end) in self._pairs.items()}
        for begin, end, calls in self._asides:
            for call in calls:
                if call in spent:
                    spent[call] -= begin.elapsed_time(end)
        self._pairs.clear()
        self._asides.clear()
        return {str(call): round(max(milliseconds, 0.0), 4) for call, milliseconds in spent.items()}


def clock_for(device: Any) -> NoClock | CudaClock:
    return CudaClock(device) if getattr(device, "type", "cpu") == "cuda" else NoClock()
