"""The watches of a model, put together for a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import msgspec

from tracer.recorder.model.construction import ConstructionWatch
from tracer.recorder.model.forward import ForwardWatch, watch_operators
from tracer.recorder.model.tree import ModuleTree, walk
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.stepping.model_code import ModelCode
from tracer.recorder.stepping.settrace import unstepped


class ModelOptions(msgspec.Struct, frozen=True):
    """What is recorded of a pass: each operator, statistics of the outputs."""

    operators: bool = False
    statistics: bool = False


class ModelWatch:
    """Watches construction from the start, and passes while :meth:`passes` is open.

    Args:
        model_code: the model's own code, stepped in passes.
        on_new_targets: called when functions have become targets.
    """

    def __init__(
        self, recording: Recording, model_code: ModelCode, on_new_targets: Callable[[], None], options: ModelOptions
    ) -> None:
        self._recording = recording
        self._model_code = model_code
        self._on_new_targets = on_new_targets
        self._options = options
        self._tree = ModuleTree()
        self.construction = ConstructionWatch(recording, self._tree)

    def expect_class(self, model_class: Any, patches: Patches) -> None:
        """Prepare for a model of this class, which is about to be built."""
        self.construction.watch(patches)
        self.construction.watch_class(model_class, patches)

    @contextmanager
    def passes(self, model: Any, stage: str) -> Iterator[None]:
        """Record what happens inside as passes through the model."""
        guard = self._recording.guard
        forward: ForwardWatch | None = guard.call("passes", self._get_ready, model)
        operators = guard.call("operators", watch_operators, self._recording) if self._options.operators else None
        stepping = nullcontext() if self._model_code.steps_passes else unstepped()
        try:
            with self._recording.stage(stage), stepping, operators or nullcontext():
                yield
        finally:
            if forward is not None:
                guard.call("passes", forward.stop)
            self._model_code.files.clear()

    def _get_ready(self, model: Any) -> ForwardWatch:
        forward = ForwardWatch(
            self._recording, self._tree, statistics=self._options.statistics, on_pass=self._model_code.new_pass
        )
        parts = walk(model)
        self._tree.root(model, parts)
        self._model_code.add_files_of({type(part) for _, part in parts})
        self._on_new_targets()
        forward.start(getattr(model, "device", None))
        return forward

    def stop(self) -> None:
        self.construction.stop()
