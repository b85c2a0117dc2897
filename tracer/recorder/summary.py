"""Summaries of live values, made by type and never by calling the object's own code.

No ``repr``, no properties, no ``__getattr__``, no ``__len__`` of unknown classes: everything is read through the C
implementation of a built-in base class, or from an instance dictionary.
"""

from __future__ import annotations

import enum
import math
import pathlib
import sys
import threading
import types
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Final

import msgspec

from tracer.recorder import safe_inspect
from tracer.recorder.library_values import CacheSummaries, is_cache_type, is_config_type, torch_maker_for
from tracer.recorder.safe_text import exception_text, without_surrogates
from tracer.recorder.secret_values import beside_a_secret_name, likely_secrets, name_in_pair, secrets_under
from tracer.trace.redaction.names import MIN_SEARCHED, Suspicion, suspicion
from tracer.trace.redaction.redactor import Redactor
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
_VOCABULARY: Final = 64  # a larger dictionary of integers is a vocabulary, where "password" is just a word
_SMALLEST_SECRET: Final = 10 ** (MIN_SEARCHED - 1)  # a number with as many digits can be a password
_FEW: Final = 4  # items of a dictionary that may be a pair of a name and a value
_MASK_MARGIN: Final = 4_096  # searched beyond the cut, so that a secret across it is masked as a whole

Maker = Callable[[Any, int], Value]


