"""Summaries of torch's values. Torch is never imported for this: a value of its types exists only where it is."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from tracer.recorder import raw
from tracer.trace.values import Module, Named, Object, Tensor, Value

UNKNOWN: Final = "unknown"


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
    kind = _kind(type(value))
    if kind.readable:
        read = _descriptors()
        try:
            with read.without_functions(), read.without_dispatch():
                shape = [extent if type(extent) is int else -1 for extent in read.shape(value)]
                dtype, device, requires_grad = read.dtype(value), read.device(value), read.requires_grad(value)
            return Tensor(kind.name, shape, _dtype_name(dtype), _device_name(device), requires_grad is True)
        except Exception:  # a kind of tensor that has no shape: nested, or not made yet
            pass
    return Object(raw.type_name(type(value)))


def described(value: Any) -> Tensor:
    """As :func:`tensor`; one that does not tell its shape, dtype or device has none of them."""
    made = tensor(value)
    return made if isinstance(made, Tensor) else Tensor(made.type, [], UNKNOWN, UNKNOWN)


def module(value: Any) -> Module:
    """Class and size of a module, counted over its registries, not through its methods."""
    return Module(raw.type_name(type(value)), numbers_in(value))


def numbers_in(module: Any) -> int:
    """How many numbers a module's parameters have, its own and those of the modules in it, each once."""
    read = _descriptors()
    numbers = 0
    with read.without_functions(), read.without_dispatch():
        for parameter in _parameters(module):
            if _kind(type(parameter)).readable:
                try:
                    numbers += math.prod(extent for extent in read.shape(parameter) if type(extent) is int)
                except Exception:  # not made yet
                    continue
    return numbers


class _Kind(NamedTuple):
    """What is known of a type of tensors; ``readable`` tells that it does not answer for itself in Python."""

    type: type
    name: str
    readable: bool


_kinds: dict[int, _Kind] = {}  # by id: a metaclass could have its own idea of a hash; kept, so the id stays theirs


def _kind(kind: type) -> _Kind:
    known = _kinds.get(id(kind))
    if known is None:
        known = _kinds[id(kind)] = _Kind(kind, raw.name(kind), not _answers_for_itself(kind))
    return known


def _answers_for_itself(kind: type) -> bool:
    """Whether a class can answer even for its size in Python: it has a ``__torch_dispatch__`` that is not torch's."""
    import torch

    for base in raw.mro(kind):
        if base is torch.Tensor:
            return False
        if "__torch_dispatch__" in raw.members(base):
            return not raw.is_defined_in(base, "torch")
    return False


class _Descriptors(NamedTuple):
    """torch's own descriptors of a tensor, and what keeps everybody else's answers out."""

    shape: Callable[[Any], Any]
    dtype: Callable[[Any], Any]
    device: Callable[[Any], Any]
    requires_grad: Callable[[Any], Any]
    without_functions: Callable[[], AbstractContextManager[Any]]
    without_dispatch: Callable[[], AbstractContextManager[Any]]


@functools.cache
def _descriptors() -> _Descriptors:
    import torch

    base: Any = torch._C.TensorBase if hasattr(torch._C, "TensorBase") else torch._C._TensorBase
    return _Descriptors(
        shape=base.shape.__get__,
        dtype=base.dtype.__get__,
        device=base.device.__get__,
        requires_grad=base.requires_grad.__get__,
        without_functions=torch._C.DisableTorchFunction,
        without_dispatch=torch._C._DisableTorchDispatch,
    )


@functools.cache
def _dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


@functools.cache
def _device_name(device: Any) -> str:
    return str(device)


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
