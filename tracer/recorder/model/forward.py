"""Forward: each module entered and left, with what goes in and what comes out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final

from tracer.recorder import raw
from tracer.recorder.guard import Watching
from tracer.recorder.model.arguments import named_arguments
from tracer.recorder.model.statistics import statistics_of
from tracer.recorder.model.timing import NoClock, clock_for
from tracer.recorder.model.tree import ModuleTree, registry
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.settrace import unstepped

_HOOKS: Final = ("_forward_hooks", "_forward_pre_hooks")


class ForwardWatch:
    """Replaces ``torch.nn.Module.__call__`` while a pass runs: one place that sees arguments, result and exception.

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
        self._own = 0  # nanoseconds spent in here so far, which are none of the model's

    def start(self, device: Any) -> None:
        """Watch every module call from now on; ``device`` is where the model is, for its clock."""
        self._clock = clock_for(device)
        self._patches.watch(sys.modules["torch.nn.modules.module"].Module, "__call__", self._called)

    def stop(self) -> None:
        """Put ``__call__`` back, and record the times that the device has measured meanwhile."""
        self._patches.restore()
        measured = self._clock.measured()
        if measured:
            self._recording.point("device-times", {"milliseconds": measured})

    def _called(self, module: Any, /, *args: Any, **kwargs: Any) -> Watching:
        """A record before and after a call, neither of which the stepper's trace function sees."""
        came = time.perf_counter_ns()
        with unstepped():
            facts = self._enter(module, args, kwargs)
        if facts is None:
            return
        with unstepped() if _is_torchs_own_leaf(module) else nullcontext():
            began = time.perf_counter_ns()
            self._own += began - came
            own = self._own
            ending = yield
            ended = time.perf_counter_ns()
        spent = ended - began - (self._own - own)  # without what the modules inside cost to record
        with unstepped():
            if ending.error is not None:
                self._fail(facts, ending.error)
            else:
                self._leave(facts, spent, ending.result)
        self._own += time.perf_counter_ns() - ended

    def _enter(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        path = self._tree.path(module)
        if path is None:  # a module of nobody's tree: a loss, a processor's own
            return None
        if not self._stack:
            self._on_pass()
        call, parent = self._calls, self._stack[-1] if self._stack else None
        self._calls += 1
        facts: dict[str, Any] = {"call": call, "parent": parent, "path": path}
        inputs = self._recording.summaries.number(named_arguments(module, args, kwargs))
        more = self._clock.enter(call)
        self._recording.point("module-entered", {**facts, "class": type(module).__name__, **more}, value=inputs)
        self._stack.append(call)
        return facts

    def _fail(self, facts: dict[str, Any], error: BaseException) -> None:
        self._stack.pop()
        self._recording.point("module-left", {**facts, "raised": type(error).__name__})

    def _leave(self, facts: dict[str, Any], spent: int, result: Any) -> None:
        self._stack.pop()
        facts.update(nanoseconds=spent, **self._clock.leave(facts["call"]))
        if self._statistics:
            with self._clock.aside():
                facts["statistics"] = self._recording.guard.call("statistics", statistics_of, result) or []
        self._recording.point("module-left", facts, value=self._recording.summaries.number(result))


_leaves: dict[type, bool] = {}


def _is_torchs_own_leaf(module: Any) -> bool:
    """Whether a module is of torch's own code and holds no other: nothing in it is ever stepped."""
    kind = type(module)
    known = _leaves.get(kind)
    if known is None:
        known = _leaves[kind] = raw.module_name(kind).startswith("torch.nn.modules.")
    return known and not registry(module, "_modules") and not any(registry(module, name) for name in _HOOKS)
