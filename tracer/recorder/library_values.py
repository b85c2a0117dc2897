"""Values of types from torch and transformers: tensors and modules, configurations, caches of past keys and values.

Neither library is imported to recognise them: a value of its types exists only where the library is loaded.
"""

from __future__ import annotations

import functools
import math
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final, NamedTuple

from tracer.recorder import safe_inspect
from tracer.trace.values import Deeper, Mapping, Module, Named, Object, Tensor, Value, ValueId

UNKNOWN: Final = "unknown"


def torch_maker_for(kind: type) -> Callable[[Any], Value] | None:
    """Return the function that summarises values of a torch type; None for other types."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "_C") or not hasattr(torch, "nn"):
        return None
    if safe_inspect.inherits(kind, torch.Tensor):
        return summarise_tensor
    if safe_inspect.inherits(kind, torch.nn.Module):
        return summarise_module
    if safe_inspect.is_one_of(kind, (torch.dtype, torch.device, torch.Size, torch.layout)):
        return lambda value: Named(f"torch.{safe_inspect.name(kind)}", str(value))
    return None


def summarise_tensor(value: Any) -> Tensor | Object:
    """Return shape, dtype and device of a tensor, also of a subclass, without entering its ``__torch_function__``."""
    kind = _kind(type(value))
    if kind.readable:
        read = _descriptors()
        try:
            with read.without_functions(), read.without_dispatch():
                shape = [extent if type(extent) is int else -1 for extent in read.shape(value)]
                dtype, device, requires_grad = read.dtype(value), read.device(value), read.requires_grad(value)
            return Tensor(kind.name, shape, _dtype_name(dtype), _device_name(device), requires_grad is True)
        except Exception:  # a kind of tensor without a shape: nested, or not initialised yet
            pass
    return Object(safe_inspect.type_name(type(value)))


def tensor_facts(value: Any) -> Tensor:
    """Return what :func:`summarise_tensor` does; empty facts if shape, dtype and device can't be read."""
    made = summarise_tensor(value)
    return made if isinstance(made, Tensor) else Tensor(made.type, [], UNKNOWN, UNKNOWN)


def summarise_module(value: Any) -> Module:
    """Return class and size of a module, counted over its registries, not through its methods."""
    return Module(safe_inspect.type_name(type(value)), count_parameters(value))


def count_parameters(module: Any) -> int:
    """Return how many numbers the parameters of a module and of the modules in it have, each counted once."""
    read = _descriptors()
    numbers = 0
    with read.without_functions(), read.without_dispatch():
        for parameter in _parameters(module):
            if _kind(type(parameter)).readable:
                try:
                    numbers += math.prod(extent for extent in read.shape(parameter) if type(extent) is int)
                except Exception:  # not initialised yet
                    continue
    return numbers


class _Kind(NamedTuple):
    """A type of tensors; ``readable``: its attributes can be read without running its own Python code."""

    type: type
    name: str
    readable: bool


_kinds: dict[
    int, _Kind
] = {}  # by id: a metaclass could have its own `__hash__`; the type is kept, so its id is not reused


def _kind(kind: type) -> _Kind:
    known = _kinds.get(id(kind))
    if known is None:
        known = _kinds[id(kind)] = _Kind(kind, safe_inspect.name(kind), not _answers_for_itself(kind))
    return known


def _answers_for_itself(kind: type) -> bool:
    """Return whether even reading the shape can run Python code: the ``__torch_dispatch__`` is not torch's."""
    import torch

    for base in safe_inspect.mro(kind):
        if base is torch.Tensor:
            return False
        if "__torch_dispatch__" in safe_inspect.members(base):
            return not safe_inspect.is_defined_in(base, "torch")
    return False


class _Descriptors(NamedTuple):
    """torch's own descriptors of a tensor, and the contexts that disable all others."""

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
    """Yield the parameters of a module and of the modules in it, each once."""
    seen: set[int] = {id(value)}
    modules = [value]
    while modules:
        registries = safe_inspect.instance_dict(modules.pop()) or {}
        for name, found in (("_parameters", None), ("_modules", modules)):
            registry = registries.get(name)
            for item in list(dict.values(registry)) if safe_inspect.is_a(registry, dict) else []:
                if item is not None and id(item) not in seen:
                    seen.add(id(item))
                    if found is None:
                        yield item
                    else:
                        found.append(item)


