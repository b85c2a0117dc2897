"""Summaries of live values, made by type and never by calling the object's own code.

No ``repr``, no properties, no ``__getattr__``, no ``__len__`` of unknown classes: what is read, is read through
the C implementation of a built-in base class, or from an instance dictionary.
"""

from __future__ import annotations

import enum
import math
import pathlib
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any, Final

from tracer.recorder import torch_values
from tracer.recorder.exception_text import exception_text
from tracer.trace.redaction import is_secret_name
from tracer.trace.values import (
    Bytes,
    Class,
    Config,
    Deeper,
    Exception_,
    Function,
    Mapping,
    Named,
    Object,
    Plain,
    Secret,
    Sequence,
    Text,
    Value,
    ValueId,
    encode_value,
)

MAX_DEPTH: Final = 5
MAX_NODES: Final = 5_000  # in one summary, whatever its shape
MAX_PAIRS: Final = 400
MAX_ITEMS: Final = 64
MAX_TEXT: Final = 2_000
_MASK_MARGIN: Final = 4_096  # searched beyond the cut, so that a secret across it is masked whole

_CONFIG_BASES: Final = {"PretrainedConfig", "PreTrainedConfig"}
_CACHE_MODULE: Final = "transformers.cache_utils"

Maker = Callable[[Any, int], Value]


