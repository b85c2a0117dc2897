"""Summaries of values, as a trace stores them.

Every summary is plain data. Containers refer to their items by number, so that equal values are stored once, however
many variables held them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

ValueId: TypeAlias = int
"""Number of a value in the trace's value table."""


class _Summary(msgspec.Struct, frozen=True, tag_field="is", omit_defaults=True, gc=False):
    pass


class Plain(_Summary, frozen=True, tag="plain"):
    """None, a bool, an int of at most 64 bits or a finite float."""

    value: bool | int | float | None


class Text(_Summary, frozen=True, tag="text"):
    """A string. ``length`` is its real length where ``value`` was cut, else 0."""

    value: str
    length: int = 0


class Bytes(_Summary, frozen=True, tag="bytes"):
    """A bytes object, by its length only."""

    length: int


class Named(_Summary, frozen=True, tag="named"):
    """A value that a short text describes completely: a dtype, a device, an enum member, a path, a very large int."""

    type: str
    text: str


class Mapping(_Summary, frozen=True, tag="mapping"):
    """A dictionary. ``items`` holds at most a bounded number of pairs; ``length`` is the real count.

    A key that is not a string appears as the text of its summary.
    """

    type: str
    length: int
    items: list[tuple[str, ValueId]]


class Sequence(_Summary, frozen=True, tag="sequence"):
    """A list, tuple or set, cut like a :class:`Mapping`. A set's items are sorted by their text."""

    type: str
    length: int
    items: list[ValueId]


class Config(_Summary, frozen=True, tag="config"):
    """A transformers configuration object: its instance dictionary, cut like a :class:`Mapping`."""

    type: str
    length: int
    items: list[tuple[str, ValueId]]


class Tensor(_Summary, frozen=True, tag="tensor"):
    """A tensor, by its metadata; its elements are never stored."""

    type: str
    shape: list[int]
    dtype: str
    device: str
    requires_grad: bool = False


class Module(_Summary, frozen=True, tag="module"):
    """A ``torch.nn.Module``. ``parameters`` is the number of elements in its own and its children's parameters."""

    type: str
    parameters: int


class Class(_Summary, frozen=True, tag="class"):
    """A class object, by where it was defined."""

    module: str
    name: str


class Function(_Summary, frozen=True, tag="function"):
    """A function or method, by where it was defined."""

    module: str
    name: str


class Exception_(_Summary, frozen=True, tag="exception"):  # noqa: N801 - not to hide the built-in one
    """An exception instance.

    ``message`` is None if reading it would have run code of an unknown class.
    """

    type: str
    module: str
    message: str | None


class Object(_Summary, frozen=True, tag="object"):
    """Any other object, by its type only."""

    type: str


class Secret(_Summary, frozen=True, tag="secret"):
    """A value that was kept out of the trace because of its name."""

    name: str


class Deeper(_Summary, frozen=True, tag="deeper"):
    """A container below the depth that is recorded."""

    type: str
    length: int


Value: TypeAlias = (
    Plain
    | Text
    | Bytes
    | Named
    | Mapping
    | Sequence
    | Config
    | Tensor
    | Module
    | Class
    | Function
    | Exception_
    | Object
    | Secret
    | Deeper
)

decode_value = msgspec.json.Decoder(Value).decode
encode_value = msgspec.json.Encoder().encode


def kind_of(value: Value) -> str:
    """Return the kind of a summary: ``tensor``, ``mapping``…"""
    tag = value.__struct_config__.tag
    return tag if isinstance(tag, str) else str(tag)


def to_json(value: Value) -> object:
    """Return the summary as plain JSON data, with its kind under ``is``."""
    return msgspec.to_builtins(value)
