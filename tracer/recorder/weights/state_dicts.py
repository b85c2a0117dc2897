"""The 4.x ways: the tensors of a state dict are copied into modules, or set on a model that has none yet."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from tracer.recorder.patches import Patches
from tracer.recorder.recording import Recording
from tracer.recorder.torch_values import described
from tracer.recorder.weights.ledger import Ledger
from tracer.recorder.weights.places import own_tensors


class StateDictWay:
    """Watches the functions through which every tensor of a state dict goes, as far as a release has them.

    Args:
        ledger: gives the account that is open now, if any.
    """

    def __init__(self, recording: Recording, ledger: Callable[[], Ledger | None]) -> None:
        self._recording = recording
        self._ledger = ledger
        self._thread = threading.local()  # a release may load its files side by side

    def watch(self, modeling: Any, patches: Patches) -> None:
        """Up to 4.49 there are two ways, with and without ``low_cpu_mem_usage``; from 4.50 on there is one."""
        ways = (
            ("_load_state_dict_into_model", self._into_modules),
            ("_load_state_dict_into_meta_model", self._into_meta),
            ("set_module_tensor_to_device", self._set),
            ("_load_parameter_into_model", self._set),
        )
        for name, watched in ways:
            original = vars(modeling).get(name)
            if original is None:
                self._recording.skip(f"transformers/modeling_utils.py: {name}", "this release does not have it")
            else:
                patches.set(modeling, name, watched(original))
        renaming = vars(modeling.PreTrainedModel).get("_get_key_renaming_mapping")
        if renaming is not None:
            patches.set(modeling.PreTrainedModel, "_get_key_renaming_mapping", self._renaming(renaming))

    def _renaming(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            ledger = self._ledger()
            if ledger is not None and isinstance(result, dict):
                ledger.renamed.update(result)
            return result

        return watched

    def _into_modules(self, original: Any) -> Any:
        """While it runs, every module is asked to take its own out of the state dict."""

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            from torch.nn import Module

            ledger = self._ledger()
            if ledger is None:
                return original(*args, **kwargs)
            inside = Patches()
            inside.set(Module, "_load_from_state_dict", self._own(vars(Module)["_load_from_state_dict"], ledger))
            try:
                return original(*args, **kwargs)
            finally:
                inside.restore()

        return watched

    def _own(self, original: Any, ledger: Ledger) -> Any:
        def watched(module: Any, state_dict: Any, prefix: Any, *args: Any) -> Any:
            errors = args[-1]  # torch writes down here what does not fit
            before = len(errors)
            result = original(module, state_dict, prefix, *args)
            try:
                self._took(ledger, module, state_dict, prefix, fits=len(errors) == before)
            except Exception as error:  # a module that is like no other; the load must not notice
                self._recording.skip("weights of a module", f"{type(error).__name__}: {error}")
            return result

        return watched

    def _took(self, ledger: Ledger, module: Any, state_dict: Any, prefix: str, *, fits: bool) -> None:
        path = ledger.places.path(module)
        for leaf, value in own_tensors(module):
            given = state_dict.get(prefix + leaf)
            if given is None:
                continue
            source = ledger.source(prefix + leaf, given)
            parameter = prefix + leaf if path is None else f"{path}.{leaf}" if path else leaf
            if fits or _fits(given, value):
                ledger.loaded([source], parameter)
            else:
                ledger.mismatched([source], parameter)

    def _into_meta(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            ledger = self._ledger()
            if ledger is None or len(args) < 2 or not isinstance(args[1], dict):
                return original(*args, **kwargs)
            before = getattr(self._thread, "coming", None)
            base = ledger.places.path(args[0])
            # Before 4.50 the keys can have a prefix in front of the model's names: the argument after the state dict.
            prefix = next((text for text in args[2:4] if isinstance(text, str) and text.endswith(".")), "")
            self._thread.coming = (ledger, args[1], f"{base}." if base else "", prefix)
            names = {ledger.source(key, value): key for key, value in args[1].items()}
            try:
                result = original(*args, **kwargs)
            finally:
                self._thread.coming = before
            self._settle(ledger, names)
            return result

        return watched

    def _settle(self, ledger: Ledger, names: dict[str, str]) -> None:
        """What got in by no way that is watched: through a quantizer, or not into memory at all."""
        for source, key in names.items():
            parameter = ledger.target(key)
            if parameter is not None and not ledger.is_settled(source):
                ledger.loaded([source], parameter, device="disk" if ledger.is_on_meta(parameter) else None)

    def _set(self, original: Any) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            coming = getattr(self._thread, "coming", None)
            if coming is None or len(args) < 2:
                return original(*args, **kwargs)
            ledger, state_dict, base, prefix = coming
            key = args[1]
            if prefix + key in state_dict:
                key = prefix + key
            source, parameter = ledger.source(key, state_dict.get(key)), base + args[1]
            try:
                result = original(*args, **kwargs)
            except Exception:
                value = args[2] if len(args) == 3 else kwargs.get("value", kwargs.get("tensor"))
                place = ledger.places.find(parameter)
                if place is not None and hasattr(value, "shape") and not _fits(value, place):
                    ledger.mismatched([source], parameter)
                raise
            if ledger.places.has(parameter):  # torch leaves buffers alone that don't belong to the checkpoint
                ledger.loaded([source], parameter)
            return result

        return watched


def _fits(given: Any, value: Any) -> bool:
    """Whether torch takes it: the same shape, or one number for no dimension."""
    there, here = described(given).shape, described(value).shape
    return there == here or (here == [] and there == [1])
