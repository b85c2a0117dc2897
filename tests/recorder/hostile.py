"""Classes whose every method is a trap: running any of their code is reported.

Traps are set only inside ``with armed() as touched``; outside, the classes behave, so that they can be put into
dictionaries and sets.
"""

from __future__ import annotations

import abc
import collections
import functools
import pathlib
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final


class Touched(BaseException):
    """No ``except Exception`` may hide it."""


_state: dict[str, Any] = {"armed": False, "touched": []}

# All that Python itself calls on an object or a class.
SPECIAL: Final = """
__repr__ __str__ __bytes__ __format__ __hash__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __len__ __length_hint__
__getattribute__ __getattr__ __setattr__ __delattr__ __dir__ __getitem__ __setitem__ __delitem__ __missing__ __iter__
__next__ __reversed__ __contains__ __call__ __enter__ __exit__ __int__ __float__ __complex__ __index__ __round__ __abs__
__neg__ __pos__ __invert__ __add__ __radd__ __iadd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __floordiv__ __mod__
__divmod__ __pow__ __lshift__ __rshift__ __and__ __or__ __xor__ __get__ __set_name__ __fspath__ __reduce__ __reduce_ex__
__getstate__ __copy__ __deepcopy__ __sizeof__ __array__ __torch_function__ __instancecheck__ __subclasscheck__
__await__ __aiter__ __anext__ __buffer__ __rich__ __rich_repr__ __dataclass_fields__ __wrapped__ __iter__ __trunc__
keys values items get copy pop update setdefault sort index count append as_posix name value to_dict dict
""".split()
PROPERTIES: Final = (
    "__class__",
    "__dict__",
    "__doc__",
    "__module__",
    "__name__",
    "__qualname__",
    "__bases__",
    "__mro__",
)
# A class without these can't be made or used at all.
_NOT_ON_CLASSES: Final = {"__call__", "__set_name__", "__get__", "__setattr__", "__delattr__"}


