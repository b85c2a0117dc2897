"""Watching the load of weights: which load is running, when it is complete, and each file that it opens or reads.

4.44 reads a file whole with ``load_state_dict``, 4.50 to 4.57 only its names and shapes. These and 5.x open it with
``safe_open`` and take slices later.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import weakref
from threading import get_ident
from typing import Any

from tracer.recorder.guard import Watch, Watching
from tracer.recorder.library_values import tensor_facts
from tracer.recorder.model.tree import all_tensors
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.weights.checkpoint_load import CheckpointLoad, loading_info
from tracer.recorder.weights.conversion import ConversionWatch
from tracer.recorder.weights.state_dicts import AdapterWatch, StateDictWatch
from tracer.recorder.weights.weights_files import WeightsFiles
from tracer.trace import reasons


class ShardWatch:
    """Watches weights files by patching: they are read where no function is stepped, in the library's own threads."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._weights = WeightsWatch(recording)
        self._done = False

    def watch(self, patches: Patches) -> None:
        """Start watching if the module is loaded by now and not watched yet."""
        modeling = sys.modules.get("transformers.modeling_utils")
        if modeling is None or self._done:
            return
        self._done = True
        self._weights.watch(modeling, patches)
        for name, kind in (("safe_open", "shard-opened"), ("load_state_dict", "shard-read")):
            if name not in vars(modeling):
                self._recording.skip(f"transformers/modeling_utils.py: {name}", reasons.NOT_IN_RELEASE)
            else:
                patches.watch(modeling, name, self._watched(kind))

    def stop(self) -> None:
        self._weights.stop()

    def _watched(self, kind: str) -> Watch:
        recording = self._recording

        def watched(*args: Any, **kwargs: Any) -> Watching:
            recording.check_limit("weights")
            outcome = yield
            if outcome.error is not None:
                return
            result = outcome.result
            path = os.fspath(next(iter((*args, *kwargs.values()))))
            read = result if isinstance(result, dict) else None
            count = len(result.keys()) if kind == "shard-opened" else None if read is None else len(read)
            size = os.path.getsize(path) if os.path.exists(path) else None
            facts: dict[str, Any] = {"path": path, "bytes": size, "tensors": count}
            if read and all(tensor_facts(value).device == "meta" for value in read.values()):
                facts["device"] = "meta"  # only names and shapes, as 4.50 to 4.57 do before they take slices
            recording.record_event(kind, recording.clean_data(facts), stage="weights")
            self._weights.file_read(path, read)

        return watched


