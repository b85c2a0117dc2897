"""Which tensors another tensor was made of, found out by following the operators that torch runs."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any


class Provenance:
    """Names given to tensors, passed on to whatever an operator makes of them.

    Nothing is kept alive for it, and no operator is changed.
    """

    def __init__(self) -> None:
        self._names: dict[int, tuple[weakref.ref[Any], frozenset[str]]] = {}
        self._written: dict[int, frozenset[str]] = {}  # by storage: what was written into it, also through a view

    def give(self, value: Any, names: frozenset[str]) -> None:
        self._names[id(value)] = (weakref.ref(value), names)

    def names(self, value: Any) -> frozenset[str]:
        """The names of all tensors that this one was made of; empty where that can't be known."""
        known = self._names.get(id(value))
        names = known[1] if known is not None and known[0]() is value else frozenset()
        return names | self._written.get(_storage(value), frozenset())

    def following(self) -> Any:
        """A context manager: while it is open, names are passed on by every operator of this thread."""
        from torch.utils._python_dispatch import TorchDispatchMode

        followed = self._followed

        class Following(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
            @classmethod
            def _should_skip_dynamo(cls) -> bool:
                return False

            def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                result = function(*args, **(kwargs or {}))
                with suppress(Exception):  # an operator that is like no other: its result stays without a name
                    followed(function, args, kwargs or {}, result)
                return result

        return Following()

    def _followed(self, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        names = frozenset[str]().union(*(self.names(value) for value in _tensors((args, kwargs))))
        if not names:
            return
        for value in _tensors(result):
            self.give(value, names)
        for position, parameter in enumerate(function._schema.arguments):
            if parameter.alias_info is None or not parameter.alias_info.is_write:
                continue
            written = args[position] if position < len(args) else kwargs.get(parameter.name)
            for value in _tensors(written):
                storage = _storage(value)
                self._written[storage] = self._written.get(storage, frozenset()) | names


def _tensors(value: Any) -> Iterator[Any]:
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def _storage(value: Any) -> int:
    try:
        return int(value.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # a tensor that has none
        return -1