class Summariser:
    """Makes summaries and numbers them; equal ones get the same number.

    Args:
        clean: masks secrets and replaces folders by roots in a text.
        learn: is told a secret that stood under a secret name.
        store: takes the number and the JSON of each new summary.
    """

    def __init__(
        self, clean: Callable[[str], str], learn: Callable[[str], None], store: Callable[[ValueId, bytes], None]
    ) -> None:
        self._clean = clean
        self._learn = learn
        self._store = store
        self._numbers: dict[bytes, ValueId] = {}
        self._scalars: dict[tuple[type, Any], ValueId] = {}
        self._makers: dict[type, Maker] = {}
        self._tensors: dict[type, dict[tuple[Any, ...], ValueId]] = {}  # of plain tensor types alone
        self._layers = RememberedLayers()
        self._keys: dict[str, str] = {}
        self.top_items: list[tuple[str, ValueId]] = []
        self._budget = MAX_NODES

    def number(self, value: object, name: str = "", depth: int = 0) -> ValueId:
        """The number of the value's summary. ``name`` is the variable, argument or key it stands under."""
        kind = type(value)
        if name and value is not None and is_secret_name(name):
            return self._intern(self._secret(name, value))
        if depth == 0:
            self._budget = MAX_NODES
        if kind not in _CACHED:
            if kind in self._tensors:
                return self._tensor_number(value, kind, depth)
            if is_cache_type(kind):
                return self._cache_number(value, depth)
            return self._intern(self._make(value, depth))
        known = self._scalars.get((kind, value))
        if known is None:
            known = self._scalars[kind, value] = self._intern(self._make(value, depth))
        return known

    def key(self, key: object) -> str:
        """How a dictionary's key is written."""
        if type(key) is str:
            shown = self._keys.get(key)
            if shown is None:
                shown = self._keys[key] = self._text(key).value
            return shown
        return self._key(key)

    def summary(self, value: object) -> Value:
        """The summary itself, without storing it (what it holds is stored)."""
        return self._make(value, 0)

    def forget_texts(self) -> None:
        """Clean texts anew from now on: what is cleaned out of them has changed."""
        self._keys.clear()
        self._scalars.clear()

    def message(self, error: BaseException) -> str | None:
        """An exception's message, unless telling it would run code of an unknown class."""
        text = exception_text(error)
        return None if text is None else self._text(text).value

    def _tensor_number(self, value: Any, kind: type, depth: int) -> ValueId:
        """As :meth:`number`, without making a summary that was made before."""
        key = torch_values.tensor_key(value)
        known = self._tensors[kind].get(key) if key is not None else None
        if known is not None and self._budget > 0:
            self._budget -= 1
            return known
        number = self._intern(self._make(value, depth))
        if key is not None and self._budget >= 0:
            self._tensors[kind][key] = number
        return number

    def _cache_number(self, value: Any, depth: int) -> ValueId:
        known = self._layers.get(value) if depth < MAX_DEPTH else None
        if known is None:
            known = self._intern(self._make(value, depth))
            if depth < MAX_DEPTH and self._budget >= 0:
                self._layers.remember(value, known)
        return known

    def _intern(self, summary: Value) -> ValueId:
        encoded = encode_value(summary)
        number = self._numbers.get(encoded)
        if number is None:
            number = self._numbers[encoded] = len(self._numbers)
            self._store(number, encoded)
        return number

    def _make(self, value: object, depth: int) -> Value:
        kind = type(value)
        self._budget -= 1
        if self._budget < 0 and kind not in _SCALARS:
            return Object(type_name(kind))
        maker = self._makers.get(kind)
        if maker is None:
            maker = self._makers[kind] = self._maker_for(kind)
        return maker(value, depth)

    def _maker_for(self, kind: type) -> Maker:
        """How instances of a type are summarised; asked once for each type."""
        if (exact := _EXACT.get(kind)) is not None:
            return exact(self)
        mro = _mro(kind)
        if issubclass(kind, enum.Enum):
            return _enum_member
        for base, maker in _INHERITED:
            if base in mro:
                return maker(self)
        if is_config_type(kind):
            return self._config
        if is_cache_type(kind):
            return self._cache
        if (torch_maker := torch_values.maker_for(kind, mro)) is not None:
            if torch_values.is_plain_tensor_type(kind):
                self._tensors[kind] = {}
            return lambda value, _depth: torch_maker(value)
        return _object

    # One method for each shape of value.

    def _text(self, value: str) -> Text:
        length = str.__len__(value)
        text = self._clean(str.__getitem__(value, slice(0, MAX_TEXT + _MASK_MARGIN)))
        return Text(printable_unicode(text[:MAX_TEXT]), length if length > MAX_TEXT else 0)

    def _str(self, value: str, _depth: int) -> Value:
        return self._text(value)

    def _int(self, value: int, _depth: int) -> Value:
        exact = int.__index__(value)
        if exact.bit_length() < 64:
            return Plain(exact)
        return Named("int", f"an int of {exact.bit_length()} bits")

    def _mapping(self, value: dict[Any, Any], depth: int) -> Value:
        kind, length = type_name(type(value)), dict.__len__(value)
        if depth >= MAX_DEPTH:
            return Deeper(kind, length)
        items = self._items(value, depth)
        if depth == 0:
            self.top_items = items
        return Mapping(kind, length, items)

    def _proxy(self, value: types.MappingProxyType[Any, Any], depth: int) -> Value:
        return Object(type_name(type(value)))

    def _config(self, value: object, depth: int) -> Value:
        attributes: dict[str, Any] = object.__getattribute__(value, "__dict__")
        if depth >= MAX_DEPTH:
            return Deeper(type_name(type(value)), len(attributes))
        items = self._items(attributes, depth)
        if depth == 0:
            self.top_items = items
        return Config(type_name(type(value)), len(attributes), items)

    def _cache(self, value: object, depth: int) -> Value:
        """Keys and values of past tokens in one of transformers' classes, or one layer of them: what they hold."""
        held = cache_contents(value)
        kind = type_name(type(value))
        return Deeper(kind, len(held)) if depth >= MAX_DEPTH else Mapping(kind, len(held), self._items(held, depth))

    def _items(self, value: dict[Any, Any], depth: int) -> list[tuple[str, ValueId]]:
        items: list[tuple[str, ValueId]] = []
        for key, item in dict.items(value):
            if len(items) >= MAX_PAIRS:
                break
            name = self.key(key)
            items.append((name, self.number(item, name, depth + 1)))
        return items

    def _key(self, key: object) -> str:
        made = self._make(key, MAX_DEPTH)
        if isinstance(made, Plain):
            return repr(made.value)
        if isinstance(made, (Named, Text)):
            return made.text if isinstance(made, Named) else made.value
        if isinstance(made, Class):
            return f"{made.module}.{made.name}"
        return f"‹{type_name(type(key))}›"

    def _list(self, value: list[Any], depth: int) -> Value:
        return self._sequence(value, list.__len__(value), list.__getitem__(value, slice(0, MAX_ITEMS)), depth)

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Value:
        return self._sequence(value, tuple.__len__(value), tuple.__getitem__(value, slice(0, MAX_ITEMS)), depth)

    def _set(self, value: set[Any], depth: int) -> Value:
        items = sorted(set.__iter__(value), key=self._key) if set.__len__(value) <= MAX_PAIRS else []
        return self._sequence(value, set.__len__(value), items[:MAX_ITEMS], depth)

    def _frozenset(self, value: frozenset[Any], depth: int) -> Value:
        items = sorted(frozenset.__iter__(value), key=self._key) if frozenset.__len__(value) <= MAX_PAIRS else []
        return self._sequence(value, frozenset.__len__(value), items[:MAX_ITEMS], depth)

    def _sequence(self, value: object, length: int, head: Any, depth: int) -> Value:
        kind = type_name(type(value))
        if depth >= MAX_DEPTH:
            return Deeper(kind, length)
        return Sequence(kind, length, [self.number(item, "", depth + 1) for item in head])

    def _exception(self, value: BaseException, _depth: int) -> Value:
        kind = type(value)
        return Exception_(kind.__qualname__, type_module(kind), self.message(value))

    def _path(self, value: pathlib.PurePath, _depth: int) -> Value:
        if not type(value).__module__.startswith("pathlib"):
            return Object(type_name(type(value)))
        return Named("Path", self._text(str(value)).value)

    def _secret(self, name: str, value: object) -> Value:
        if isinstance(value, str):
            self._learn(str.__getitem__(value, slice(None)))
            self.forget_texts()
        elif isinstance(value, bool):
            return Plain(value)
        return Secret(name)


