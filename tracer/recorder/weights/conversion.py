"""The 5.x way: keys are renamed, tensors converted one group after the other, and set on a model that is on meta.

The threads that read the files are left alone: what they read comes by here, in one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracer.recorder.guard import Watching
from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.weights.ledger import Ledger


class ConversionWay:
    """Watches the functions of ``transformers.core_model_loading``.

    Args:
        ledger: gives the account that is open now, if any.
    """

    def __init__(self, recording: Recording, ledger: Callable[[], Ledger | None]) -> None:
        self._recording = recording
        self._ledger = ledger
        self._sources: list[str] = []  # of the group that is being converted

    def watch(self, loading: Any, patches: Patches) -> None:
        for name, watched in (
            ("rename_source_key", self._renamed),
            ("set_param_for_module", self._set),
            ("offload_and_maybe_resave_param", self._offloaded),
        ):
            if name not in vars(loading):
                self._recording.skip(f"transformers/core_model_loading.py: {name}", "this release does not have it")
            else:
                patches.watch(loading, name, watched)
        for kind in list(vars(loading).values()):
            if isinstance(kind, type) and "convert" in vars(kind) and hasattr(kind, "layer_targets"):
                patches.watch(kind, "convert", self._converted)

    def _renamed(self, source_key: Any, *args: Any, **kwargs: Any) -> Watching:
        ending = yield
        ledger = self._ledger()
        if ledger is not None and isinstance(ending.result, tuple):
            ledger.renamed[source_key] = ending.result[0]

    def _converted(self, transform: Any, layer_name: Any, *args: Any, **kwargs: Any) -> Watching:
        if self._ledger() is not None:
            self._sources = sorted(transform.layer_targets.get(layer_name) or ())
        yield

    def _set(
        self, model: Any, target_name: Any, param_value: Any, loading_info: Any, *args: Any, **kwargs: Any
    ) -> Watching:
        ledger = self._ledger()
        if ledger is None:
            return
        before = len(loading_info.mismatched_keys), len(loading_info.unexpected_keys)
        ending = yield
        if ending.error is not None:
            return
        if len(loading_info.mismatched_keys) > before[0]:
            ledger.mismatched(self._sources, target_name)
        elif len(loading_info.unexpected_keys) == before[1]:
            ledger.loaded(self._sources, target_name)

    def _offloaded(self, target_name: Any, *args: Any, **kwargs: Any) -> Watching:
        ending = yield
        ledger = self._ledger()
        if ledger is not None and ending.error is None:
            ledger.loaded(self._sources, target_name, device="disk")
