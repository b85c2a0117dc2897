"""The 4.x way of an adapter: peft reads its file and puts the tensors into the modules that it has added.

From 5.0 on an adapter is loaded as every other checkpoint is.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from tracer.recorder.guard import Watching
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.weights.ledger import Ledger
from tracer.recorder.weights.state_dicts import StateDictWay


class AdapterWay:
    """Watches ``load_adapter`` of models: while it runs, what peft reads and sets.

    Args:
        file_read: told of each file with the dictionary that was read from it.
        account: opens the account of a model for these files or, where there are none, these tensors.
        close: closes it with a report.
    """

    def __init__(
        self,
        recording: Recording,
        way: StateDictWay,
        *,
        file_read: Callable[[str, Any], None],
        account: Callable[[Any, list[str], Any], Ledger],
        close: Callable[[Ledger], None],
    ) -> None:
        self._recording = recording
        self._way = way
        self._file_read = file_read
        self._account = account
        self._close = close
        self._paths: list[str] = []  # of the adapter that is being loaded

    def watch(self, modeling: Any, patches: Patches) -> None:
        kind = vars(modeling).get("PeftAdapterMixin")
        if isinstance(kind, type) and "load_adapter" in vars(kind):
            patches.watch(kind, "load_adapter", self._loading)
        else:
            self._recording.skip("tensors of adapters", "this release has no PeftAdapterMixin.load_adapter")

    def _loading(self, *args: Any, **kwargs: Any) -> Watching:
        """The library imports what it needs of peft anew in each call, and so finds what is set here."""
        reading = importlib.import_module("peft.utils.save_and_load")
        inside = Patches(self._recording.guard)
        self._paths = []
        try:
            for name in ("safe_load_file", "torch_load"):
                if name in vars(reading):
                    inside.watch(reading, name, self._read)
            inside.watch(importlib.import_module("peft.utils"), "set_peft_model_state_dict", self._filling)
            yield
        finally:
            inside.restore()

    def _read(self, path: Any, *args: Any, **kwargs: Any) -> Watching:
        ending = yield
        if ending.error is None:
            self._paths = [os.fspath(path)]
            self._file_read(self._paths[0], ending.result)

    def _filling(self, model: Any, peft_model_state_dict: Any, *args: Any, **kwargs: Any) -> Watching:
        ledger = self._account(model, self._paths, peft_model_state_dict)
        try:
            with self._way.into_modules(ledger):
                ending = yield
            ledger.returned = ending.result
        finally:
            self._close(ledger)