_config_types: dict[type, bool] = {}
_cache_types: dict[type, bool] = {}


def is_config_type(kind: type) -> bool:
    """Whether a type is a transformers configuration whose instance dictionary can be read without its code."""
    known = _config_types.get(kind)
    if known is None:
        mro = _mro(kind)
        known = any(_attribute(base, "__name__") in _CONFIG_BASES for base in mro) and _has_plain_dict(mro)
        _config_types[kind] = known
    return known


def is_cache_type(kind: type) -> bool:
    """Whether a type is one of transformers' caches, or a layer of one, whose instance dictionary can be read."""
    known = _cache_types.get(kind)
    if known is None:
        mro = _mro(kind)
        known = any(type_module(base) == _CACHE_MODULE for base in mro) and _has_plain_dict(mro)
        _cache_types[kind] = known
    return known


def cache_contents(cache: object) -> dict[str, Any]:
    """What a cache or a layer of one holds, without what is private or every ``torch.nn.Module`` has."""
    attributes: dict[str, Any] = object.__getattribute__(cache, "__dict__")
    return {name: item for name, item in dict.items(attributes) if name[:1] != "_" and name != "training"}


class RememberedLayers:
    """Numbers of the summaries of cache layers: every module of a model is handed the cache, and one changes a layer.

    A number holds for as long as the layer's attributes are the very same tensors and scalars; tensors are held weakly,
    so that none lives longer. A layer with anything else in it is never remembered.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[int, ...], list[weakref.ref[Any]], list[Any], ValueId]] = {}

    def get(self, layer: object) -> ValueId | None:
        known = self._known.get(id(layer))
        if known is None or known[0] != tuple(map(id, object.__getattribute__(layer, "__dict__").values())):
            return None
        return known[3] if all([alive() is not None for alive in known[1]]) else None

    def remember(self, layer: object, number: ValueId) -> None:
        attributes: dict[str, Any] = object.__getattribute__(layer, "__dict__")
        weak, kept = [weakref.ref(layer)], []
        for item in attributes.values():
            if torch_values.is_plain_tensor_type(type(item)):
                weak.append(weakref.ref(item))
            elif type(item) in _SCALARS or torch_values.is_constant_type(type(item)):
                kept.append(item)
            else:
                return
        self._known[id(layer)] = tuple(map(id, attributes.values())), weak, kept, number


def printable_unicode(text: str) -> str:
    """The text with lone surrogates replaced, which no UTF-8 file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def type_name(kind: type) -> str:
    """Name of a type as a person writes it; with its module unless that says nothing."""
    name, module = _attribute(kind, "__qualname__"), type_module(kind)
    return name if module == "builtins" else f"{module}.{name}"


