"""Summaries of torch's values. Torch is never imported for this: a value of its types exists only where it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from tracer.trace.values import Module, Named, Tensor, Value


def maker_for(kind: type, mro: tuple[type, ...]) -> Callable[[Any], Value] | None:
    """How a torch type is summarised; None for a type that is not torch's."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "_C") or not hasattr(torch, "nn"):
        return None
    if torch.Tensor in mro:
        return tensor
    if torch.nn.Module in mro:
        return module
    if kind in (torch.dtype, torch.device, torch.Size, torch.layout):
        return lambda value: Named(f"torch.{kind.__name__}", str(value))
    return None


def is_plain_tensor_type(kind: type) -> bool:
    """Whether a type is torch's own tensor or parameter, and no subclass that could answer for itself."""
    torch = sys.modules.get("torch")
    return torch is not None and hasattr(torch, "nn") and kind in (torch.Tensor, torch.nn.Parameter)


def is_constant_type(kind: type) -> bool:
    """Whether a type's values never change: a dtype, a device."""
    torch = sys.modules.get("torch")
    return torch is not None and kind in (getattr(torch, "dtype", None), getattr(torch, "device", None))


def tensor_key(value: Any) -> tuple[Any, ...] | None:
    """All that is told of a plain tensor, to look its summary up by; None where asking it would be overheard."""
    if sys.modules["torch"]._C._len_torch_function_stack():
        return None
    return type(value), value.shape, value.dtype, value.device, value.requires_grad


def tensor(value: Any) -> Tensor:
    """Shape, dtype and device of a tensor; of a subclass too, without entering its ``__torch_function__``."""
    import torch

    base: Any = torch._C.TensorBase if hasattr(torch._C, "TensorBase") else torch._C._TensorBase
    with torch._C.DisableTorchFunction():
        return Tensor(
            type(value).__name__,
            list(base.shape.__get__(value)),
            str(base.dtype.__get__(value)).removeprefix("torch."),
            str(base.device.__get__(value)),
            bool(base.requires_grad.__get__(value)),
        )


def module(value: Any) -> Module:
    """Class and size of a module, counted over its registries, not through its methods."""
    seen: set[int] = set()
    return Module(f"{type(value).__module__}.{type(value).__qualname__}", _count_numbers(value, seen))


def _count_numbers(value: Any, seen: set[int]) -> int:
    registries = object.__getattribute__(value, "__dict__")
    count = 0
    for parameter in (registries.get("_parameters") or {}).values():
        if parameter is not None and id(parameter) not in seen:
            seen.add(id(parameter))
            size = 1
            for extent in tensor(parameter).shape:
                size *= extent
            count += size
    for child in (registries.get("_modules") or {}).values():
        if child is not None and id(child) not in seen:
            seen.add(id(child))
            count += _count_numbers(child, seen)
    return count
