"""Weights files: each one that ``transformers.modeling_utils`` opens or reads.

4.44 reads a file whole with ``load_state_dict``, 4.50 to 4.57 its names and shapes alone. These and 5.x open it with
``safe_open`` and take slices later.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from tracer.recorder.guard import Watch, Watching
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.torch_values import described
from tracer.recorder.weights.watch import WeightsWatch


class ShardWatch:
    """Watches by patching: weights are loaded where no function is stepped, in threads of the library's own."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._weights = WeightsWatch(recording)
        self._done = False

    def watch(self, patches: Patches) -> None:
        """Begin, if the module is loaded by now and not watched yet."""
        modeling = sys.modules.get("transformers.modeling_utils")
        if modeling is None or self._done:
            return
        self._done = True
        self._weights.watch(modeling, patches)
        for name, kind in (("safe_open", "shard-opened"), ("load_state_dict", "shard-read")):
            if name not in vars(modeling):
                self._recording.skip(f"transformers/modeling_utils.py: {name}", "this release does not have it")
            else:
                patches.watch(modeling, name, self._watched(kind))

    def stop(self) -> None:
        self._weights.stop()

    def _watched(self, kind: str) -> Watch:
        recording = self._recording

        def watched(*args: Any, **kwargs: Any) -> Watching:
            recording.check_limit("weights")
            ending = yield
            if ending.error is not None:
                return
            result = ending.result
            path = os.fspath(next(iter((*args, *kwargs.values()))))
            read = result if isinstance(result, dict) else None
            count = len(result.keys()) if kind == "shard-opened" else None if read is None else len(read)
            size = os.path.getsize(path) if os.path.exists(path) else None
            facts: dict[str, Any] = {"path": path, "bytes": size, "tensors": count}
            if read and all(described(value).device == "meta" for value in read.values()):
                facts["device"] = "meta"  # names and shapes alone, as 4.50 to 4.57 do before they take slices
            recording.point(kind, recording.clean_data(facts), stage="weights")
            self._weights.file_read(path, read)

        return watched
