"""Forward: each module entered and left, with what goes in and what comes out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from tracer.recorder.model.arguments import named_arguments
from tracer.recorder.model.statistics import statistics_of
from tracer.recorder.model.timing import NoClock, clock_for
from tracer.recorder.model.tree import ModuleTree
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording


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
        self._patches = Patches()
        self._clock: Any = NoClock()
        self._stack: list[int] = []
        self._calls = 0

    def start(self, device: Any) -> None:
        """Watch every module call from now on; ``device`` is where the model is, for its clock."""
        self._clock = clock_for(device)
        module = sys.modules["torch.nn.modules.module"].Module
        self._patches.set(module, "__call__", self._watched(vars(module)["__call__"]))

    def stop(self) -> None:
        """Put ``__call__`` back, and record the times that the device has measured meanwhile."""
        self._patches.restore()
        measured = self._clock.measured()
        if measured:
            self._recording.point("device-times", {"milliseconds": measured})

    def _watched(self, original: Any) -> Any:
        summaries, recording = self._recording.summaries, self._recording

        def called(module: Any, *args: Any, **kwargs: Any) -> Any:
            path = self._tree.path(module)
            if path is None:  # a module of nobody's tree: a loss, a processor's own
                return original(module, *args, **kwargs)
            if not self._stack:
                self._on_pass()
            call, parent = self._calls, self._stack[-1] if self._stack else None
            self._calls += 1
            facts: dict[str, Any] = {"call": call, "parent": parent, "path": path}
            inputs = summaries.number(named_arguments(module, args, kwargs))
            opened = self._clock.enter(call)
            recording.point("module-entered", {**facts, "class": type(module).__name__, **opened}, value=inputs)
            self._stack.append(call)
            began = time.perf_counter_ns()
            try:
                result = original(module, *args, **kwargs)
            except BaseException as error:
                self._stack.pop()
                recording.point("module-left", {**facts, "raised": type(error).__name__})
                raise
            spent = time.perf_counter_ns() - began
            self._stack.pop()
            facts.update(nanoseconds=spent, **self._clock.leave(call))
            if self._statistics:
                facts["statistics"] = statistics_of(result)
            recording.point("module-left", facts, value=summaries.number(result))
            return result

        return called
