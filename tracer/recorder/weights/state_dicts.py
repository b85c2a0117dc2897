"""Weights in transformers 4.x: tensors of a state dict are copied into modules, or set on a model that has none yet.

An adapter is loaded by peft: it reads the file and puts the tensors into the modules that it has added. From 5.0 on an
adapter is loaded like every other checkpoint.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tracer.recorder.guard import Watching
from tracer.recorder.library_values import tensor_facts
from tracer.recorder.model.tree import own_tensors
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.weights.checkpoint_load import CheckpointLoad
from tracer.trace import reasons


class StateDictWatch:
    """Watches the functions through which every tensor of a state dict goes, as far as a release has them.

    Args:
        current_load: returns the load that is running now, if any.
    """

    def __init__(self, recording: Recording, current_load: Callable[[], CheckpointLoad | None]) -> None:
        self._recording = recording
        self._current_load = current_load
        self._thread = threading.local()  # a release may load its files in parallel, and so may the user
        self._inside = Patches(recording.guard)
        self._loading = 0  # how many loads into modules are running, in all threads
        self._lock = threading.RLock()

    def watch(self, modeling: Any, patches: Patches) -> None:
        """Watch the functions that this release has: up to 4.49 there are two ways, from 4.50 on one.

        The two ways are with and without ``low_cpu_mem_usage``.
        """
        ways = (
            ("_load_state_dict_into_model", self._into_modules),
            ("_load_state_dict_into_meta_model", self._into_meta),
            ("set_module_tensor_to_device", self._set),
            ("_load_parameter_into_model", self._set),
        )
        for name, watched in ways:
            if name not in vars(modeling):
                self._recording.skip(f"transformers/modeling_utils.py: {name}", reasons.NOT_IN_RELEASE)
            else:
                patches.watch(modeling, name, watched)
        if "_get_key_renaming_mapping" in vars(modeling.PreTrainedModel):
            patches.watch(modeling.PreTrainedModel, "_get_key_renaming_mapping", self._renaming)

    def _renaming(self, *args: Any, **kwargs: Any) -> Watching:
        outcome = yield
        load = self._current_load()
        if load is not None and isinstance(outcome.result, dict):
            load.renamed.update(outcome.result)

    def _into_modules(self, *args: Any, **kwargs: Any) -> Watching:
        load = self._current_load()
        if load is not None:
            with self.into_modules(load):
                yield

    @contextmanager
    def into_modules(self, load: CheckpointLoad) -> Iterator[None]:
        """Watch, while it is open, how torch lets every module take its tensors out of a state dict in this thread."""
        from torch.nn import Module

        before = getattr(self._thread, "load", None)
        with self._lock:
            if not self._loading:
                self._inside.watch(Module, "_load_from_state_dict", self._own)
            self._loading += 1
        self._thread.load = load
        try:
            yield
        finally:
            self._thread.load = before
            with self._lock:
                self._loading -= 1
                if not self._loading:
                    self._inside.restore()

    def _own(self, module: Any, state_dict: Any, prefix: Any, *args: Any) -> Watching:
        load = getattr(self._thread, "load", None)
        if load is None:
            return
        errors = args[-1]  # torch notes here what does not fit
        before = len(errors)
        outcome = yield
        if outcome.error is None:
            self._took(load, module, state_dict, prefix, fits=len(errors) == before)

    def _took(self, load: CheckpointLoad, module: Any, state_dict: Any, prefix: str, *, fits: bool) -> None:
        path = load.parameter_index.path(module)
        for leaf, value in own_tensors(module):
            given = state_dict.get(prefix + leaf)
            if given is None:
                continue
            source = load.source(prefix + leaf, given)
            parameter = prefix + leaf if path is None else f"{path}.{leaf}" if path else leaf
            if fits or _fits(given, value):
                load.loaded([source], parameter)
            else:
                load.mismatched([source], parameter)

    def _into_meta(self, *args: Any, **kwargs: Any) -> Watching:
        load = self._current_load()
        if load is None or len(args) < 2 or not isinstance(args[1], dict):
            return
        before = getattr(self._thread, "coming", None)
        base = load.parameter_index.path(args[0])
        # Before 4.50 the keys can have a prefix in front of the model's names: the argument after the state dict.
        prefix = next((text for text in args[2:4] if isinstance(text, str) and text.endswith(".")), "")
        names = {load.source(key, value): key for key, value in args[1].items()}
        self._thread.coming = (load, args[1], f"{base}." if base else "", prefix)
        try:
            outcome = yield
        finally:
            self._thread.coming = before
        if outcome.error is None:
            self._settle(load, names)

    def _settle(self, load: CheckpointLoad, names: dict[str, str]) -> None:
        """Record tensors that took no watched way: through a quantizer, or not into memory at all."""
        for source, key in names.items():
            parameter = load.target(key)
            if parameter is not None and not load.is_settled(source):
                load.loaded([source], parameter, device="disk" if load.is_on_meta(parameter) else None)

    def _set(self, *args: Any, **kwargs: Any) -> Watching:
        coming = getattr(self._thread, "coming", None)
        if coming is None or len(args) < 2:
            return
        load, state_dict, base, prefix = coming
        key = args[1]
        if prefix + key in state_dict:
            key = prefix + key
        source, parameter = load.source(key, state_dict.get(key)), base + args[1]
        outcome = yield
        if outcome.error is None:
            if load.parameter_index.has(parameter):  # torch leaves out buffers that don't belong to the checkpoint
                load.loaded([source], parameter)
        elif isinstance(outcome.error, Exception):
            value = args[2] if len(args) == 3 else kwargs.get("value", kwargs.get("tensor"))
            place = load.parameter_index.find(parameter)
            if place is not None and hasattr(value, "shape") and not _fits(value, place):
                load.mismatched([source], parameter)


def _fits(given: Any, value: Any) -> bool:
    """Return whether torch accepts it: the same shape, or one number for no dimension."""
    there, here = tensor_facts(given).shape, tensor_facts(value).shape
    return there == here or (here == [] and there == [1])


class AdapterWatch:
    """Watches ``load_adapter`` of models, and what peft reads and sets while it runs.

    Args:
        file_read: called with each file and the dictionary that was read from it.
        open_load: opens the load of these files or, if there are none, these tensors into a model.
        close: closes it with a report.
    """

    def __init__(
        self,
        recording: Recording,
        state_dicts: StateDictWatch,
        *,
        file_read: Callable[[str, Any], None],
        open_load: Callable[[Any, list[str], Any], CheckpointLoad],
        close: Callable[[CheckpointLoad], None],
    ) -> None:
        self._recording = recording
        self._state_dicts = state_dicts
        self._file_read = file_read
        self._open_load = open_load
        self._close = close
        self._paths: list[str] = []  # of the adapter that is being loaded

    def watch(self, modeling: Any, patches: Patches) -> None:
        kind = vars(modeling).get("PeftAdapterMixin")
        if isinstance(kind, type) and "load_adapter" in vars(kind):
            patches.watch(kind, "load_adapter", self._loading)
        else:
            self._recording.skip(
                reasons.TENSORS_OF_ADAPTERS, reasons.NO_LOAD_FUNCTION.format(function="PeftAdapterMixin.load_adapter")
            )

    def _loading(self, *args: Any, **kwargs: Any) -> Watching:
        """Watch peft's functions: the library imports them anew in each call, and so finds what is set here."""
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
        outcome = yield
        if outcome.error is None:
            self._paths = [os.fspath(path)]
            self._file_read(self._paths[0], outcome.result)

    def _filling(self, model: Any, peft_model_state_dict: Any, *args: Any, **kwargs: Any) -> Watching:
        load = self._open_load(model, self._paths, peft_model_state_dict)
        try:
            with self._state_dicts.into_modules(load):
                outcome = yield
            load.returned = outcome.result
        finally:
            self._close(load)