class WeightsWatch:
    """Opens a :class:`CheckpointLoad` when a checkpoint is loaded into a model, and closes it with a report.

    A load can run inside another one: the parts of a composed model.
    """

    def __init__(self, recording: Recording) -> None:
        self.files = WeightsFiles()
        self._recording = recording
        self._open: list[CheckpointLoad] = []
        self._unreported: list[CheckpointLoad] = []
        self._evaluated = Patches(recording.guard)
        self._reported: dict[int, weakref.ref[Any]] = {}  # tensors that a report covers

    def watch(self, modeling: Any, patches: Patches) -> None:
        """Watch the functions that this release has."""
        kind = vars(modeling).get("PreTrainedModel")
        if kind is None or "_load_pretrained_model" not in vars(kind):
            self._recording.skip(
                reasons.TENSORS_OF_WEIGHTS,
                reasons.NO_LOAD_FUNCTION.format(function="PreTrainedModel._load_pretrained_model"),
            )
            return
        member = vars(kind)["_load_pretrained_model"]
        signature = inspect.signature(getattr(member, "__func__", member))
        patches.watch(kind, "_load_pretrained_model", functools.partial(self._loading, signature))
        # In 4.x what follows the load has no function of its own; 5.0 names it differently from later releases.
        for name in ("_finalize_load_state_dict", "_finalize_model_loading"):
            if name in vars(kind):
                patches.watch(kind, name, self._finishing)
        # What is not in the checkpoint gets empty memory in place of the meta device: since 4.50, named anew in 5.0.
        for name in ("_move_missing_keys_from_meta_to_cpu", "_move_missing_keys_from_meta_to_device"):
            if name in vars(kind):
                patches.watch(kind, name, self._placing)
        conversion = sys.modules.get("transformers.core_model_loading")
        state_dicts = StateDictWatch(self._recording, self._current_load)
        if conversion is not None:
            ConversionWatch(self._recording, self._current_load).watch(conversion, patches)
        else:
            state_dicts.watch(modeling, patches)
        AdapterWatch(
            self._recording, state_dicts, file_read=self._adapter_read, open_load=self._load_of, close=self._report
        ).watch(modeling, patches)

    def file_read(self, path: str, state_dict: Any) -> None:
        """Note that a file was opened, or read whole into a dictionary."""
        if state_dict is not None:
            self.files.read(path, state_dict)
        load = self._current_load()
        if load is not None and not path.endswith(".safetensors"):
            load.look_up_files()

    def _adapter_read(self, path: str, state_dict: Any) -> None:
        size = os.path.getsize(path) if os.path.exists(path) else None
        facts = {"path": path, "bytes": size, "tensors": len(state_dict)}
        self._recording.record_event("shard-read", self._recording.clean_data(facts), stage="weights")
        self.files.read(path, state_dict)

    def stop(self) -> None:
        """Report the loads that were not reported: they ended early."""
        self._evaluated.restore()
        for load in [*self._open, *self._unreported]:
            self._report(load)
        self._open.clear()
        self._unreported.clear()
        self.files.forget_names()

    def _current_load(self) -> CheckpointLoad | None:
        """Return the newest load of this thread; of a thread that has none, which helps another, the newest of all."""
        own = [load for load in self._open if load.thread == get_ident()]
        return next(reversed(own or self._open), None)

    def _loading(self, signature: inspect.Signature, /, *args: Any, **kwargs: Any) -> Watching:
        self._recording.check_limit("weights")
        load = self._new_load(signature, args, kwargs)
        if load is None:
            return
        self._open.append(load)
        outcome = yield
        if outcome.error is None:
            load.returned = outcome.result
            self._open.remove(load)
            self._unreported.append(load)
            self._await_evaluation()
        elif isinstance(outcome.error, Exception):
            self._open.remove(load)
            self._report(load)

    def _new_load(self, signature: inspect.Signature, args: Any, kwargs: Any) -> CheckpointLoad | None:
        try:
            given = signature.bind(*args, **kwargs).arguments
            paths = given.get("checkpoint_files", given.get("resolved_archive_file"))
            paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
            state_dict = given.get("state_dict")
            if state_dict is not None:
                self.files.take(state_dict)
            named = [os.fspath(path) for path in paths or () if path]
            wanted = given.get("expected_keys")
            return CheckpointLoad(
                self._recording, self.files, given["model"], named, state_dict, wanted, self._is_reported
            )
        except Exception as error:  # a release with other arguments
            self._recording.skip(reasons.TENSORS_OF_WEIGHTS, f"{type(error).__name__}: {error}")
            return None

    def _load_of(self, model: Any, paths: list[str], state_dict: Any) -> CheckpointLoad:
        if not paths:
            self.files.take(state_dict)
        return CheckpointLoad(self._recording, self.files, model, paths, state_dict, is_reported=self._is_reported)

    def _finishing(self, model: Any, *args: Any, **kwargs: Any) -> Watching:
        outcome = yield
        self._done(model, outcome.result)

    def _placing(self, model: Any, *args: Any, **kwargs: Any) -> Watching:
        loads = [load for load in (*self._open, *self._unreported) if load.model is model]
        before = dict(all_tensors(model)) if loads else {}
        outcome = yield
        if outcome.error is None:
            for load in loads:
                load.placed(before)

    def _await_evaluation(self) -> None:
        """Wait for the evaluation mode: in 4.x weights are tied after the load, and then the model is put into it."""
        from torch.nn import Module

        self._evaluated.restore()
        self._evaluated.watch(Module, "train", self._training)

    def _training(self, module: Any, /, *args: Any, **kwargs: Any) -> Watching:
        self._done(module)
        yield

    def _done(self, model: Any, returned: Any = None) -> None:
        """Report the loads of a complete model; ``returned`` is the library's report, if it is returned again."""
        for load in [load for load in self._unreported if load.model is model]:
            if loading_info(returned) is not None:
                load.returned = returned
            self._unreported.remove(load)
            self._report(load)
        if not self._unreported:
            self._evaluated.restore()
            if not self._open:
                self.files.forget_names()

    def _report(self, load: CheckpointLoad) -> None:
        try:
            load.record_report()
            for value in load.model_tensors():
                self._reported[id(value)] = weakref.ref(value)
        except Exception as error:
            self._recording.skip(reasons.REPORT_OF_WEIGHTS, f"{type(error).__name__}: {error}")

    def _is_reported(self, value: Any) -> bool:
        known = self._reported.get(id(value))
        return known is not None and known() is value
