"""Classes whose every method is a trap: running any of their code is reported.

Traps are set only inside ``with armed() as touched``; outside, the classes behave, so that they can be put into
dictionaries and sets.
"""

from __future__ import annotations

from collections.abc import Iterator
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
