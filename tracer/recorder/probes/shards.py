"""Weights files: each one that ``transformers.modeling_utils`` opens or reads.

4.44 reads a file whole with ``load_state_dict``; 5.x opens it with ``safe_open`` and takes slices later.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from tracer.recorder import raw
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording


class ShardWatch:
    """Watches by patching: weights are loaded where no function is stepped, in threads of the library's own."""

    def __init__(self) -> None:
        self._done = False

    def watch(self, recording: Recording, patches: Patches) -> None:
        """Begin, if the module is loaded by now and not watched yet."""
        modeling = sys.modules.get("transformers.modeling_utils")
        if modeling is None or self._done:
            return
        self._done = True
        for name, kind, tensors in (
            ("safe_open", "shard-opened", lambda opened: len(opened.keys())),
            ("load_state_dict", "shard-read", lambda read: dict.__len__(read) if raw.is_a(read, dict) else None),
        ):
            original = vars(modeling).get(name)
            if original is None:
                recording.skip(f"transformers/modeling_utils.py: {name}", "this release does not have it")
            else:
                patches.set(modeling, name, _watched(original, kind, tensors, recording))


def _watched(original: Any, kind: str, tensors: Any, recording: Recording) -> Any:
    def watched(*args: Any, **kwargs: Any) -> Any:
        recording.check_limit("weights")
        result = original(*args, **kwargs)
        try:
            path = os.fspath(next(iter((*args, *kwargs.values()))))
            size = os.path.getsize(path) if os.path.exists(path) else None
            facts = {"path": path, "bytes": size, "tensors": tensors(result)}
            recording.point(kind, recording.clean_data(facts), stage="weights")
        except Exception as error:  # a release hands over something else than a path; the load must not notice
            recording.skip(f"probe {kind}", f"{type(error).__name__}: {error}")
        return result

    return watched
