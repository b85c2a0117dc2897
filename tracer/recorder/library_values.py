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
    """Return how many numbers the parameters of a module and of the modules in it have, each counted once.

    Of a parameter whose shape can't be read without running its own code, the tensors that it holds are counted.
    """
    with _descriptors().without_functions(), _descriptors().without_dispatch():
        return sum(_size(held).numbers for parameter in _parameters(module) for held in _held(parameter))


def packed_weights(model: Any) -> list[dict[str, Any]]:
    """Return what the quantised weights of a model are, by type: how many, with how many numbers and bytes.

    Those are tensors that wrap others, and tensors of small integers or of floating-point numbers of a byte. Buffers
    count where the configuration names a quantisation: several methods keep the weights in them.
    """
    config = safe_inspect.instance_dict((safe_inspect.instance_dict(model) or {}).get("config")) or {}
    registries = ("_parameters",) if config.get("quantization_config") is None else ("_parameters", "_buffers")
    found: dict[str, list[int]] = {}
    with _descriptors().without_functions(), _descriptors().without_dispatch():
        for weight in _parameters(model, registries):
            if _kind(type(weight)).wraps:
                packed, name = [_size(held) for held in _held(weight, whole=False)], _kind(type(weight)).name
            else:
                packed = [_size(weight)]
                name = packed[0].dtype
                if name not in _PACKED or not packed[0].dimensions:
                    continue
            group = found.setdefault(name, [0, 0, 0])
            group[0] += 1
            group[1] += sum(size.numbers for size in packed)
            group[2] += sum(size.bytes for size in packed)
    return [
        {"type": name, "count": count, "numbers": numbers, "bytes": size}
        for name, (count, numbers, size) in found.items()
    ]


_PACKED: Final = frozenset(
    {
        *("int32", "int16", "int8", "uint8", "uint4", "int4"),
        *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"),
    }
)  # int64 is for indexes and shapes, and bool for masks
_DEEPEST: Final = 3  # a wrapper can hold one


class _Size(NamedTuple):
    """How large a tensor is; nothing of one that is not initialised yet."""

    numbers: int = 0
    bytes: int = 0
    dimensions: int = 0
    dtype: str = ""


def _size(tensor: Any) -> _Size:
    """Return the size of a tensor, if it can be read; the caller has disabled its functions."""
    read = _descriptors()
    try:
        shape, dtype = read.shape(tensor), read.dtype(tensor)
        numbers = math.prod(extent for extent in shape if type(extent) is int)
        return _Size(numbers, numbers * dtype.itemsize, len(shape), _dtype_name(dtype))
    except Exception:
        return _Size()


def _held(tensor: Any, depth: int = 0, *, whole: bool = True) -> Iterator[Any]:
    """Yield the tensor itself, or those in it if it can't be read; if not ``whole``, also those in another wrapper."""
    kind = _kind(type(tensor))
    if not kind.wraps or (whole and kind.readable):
        yield tensor
        return
    for value in list(dict.values(safe_inspect.instance_dict(tensor) or {})):
        if depth < _DEEPEST and safe_inspect.inherits(type(value), sys.modules["torch"].Tensor):
            yield from _held(value, depth + 1, whole=whole)


class _Kind(NamedTuple):
    """A type of tensors.

    Attributes:
        wraps: whether it does in Python what is done with it, as those do that hold other tensors.
        readable: its shape can be read without running its own Python code.
    """

    type: type
    name: str
    wraps: bool
    readable: bool


_kinds: dict[
    int, _Kind
] = {}  # by id: a metaclass could have its own `__hash__`; the type is kept, so its id is not reused


def _kind(kind: type) -> _Kind:
    known = _kinds.get(id(kind))
    if known is None:
        known = _kinds[id(kind)] = _kind_of(kind)
    return known


def _kind_of(kind: type) -> _Kind:
    dispatcher = _dispatcher(kind)
    # torchao's tensors leave their shape to torch, as torch's own do.
    readable = dispatcher is None or safe_inspect.is_defined_in(dispatcher, "torchao")
    return _Kind(kind, safe_inspect.name(kind), dispatcher is not None, readable)


def _dispatcher(kind: type) -> type | None:
    """Return the class that defines the ``__torch_dispatch__`` of a type of tensors; None if it is torch's."""
    import torch

    for base in safe_inspect.mro(kind):
        if base is torch.Tensor:
            return None
        if "__torch_dispatch__" in safe_inspect.members(base):
            return None if safe_inspect.is_defined_in(base, "torch") else base
    return None


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


def _parameters(value: Any, kinds: tuple[str, ...] = ("_parameters",)) -> Iterator[Any]:
    """Yield the parameters of a module and of the modules in it, each once; or what other registries have."""
    seen: set[int] = {id(value)}
    modules = [value]
    while modules:
        registries = safe_inspect.instance_dict(modules.pop()) or {}
        for name, found in (*((kind, None) for kind in kinds), ("_modules", modules)):
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
