"""The 5.x way: keys are renamed, tensors converted one group after the other, and set on a model that is on meta.

The threads that read the files are left alone: what they read comes by here, in one thread.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

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
            original = vars(loading).get(name)
            if original is None:
                self._recording.skip(f"transformers/core_model_loading.py: {name}", "this release does not have it")
            else:
                patches.set(loading, name, watched(original))
        for kind in list(vars(loading).values()):
            if isinstance(kind, type) and "convert" in vars(kind) and hasattr(kind, "layer_targets"):
                patches.set(kind, "convert", self._converted(vars(kind)["convert"]))

    def _renamed(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(source_key: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(source_key, *args, **kwargs)
            ledger = self._ledger()
            if ledger is not None and isinstance(result, tuple):
                ledger.renamed[source_key] = result[0]
            return result

        return watched

    def _converted(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(transform: Any, layer_name: Any, *args: Any, **kwargs: Any) -> Any:
            if self._ledger() is not None:
                self._sources = sorted(transform.layer_targets.get(layer_name) or ())
            return original(transform, layer_name, *args, **kwargs)

        return watched

    def _set(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(
            model: Any, target_name: Any, param_value: Any, loading_info: Any, *args: Any, **kwargs: Any
        ) -> Any:
            ledger = self._ledger()
            if ledger is None:
                return original(model, target_name, param_value, loading_info, *args, **kwargs)
            before = len(loading_info.mismatched_keys), len(loading_info.unexpected_keys)
            result = original(model, target_name, param_value, loading_info, *args, **kwargs)
            if len(loading_info.mismatched_keys) > before[0]:
                ledger.mismatched(self._sources, target_name)
            elif len(loading_info.unexpected_keys) == before[1]:
                ledger.loaded(self._sources, target_name)
            return result

        return watched

    def _offloaded(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(target_name: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(target_name, *args, **kwargs)
            ledger = self._ledger()
            if ledger is not None:
                ledger.loaded(self._sources, target_name, device="disk")
            return result

        return watched