class Summariser:
    """Makes summaries and numbers them; equal ones get the same number.

    Args:
        clean: masks secrets and replaces folders by roots in a text.
        learn: called with each secret that was found under a secret name.
        store: takes the number and the JSON of each new summary.
        lock: held while a summary is made; must be reentrant.
    """

    def __init__(
        self,
        clean: Callable[[str], str],
        learn: Callable[[str], None],
        store: Callable[[ValueId, bytes], None],
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self.lock = threading.RLock() if lock is None else lock
        self._clean = clean
        self._learn = learn
        self._store = store
        self._numbers: dict[bytes, ValueId] = {}
        self._count = 0
        self._scalars: dict[tuple[type, Any], ValueId] = {}
        self._makers: dict[int, Maker] = {}  # by the type's id: a metaclass could have its own `__hash__`
        self._kept: list[type] = []  # so that no other type gets that id
        self._keys: dict[str, str] = {}
        self._secret_keys: set[str] = set()
        self._top_items: list[tuple[str, ValueId]] = []
        self._budget = MAX_NODES
        self._caches = CacheSummaries(self._items, MAX_DEPTH)

    def number(self, value: object, name: str = "", depth: int = 0) -> ValueId:
        """Return the number of the value's summary. ``name`` is the variable, argument or key that has the value."""
        kind = type(value)
        if name and value is not None and (level := suspicion(name)) is not Suspicion.NONE:
            secret = self._secret(name, value) if level is Suspicion.CERTAIN else self._likely_secret(name, value)
            if secret is not None:
                return self._intern(secret)
        if id(kind) not in _CACHED:
            if depth:
                return self._intern(self._make(value, depth))
            with self.lock:  # one value at a time, from any thread
                self._budget = MAX_NODES
                return self._intern(self._make(value, depth))
        known = self._scalars.get((kind, value))
        if known is None:
            known = self._scalars[kind, value] = self._intern(self._make(value, depth))
        return known

    def number_and_items(self, value: object, name: str = "") -> tuple[ValueId, list[tuple[str, ValueId]]]:
        """Return the number of the value's summary, and its items if it is a dictionary or a configuration."""
        self._top_items = []
        return self.number(value, name), self._top_items

    def key(self, key: object) -> str:
        """Return how a dictionary's key is written."""
        if type(key) is str:
            shown = self._keys.get(key)
            if shown is None:
                shown = self._text(key).value
                if suspicion(shown) is not Suspicion.NONE:
                    self._secret_keys.add(shown)
                self._keys[key] = shown
            return shown
        return self._key(key)

    def summary(self, value: object) -> Value:
        """Return the summary itself, without storing it (the values in it are stored)."""
        with self.lock:
            self._budget = MAX_NODES
            return self._make(value, 0)

    def forget_texts(self) -> None:
        """Clean texts again from now on: what is to be masked has changed."""
        self._keys.clear()
        self._scalars.clear()

    def those_with(self, secret: str, redactor: Redactor) -> list[tuple[ValueId, bytes]]:
        """Return the summaries made so far that show this secret, with the secret masked."""
        searched = secret.encode("utf-8", "surrogatepass")
        with self.lock:
            found = [(number, encoded) for encoded, number in self._numbers.items() if searched in encoded]
            return [(number, msgspec.json.encode(redactor.data(msgspec.json.decode(old)))) for number, old in found]

    def message(self, error: BaseException) -> str | None:
        """Return an exception's message, unless that would run code of an unknown class."""
        text = exception_text(error)
        return None if text is None else self._text(text).value

    def _intern(self, summary: Value) -> ValueId:
        encoded = encode_value(summary)
        number = self._numbers.get(encoded)
        if number is None:
            with self.lock:
                number = self._numbers.get(encoded)
                if number is None:
                    number = self._count
                    self._count += 1
                    self._store(number, encoded)
                    self._numbers[encoded] = number  # after it was stored: an interrupt must not come in between
        return number

    def _make(self, value: object, depth: int) -> Value:
        kind = type(value)
        self._budget -= 1
        if self._budget < 0 and id(kind) not in _SCALARS:
            return Object(safe_inspect.type_name(kind))
        maker = self._makers.get(id(kind))
        if maker is None:
            self._kept.append(kind)
            maker = self._makers[id(kind)] = self._maker_for(kind)
        return maker(value, depth)

    def _maker_for(self, kind: type) -> Maker:
        """Return how instances of a type are summarised; called once for each type."""
        if type(kind) is type and (exact := _EXACT.get(kind)) is not None:
            return exact(self)
        if safe_inspect.inherits(kind, enum.Enum):
            return _enum_member
        for base, maker in _INHERITED:
            if issubclass(kind, base):
                return maker(self)
        if is_config_type(kind):
            return self._config
        if is_cache_type(kind):
            return self._caches.summary
        if (torch_maker := torch_maker_for(kind)) is not None:
            return lambda value, _depth: torch_maker(value)
        return _object

    # One method for each kind of value.

    def _text(self, value: str) -> Text:
        length = str.__len__(value)
        text = self._clean(str.__getitem__(value, slice(0, MAX_TEXT + _MASK_MARGIN)))
        return Text(without_surrogates(text[:MAX_TEXT]), length if length > MAX_TEXT else 0)

    def _str(self, value: str, _depth: int) -> Value:
        return self._text(value)

    def _int(self, value: int, _depth: int) -> Value:
        exact = int.__index__(value)
        if exact.bit_length() < 64:
            if abs(exact) >= _SMALLEST_SECRET and self._clean(text := int.__repr__(exact)) != text:
                return Secret("")
            return Plain(exact)
        return Named("int", f"an int of {exact.bit_length()} bits")

    def _mapping(self, value: dict[Any, Any], depth: int) -> Value:
        kind, length = safe_inspect.type_name(type(value)), dict.__len__(value)
        if depth >= MAX_DEPTH:
            return Deeper(kind, length)
        items = self._items(value, depth)
        if depth == 0:
            self._top_items = items
        return Mapping(kind, length, items)

    def _config(self, value: object, depth: int) -> Value:
        attributes = safe_inspect.instance_dict(value) or {}
        if depth >= MAX_DEPTH:
            return Deeper(safe_inspect.type_name(type(value)), len(attributes))
        items = self._items(attributes, depth)
        if depth == 0:
            self._top_items = items
        return Config(safe_inspect.type_name(type(value)), len(attributes), items)

    def _items(self, value: dict[Any, Any], depth: int) -> list[tuple[str, ValueId]]:
        items: list[tuple[str, ValueId]] = []
        keys, scalars, inner = self._keys, self._scalars, depth + 1
        pairs = _snapshot(value)
        if len(pairs) > _VOCABULARY and all(type(item) is int for _, item in pairs):
            return [(self.key(key), self.number(item, "", inner)) for key, item in pairs]
        beside = beside_a_secret_name(pairs) if 1 < len(pairs) <= _FEW else None
        for key, item in pairs:
            if beside is not None and type(key) is str and key == beside:
                items.append((self.key(key), self._intern(self._secret(key, item))))
                continue
            name = keys.get(key) if type(key) is str else None
            # Most items are scalars that were seen before, under known keys.
            if name is None or id(type(item)) not in _CACHED or name in self._secret_keys:
                name = self.key(key)
                items.append((name, self.number(item, name, inner)))
            else:
                known = scalars.get((type(item), item))
                items.append((name, self.number(item, name, inner) if known is None else known))
        return items

    def _key(self, key: object) -> str:
        made = self._make(key, MAX_DEPTH)
        if isinstance(made, Plain):
            return repr(made.value)
        if isinstance(made, (Named, Text)):
            return made.text if isinstance(made, Named) else made.value
        if isinstance(made, Class):
            return f"{made.module}.{made.name}"
        return f"‹{safe_inspect.type_name(type(key))}›"

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
        kind = safe_inspect.type_name(type(value))
        if depth >= MAX_DEPTH:
            return Deeper(kind, length)
        if length == 2 and (name := name_in_pair(head)) is not None:
            items = [self.number(head[0], "", depth + 1), self._intern(self._secret(name, head[1]))]
            return Sequence(kind, length, items)
        return Sequence(kind, length, [self.number(item, "", depth + 1) for item in head])

    def _exception(self, value: BaseException, _depth: int) -> Value:
        kind = type(value)
        return Exception_(safe_inspect.qualified_name(kind), safe_inspect.module_name(kind), self.message(value))

    def _path(self, value: pathlib.PurePath, _depth: int) -> Value:
        if not safe_inspect.is_path(value):
            return Object(safe_inspect.type_name(type(value)))
        return Named("Path", self._text(str(value)).value)

    def _secret(self, name: str, value: object) -> Value:
        if type(value) is bool:
            return Plain(value)
        list(map(self._learn, secrets_under(name, value, MAX_DEPTH)))
        return Secret(name)

    def _likely_secret(self, name: str, value: object) -> Value | None:
        """Return the mask of a value under an ambiguous name if the value looks like a secret."""
        is_itself, secrets = likely_secrets(name, value)
        list(map(self._learn, secrets))
        return Secret(name) if is_itself else None


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
    return Class(safe_inspect.module_name(value), safe_inspect.qualified_name(value))


def _function(value: Any, _depth: int) -> Value:
    inner = value.__func__ if type(value) is types.MethodType else value
    if type(inner) is types.FunctionType:
        return Function(safe_inspect.text(inner.__module__) or "?", safe_inspect.text(inner.__qualname__) or "?")
    return Object(safe_inspect.type_name(type(value)))


def _builtin(value: types.BuiltinFunctionType, _depth: int) -> Value:
    return Function(safe_inspect.text(value.__module__) or "builtins", safe_inspect.text(value.__name__) or "?")


def _module(value: types.ModuleType, _depth: int) -> Value:
    return Named("module", safe_inspect.text(safe_inspect.module_dict(value).get("__name__")) or "?")


def _enum_member(value: enum.Enum, _depth: int) -> Value:
    kind = type(value)
    name = safe_inspect.text((safe_inspect.instance_dict(value) or {}).get("_name_"))
    return Named(
        safe_inspect.type_name(kind), f"{safe_inspect.qualified_name(kind)}.{name}" if name is not None else "?"
    )


def _object(value: object, _depth: int) -> Value:
    return Object(safe_inspect.type_name(type(value)))


def _snapshot(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Return the first pairs of a dictionary, which another thread may be changing."""
    for _ in range(8):
        try:
            return list(islice(dict.items(value), MAX_PAIRS))
        except RuntimeError:
            continue
    return []


_SCALARS: Final = frozenset(map(id, (type(None), bool, int, float, str)))
_CACHED: Final = frozenset(map(id, (type(None), bool, int, str)))  # not float: 0.0 == -0.0

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
