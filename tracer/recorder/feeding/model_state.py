"""What the modules and configurations of a model hold, to put it back after a pass that is to leave no trace in it."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any, Final

_CONTAINERS: Final = (dict, OrderedDict, defaultdict, list, set)
_LARGEST: Final = 1 << 20
"""Bytes of a tensor whose numbers are kept: counters and states are small; masks and packed weights are only read."""


class ModelState:
    """The attributes of every module and configuration, with their lists, dictionaries and small tensors, as they are.

    A pass adds hooks, flags that say so, and caches; it sets states, and may put other modules in the place of its own.
    Of parameters only the object is kept, as no pass without gradients writes numbers into them.
    """

    def __init__(self, model: Any) -> None:
        import torch
        from transformers import PretrainedConfig

        self._contents: list[tuple[Any, Any]] = []
        self._numbers: list[tuple[Any, int, Any]] = []
        seen: set[int] = set()
        left: list[Any] = [model]
        while left:
            one = left.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            if isinstance(one, (torch.nn.Module, PretrainedConfig)):
                one = vars(one)
            if type(one) in _CONTAINERS:
                self._contents.append((one, one.copy()))
                left += one.values() if isinstance(one, dict) else one
            elif isinstance(one, tuple):
                left += one
            elif type(one) is torch.Tensor and not one.is_inference() and _is_kept(one):
                self._numbers.append((one, one._version, one.detach().clone()))

    def put_back(self) -> None:
        """Make the model hold what it held, the same objects in the same order."""
        import torch

        for container, held in self._contents:
            if not _is_same(container, held):
                container.clear()
                container.extend(held) if isinstance(container, list) else container.update(held)
        for index, (tensor, version, numbers) in enumerate(self._numbers):
            if tensor._version != version:
                with torch.no_grad():
                    tensor.copy_(numbers)
                self._numbers[index] = (tensor, tensor._version, numbers)


def _is_kept(tensor: Any) -> bool:
    """Return whether a tensor is small, and can be written to: one that was expanded can't, but for its base."""
    import torch

    if tensor.layout is torch.strided and any(
        not stride and extent > 1 for stride, extent in zip(tensor.stride(), tensor.shape, strict=True)
    ):
        return False
    return bool(tensor.numel() * tensor.element_size() <= _LARGEST)


def _is_same(container: Any, held: Any) -> bool:
    if isinstance(container, set):
        return bool(container == held)
    if len(container) != len(held):
        return False
    if isinstance(container, dict) and any(a is not b for a, b in zip(container, held, strict=True)):
        return False
    now, then = (one.values() if isinstance(one, dict) else one for one in (container, held))
    return all(a is b for a, b in zip(now, then, strict=True))
