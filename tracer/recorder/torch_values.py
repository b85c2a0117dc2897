"""Summaries of torch's values. Torch is never imported for this: a value of its types exists only where it is."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tracer.recorder import raw
from tracer.trace.values import Module, Named, Object, Tensor, Value


def maker_for(kind: type) -> Callable[[Any], Value] | None:
    """How a torch type is summarised; None for a type that is not torch's."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "_C") or not hasattr(torch, "nn"):
        return None
    if raw.inherits(kind, torch.Tensor):
        return tensor
    if raw.inherits(kind, torch.nn.Module):
        return module
    if raw.is_one_of(kind, (torch.dtype, torch.device, torch.Size, torch.layout)):
        return lambda value: Named(f"torch.{raw.name(kind)}", str(value))
    return None


def tensor(value: Any) -> Tensor | Object:
    """Shape, dtype and device of a tensor; of a subclass too, without entering its ``__torch_function__``."""
    import torch

    if not _answers_for_itself(type(value), torch):
        try:
            return Tensor(raw.name(type(value)), _shape(value, torch), *_rest(value, torch))
        except Exception:  # a kind of tensor that has no shape: nested, or not made yet
            pass
    return Object(raw.type_name(type(value)))


def described(value: Any) -> Tensor:
    """As :func:`tensor`; one that does not tell its shape, dtype or device has none of them."""
    made = tensor(value)
    return made if isinstance(made, Tensor) else Tensor(made.type, [], "unknown", "unknown")


def module(value: Any) -> Module:
    """Class and size of a module, counted over its registries, not through its methods."""
    import torch

    return Module(raw.type_name(type(value)), sum(_count(parameter, torch) for parameter in _parameters(value)))


def _answers_for_itself(kind: type, torch: Any) -> bool:
    """Whether a class can answer even for its size in Python: it has a ``__torch_dispatch__`` that is not torch's."""
    for base in raw.mro(kind):
        if base is torch.Tensor:
            return False
        if "__torch_dispatch__" in raw.members(base):
            return not raw.is_defined_in(base, "torch")
    return False


def _shape(value: Any, torch: Any) -> list[int]:
    """The extents of a tensor, -1 for one that is not known yet."""
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        return [extent if type(extent) is int else -1 for extent in _base(torch).shape.__get__(value)]


def _rest(value: Any, torch: Any) -> tuple[str, str, bool]:
    base = _base(torch)
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        return (
            str(base.dtype.__get__(value)).removeprefix("torch."),
            str(base.device.__get__(value)),
            bool(base.requires_grad.__get__(value)),
        )


def _base(torch: Any) -> Any:
    return torch._C.TensorBase if hasattr(torch._C, "TensorBase") else torch._C._TensorBase


def _parameters(value: Any) -> Iterator[Any]:
    """The parameters of a module and of the modules in it, each once."""
    seen: set[int] = {id(value)}
    modules = [value]
    while modules:
        registries = raw.instance_dict(modules.pop()) or {}
        for name, found in (("_parameters", None), ("_modules", modules)):
            registry = registries.get(name)
            for item in list(dict.values(registry)) if raw.is_a(registry, dict) else []:
                if item is not None and id(item) not in seen:
                    seen.add(id(item))
                    if found is None:
                        yield item
                    else:
                        found.append(item)


def _count(parameter: Any, torch: Any) -> int:
    if _answers_for_itself(type(parameter), torch):
        return 0
    try:
        return math.prod(max(extent, 0) for extent in _shape(parameter, torch))
    except Exception:
        return 0