_CONTAINERS: Final = (dict, list, tuple, set)
_SCALARS: Final = (type(None), bool, int, float, str)


class _Known(NamedTuple):
    """A known summary. ``held``: constants, and weak references to all that must not be kept alive."""

    cache: weakref.ref[Any]
    depth: int
    held: list[tuple[str, Any]]
    summary: Value


class CacheSummaries:
    """Summaries of transformers' caches of past keys and values, and of the layers that newer ones consist of.

    A cache is an argument of every attention module of a pass, and one pass fills one layer after the other. So a
    layer that still holds the same tensors is not summarised again.

    Args:
        items: summarises the values of a dictionary at a depth.
        deepest: the depth from which on values are not summarised any more.
    """

    def __init__(self, items: Callable[[dict[Any, Any], int], list[tuple[str, ValueId]]], deepest: int) -> None:
        self._items = items
        self._deepest = deepest
        self._known: dict[int, _Known] = {}

    def summary(self, value: object, depth: int) -> Value:
        attributes: dict[str, Any] = object.__getattribute__(value, "__dict__")
        held = {name: item for name, item in dict.items(attributes) if name[:1] != "_" and name != "training"}
        kind = safe_inspect.type_name(type(value))
        if depth >= self._deepest:
            return Deeper(kind, len(held))
        known = self._known.get(id(value))
        if known is not None and known.cache() is value and known.depth == depth and _holds(held, known.held):
            return known.summary
        made = Mapping(kind, len(held), self._items(held, depth))
        self._remember(value, depth, held, made)
        return made

    def _remember(self, value: object, depth: int, held: dict[str, Any], made: Value) -> None:
        try:
            references = [(name, _reference(item)) for name, item in held.items()]
            self._known[id(value)] = _Known(weakref.ref(value), depth, references, made)
        except TypeError:  # a list inside, which can change in place
            self._known.pop(id(value), None)


def _reference(item: Any) -> Any:
    """Return the item itself if it is a constant, otherwise a weak reference.

    Raises:
        TypeError: it can change in place, or supports no weak references.
    """
    kind = type(item)
    if safe_inspect.is_one_of(kind, _CONTAINERS):
        raise TypeError
    torch = sys.modules.get("torch")
    constants = _SCALARS if torch is None else (*_SCALARS, torch.dtype, torch.device)
    return item if safe_inspect.is_one_of(kind, constants) else weakref.ref(item)


def _holds(held: dict[str, Any], known: list[tuple[str, Any]]) -> bool:
    if len(held) != len(known):
        return False
    for (name, item), (known_name, reference) in zip(held.items(), known, strict=True):
        there = reference() if type(reference) is weakref.ref else reference
        if name != known_name or item is not there:
            return False
    return True


_CONFIG_BASES: Final = {"PretrainedConfig", "PreTrainedConfig"}
_CACHE_MODULE: Final = "transformers.cache_utils"

_config_types: dict[int, tuple[type, bool]] = {}  # by the type's id; the type is kept, so its id is not reused


def is_config_type(kind: type) -> bool:
    """Return whether a type is a transformers configuration whose instance dictionary can be read safely."""
    known = _config_types.get(id(kind))
    if known is None:
        named = any(safe_inspect.name(base) in _CONFIG_BASES for base in safe_inspect.mro(kind))
        known = _config_types[id(kind)] = (kind, named and _has_plain_dict(kind))
    return known[1]


def is_cache_type(kind: type) -> bool:
    """Return whether a type is one of transformers' caches of past keys and values, or a layer of one."""
    return any(safe_inspect.module_name(base) == _CACHE_MODULE for base in safe_inspect.mro(kind)) and _has_plain_dict(
        kind
    )


def _has_plain_dict(kind: type) -> bool:
    """Return whether ``__dict__`` is the interpreter's own and not, say, a property."""
    for base in safe_inspect.mro(kind):
        if "__dict__" in (members := safe_inspect.members(base)):
            return type(members["__dict__"]) is types.GetSetDescriptorType
    return False


@contextmanager
def without_modes() -> Iterator[None]:
    """Suspend the modes that see each operator: ours, and those with which the program counts its own operators."""
    from torch.utils._python_dispatch import _get_current_dispatch_mode_stack, _pop_mode_temporarily

    with ExitStack() as suspended:
        for _ in _get_current_dispatch_mode_stack():
            suspended.enter_context(_pop_mode_temporarily())
        yield