def _trap(name: str, base: type) -> Any:
    inherited = getattr(base, name, None)

    def sprung(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _state["armed"]:
            _state["touched"].append(f"{type.__dict__['__name__'].__get__(type(self))}.{name}")
            raise Touched(name)
        if inherited is None:
            raise AttributeError(name)
        return inherited(self, *args, **kwargs)

    return sprung


def _trap_property(name: str, base: type) -> Any:
    def sprung(self: Any) -> Any:
        if _state["armed"]:
            _state["touched"].append(name)
            raise Touched(name)
        if name == "__class__":
            return type(self)
        raise AttributeError(name)

    return property(sprung)


def hostile_metaclass(base: type = type) -> Any:
    """A metaclass that has its own idea of everything, even of equality, hash and isinstance."""
    members: dict[str, Any] = {
        name: _trap(name, base) for name in SPECIAL if name not in _NOT_ON_CLASSES and hasattr(base, name)
    }
    members["__instancecheck__"] = _trap("__instancecheck__", base)
    members["__subclasscheck__"] = _trap("__subclasscheck__", base)
    return type.__new__(type, "HostileMeta", (base,), members)


def hostile(*bases: type, metaclass: Any = type, skip: set[str] | None = None, **members: Any) -> Any:
    """A class below these bases with a trap in every method and property."""
    base = bases[0] if bases else object
    namespace: dict[str, Any] = {name: _trap(name, base) for name in SPECIAL if name not in ("__set_name__", "__get__")}
    namespace |= {name: _trap_property(name, base) for name in PROPERTIES if name not in ("__module__", "__qualname__")}
    for name in skip or ():
        namespace.pop(name, None)
    namespace["__module__"] = "enemy"
    namespace |= members
    name = f"Hostile{base.__name__.capitalize()}"
    return metaclass.__new__(metaclass, name, bases or (object,), namespace)


@contextmanager
def armed() -> Iterator[list[str]]:
    """Set the traps; the list names those that were sprung."""
    _state["touched"] = touched = []
    _state["armed"] = True
    try:
        yield touched
    finally:
        _state["armed"] = False


# ── Values with code of their own, by what they are ───────────────────────────────────────────────

Meta = hostile_metaclass()
AbcMeta = hostile_metaclass(abc.ABCMeta)


def instance(kind: Any, base: type, *args: Any) -> Any:
    made = base.__new__(kind, *args)
    if base in (dict, list, set):
        base.__init__(made, *args)
    return made


def module_of_traps() -> Any:
    made = types.ModuleType.__new__(hostile(types.ModuleType))
    types.ModuleType.__init__(made, "lazy")
    return made


def spoofed(module: str, base: type = object, *args: Any) -> Any:
    """An instance of a class that says it is from a module whose code may be run."""
    kind = hostile(base, skip={"__module__"}, __module__=module)
    return instance(kind, base, *args)


def odd_function() -> Any:
    def inner() -> None: ...

    inner.__module__ = instance(hostile(str), str, "x")
    inner.__doc__ = instance(hostile(str), str, "x")
    return inner


def property_class(error: BaseException) -> Any:
    class Lazy:
        @property
        def __class__(self) -> Any:  # type: ignore[override]
            raise error

        def __getattr__(self, name: str) -> Any:
            raise error

    return Lazy()


HOSTILE: dict[str, Callable[[], Any]] = {
    "object": lambda: instance(hostile(), object),
    "object with a metaclass": lambda: instance(hostile(metaclass=Meta), object),
    "abstract class": lambda: instance(hostile(metaclass=AbcMeta), object),
    "class": lambda: hostile(metaclass=Meta),
    "class below an abstract one": lambda: hostile(metaclass=AbcMeta),
    "dict": lambda: instance(hostile(dict), dict, {"a": 1}),
    "dict with a metaclass": lambda: instance(hostile(dict, metaclass=Meta), dict, {"a": 1}),
    "ordered dict": lambda: collections.OrderedDict.__new__(hostile(collections.OrderedDict)),
    "list": lambda: instance(hostile(list), list, [1, 2]),
    "tuple": lambda: instance(hostile(tuple), tuple, (1, 2)),
    "set": lambda: instance(hostile(set), set, {1, 2}),
    "frozenset": lambda: instance(hostile(frozenset), frozenset, {1, 2}),
    "str": lambda: instance(hostile(str), str, "text"),
    "str with a metaclass": lambda: instance(hostile(str, metaclass=Meta), str, "text"),
    "int": lambda: instance(hostile(int), int, 3),
    "float": lambda: instance(hostile(float), float, 0.5),
    "bytes": lambda: instance(hostile(bytes), bytes, b"x"),
    "exception": lambda: instance(hostile(ValueError), ValueError, "x"),
    "exception with a metaclass": lambda: instance(hostile(ValueError, metaclass=Meta), ValueError, "x"),
    "exception that says it is transformers'": lambda: spoofed("transformers.errors", ValueError, "x"),
    "exception that says it is json's": lambda: spoofed("json.decoder", ValueError, "x"),
    "os error with a trap as file name": lambda: OSError(2, "x", instance(hostile(str), str, "f")),
    "exception about a trap": lambda: ValueError(instance(hostile(), object)),
    "exception about a dict of traps": lambda: KeyError({"a": [instance(hostile(), object)]}),
    "group of exceptions": lambda: [ValueError(instance(hostile(str), str, "x"))],
    "path": lambda: pathlib.PurePosixPath.__new__(hostile(pathlib.PurePosixPath), "/x"),
    "path that says it is pathlib's": lambda: pathlib.PurePosixPath.__new__(
        hostile(pathlib.PurePosixPath, __module__="pathlib"), "/x"
    ),
    "module": module_of_traps,
    "config": lambda: instance(type("PretrainedConfig", (hostile(),), {}), object),
    "config with a dictionary of its own": lambda: instance(hostile(type("PretrainedConfig", (), {})), object),
    "function with a trap as module": odd_function,
    "partial": lambda: functools.partial(instance(hostile(), object)),
    "weak reference": lambda: weakref.ref(KEPT),
    "proxy": lambda: weakref.proxy(KEPT),
    "view of a trap": lambda: types.MappingProxyType(instance(hostile(dict), dict, {"a": 1})),
    "class named by a trap": lambda: type(instance(hostile(str, skip={"__hash__", "__eq__"}), str, "Named"), (), {}),
    "class from a trap": lambda: type("Named", (), {"__module__": instance(hostile(), object)}),
    "instance of a class from a trap": lambda: type("Named", (), {"__module__": instance(hostile(str), str, "m")})(),
    "lazy": lambda: property_class(Touched("lazy")),
}
KEPT = instance(hostile(), object)
