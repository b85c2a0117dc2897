"""Which load is going on, and when everything that it will do is done."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from typing import Any

from tracer.recorder.guard import Watching
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.weights.conversion import ConversionWay
from tracer.recorder.weights.files import WeightsFiles
from tracer.recorder.weights.ledger import Ledger
from tracer.recorder.weights.state_dicts import StateDictWay


class WeightsWatch:
    """Opens an account when a checkpoint is loaded into a model, and closes it with a report.

    A load can lie inside another one: the parts of a composed model.
    """

    def __init__(self, recording: Recording) -> None:
        self.files = WeightsFiles()
        self._recording = recording
        self._open: list[Ledger] = []
        self._unreported: list[Ledger] = []
        self._evaluated = Patches(recording.guard)

    def watch(self, modeling: Any, patches: Patches) -> None:
        """Watch the functions that this release has."""
        kind = vars(modeling).get("PreTrainedModel")
        if kind is None or "_load_pretrained_model" not in vars(kind):
            self._recording.skip("tensors of the weights", "this release has no PreTrainedModel._load_pretrained_model")
            return
        member = vars(kind)["_load_pretrained_model"]
        signature = inspect.signature(getattr(member, "__func__", member))
        patches.watch(kind, "_load_pretrained_model", functools.partial(self._loading, signature))
        if "_finalize_model_loading" in vars(kind):
            patches.watch(kind, "_finalize_model_loading", self._finishing)
        conversion = sys.modules.get("transformers.core_model_loading")
        if conversion is not None:
            ConversionWay(self._recording, self._now).watch(conversion, patches)
        else:
            StateDictWay(self._recording, self._now).watch(modeling, patches)

    def file_read(self, path: str, state_dict: Any) -> None:
        """A file was opened, or read whole into a dictionary."""
        if state_dict is not None:
            self.files.read(path, state_dict)
        ledger = self._now()
        if ledger is not None and not path.endswith(".safetensors"):
            ledger.look_up_files()

    def stop(self) -> None:
        """Report what was never reported: the load ended in between."""
        self._evaluated.restore()
        for ledger in [*self._open, *self._unreported]:
            self._report(ledger)
        self._open.clear()
        self._unreported.clear()
        self.files.forget_names()

    def _now(self) -> Ledger | None:
        return self._open[-1] if self._open else None

    def _loading(self, signature: inspect.Signature, /, *args: Any, **kwargs: Any) -> Watching:
        self._recording.check_limit("weights")
        ledger = self._ledger(signature, args, kwargs)
        if ledger is None:
            return
        self._open.append(ledger)
        ending = yield
        if ending.error is None:
            ledger.returned = ending.result
            self._open.remove(ledger)
            self._unreported.append(ledger)
            self._await_evaluation()
        elif isinstance(ending.error, Exception):
            self._open.remove(ledger)
            self._report(ledger)

    def _ledger(self, signature: inspect.Signature, args: Any, kwargs: Any) -> Ledger | None:
        try:
            given = signature.bind(*args, **kwargs).arguments
            paths = given.get("checkpoint_files", given.get("resolved_archive_file"))
            paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
            state_dict = given.get("state_dict")
            if state_dict is not None:
                self.files.take(state_dict)
            named = [os.fspath(path) for path in paths or () if path]
            return Ledger(self._recording, self.files, given["model"], named, state_dict, given.get("expected_keys"))
        except Exception as error:  # a release with other arguments
            self._recording.skip("tensors of the weights", f"{type(error).__name__}: {error}")
            return None

    def _finishing(self, model: Any, *args: Any, **kwargs: Any) -> Watching:
        yield
        self._done(model)

    def _await_evaluation(self) -> None:
        """In 4.x weights are tied after the load; then the model is put into evaluation mode, and all is done."""
        from torch.nn import Module

        self._evaluated.restore()
        self._evaluated.watch(Module, "train", self._training)

    def _training(self, module: Any, /, *args: Any, **kwargs: Any) -> Watching:
        self._done(module)
        yield

    def _done(self, model: Any) -> None:
        for ledger in [ledger for ledger in self._unreported if ledger.model is model]:
            self._unreported.remove(ledger)
            self._report(ledger)
        if not self._unreported:
            self._evaluated.restore()
            if not self._open:
                self.files.forget_names()

    def _report(self, ledger: Ledger) -> None:
        try:
            ledger.report()
        except Exception as error:
            self._recording.skip("report of the weights", f"{type(error).__name__}: {error}")