def type_module(kind: type) -> str:
    """Name of the module that a type says it is from."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else ""


def _plain(value: Any, _depth: int) -> Value:
    return Plain(value)


def _float(value: float, _depth: int) -> Value:
    exact = float.__float__(value)
    return Plain(exact) if math.isfinite(exact) else Named("float", float.__repr__(exact))


def _complex(value: complex, _depth: int) -> Value:
    return Named("complex", complex.__repr__(value))


def _bytes(value: bytes | bytearray, _depth: int) -> Value:
    return Bytes(len(value))


def _class(value: type, _depth: int) -> Value:
    return Class(type_module(value), _attribute(value, "__qualname__"))


def _function(value: Any, _depth: int) -> Value:
    inner = value.__func__ if type(value) is types.MethodType else value
    if type(inner) is types.FunctionType:
        return Function(str(inner.__module__), inner.__qualname__)
    return Object(type_name(type(value)))


def _builtin(value: types.BuiltinFunctionType, _depth: int) -> Value:
    return Function(str(value.__module__ or "builtins"), value.__name__)


def _module(value: types.ModuleType, _depth: int) -> Value:
    name = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
    return Named("module", name if type(name) is str else "?")


def _enum_member(value: enum.Enum, _depth: int) -> Value:
    attributes = object.__getattribute__(value, "__dict__")
    name = attributes.get("_name_")
    return Named(type_name(type(value)), f"{type(value).__qualname__}.{name}" if type(name) is str else "?")


def _object(value: object, _depth: int) -> Value:
    return Object(type_name(type(value)))


def _mro(kind: type) -> tuple[type, ...]:
    # A metaclass could have its own idea of kind.__mro__.
    mro: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return mro


def _mro_dict(kind: type) -> types.MappingProxyType[str, Any]:
    members: types.MappingProxyType[str, Any] = type.__dict__["__dict__"].__get__(kind)
    return members


def _attribute(kind: type, name: str) -> str:
    value: str = type.__dict__[name].__get__(kind)
    return value


def _has_plain_dict(mro: tuple[type, ...]) -> bool:
    """Whether ``__dict__`` is the interpreter's own and not, say, a property."""
    for base in mro:
        if "__dict__" in (members := _mro_dict(base)):
            return type(members["__dict__"]) is types.GetSetDescriptorType
    return False


_SCALARS: Final = frozenset({type(None), bool, int, float, str})
_CACHED: Final = frozenset({type(None), bool, int, str})  # not float: 0.0 == -0.0

# Exact types first: most values are one of these.
_EXACT: Final[dict[type, Callable[[Summariser], Maker]]] = {
    type(None): lambda _: _plain,
    bool: lambda _: _plain,
    int: lambda s: s._int,
    float: lambda _: _float,
    complex: lambda _: _complex,
    str: lambda s: s._str,
    bytes: lambda _: _bytes,
    bytearray: lambda _: _bytes,
    dict: lambda s: s._mapping,
    list: lambda s: s._list,
    tuple: lambda s: s._tuple,
    set: lambda s: s._set,
    frozenset: lambda s: s._frozenset,
    types.FunctionType: lambda _: _function,
    types.MethodType: lambda _: _function,
    types.BuiltinFunctionType: lambda _: _builtin,
    types.ModuleType: lambda _: _module,
    types.MappingProxyType: lambda s: s._proxy,
}
# Then what a type inherits from; a subclass is read through its built-in base.
_INHERITED: Final[tuple[tuple[type, Callable[[Summariser], Maker]], ...]] = (
    (type, lambda _: _class),
    (BaseException, lambda s: s._exception),
    (str, lambda s: s._str),
    (int, lambda s: s._int),
    (float, lambda _: _float),
    (dict, lambda s: s._mapping),
    (list, lambda s: s._list),
    (tuple, lambda s: s._tuple),
    (set, lambda s: s._set),
    (frozenset, lambda s: s._frozenset),
    (pathlib.PurePath, lambda s: s._path),
    (types.ModuleType, lambda _: _module),
)

assert sys.implementation.name == "cpython", "glm-trace reads frames and types as CPython lays them out"
