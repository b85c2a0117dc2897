"""The records of a trace: steps, frames and sources."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from tracer.trace.values import ValueId


class Bound(msgspec.Struct, frozen=True, array_like=True, tag="set", gc=False):
    """A local variable got a new value."""

    name: str
    value: ValueId


class Unbound(msgspec.Struct, frozen=True, array_like=True, tag="del", gc=False):
    """A local variable was deleted."""

    name: str


class Items(msgspec.Struct, frozen=True, array_like=True, tag="items", gc=False):
    """A dictionary or configuration object in a local variable changed in place, key by key."""

    name: str
    added: dict[str, ValueId]
    changed: dict[str, ValueId]
    removed: list[str]


Change: TypeAlias = Bound | Unbound | Items


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One recorded moment.

    Attributes:
        number: position in the trace, from 0, without gaps.
        time: nanoseconds since recording began, on a monotonic clock.
        thread: number of the thread, see ``meta["threads"]``.
        frame: number of its frame, or None outside every stepped function.
        stage: one of :data:`tracer.trace.vocabulary.STAGES`.
        kind: one of :data:`tracer.trace.vocabulary.KINDS`.
        event: the frame event that made it, or None for a step that a probe made by itself.
        source: number of its source file, or None.
        line: line in that file, from 1, or None.
        changes: what changed in the frame's local variables since the frame's last step.
        value: the value returned or the exception raised, if the event has one.
        data: plain JSON from the probe that gave it its kind; :mod:`tracer.trace.events` has its type for each kind.
    """

    number: int
    time: int
    thread: int
    frame: int | None
    stage: str
    kind: str
    event: str | None
    source: int | None
    line: int | None
    changes: list[Change]
    value: ValueId | None
    data: dict[str, Any]


class LightStep(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The fields of a :class:`Step` that concern its frame; faster to read."""

    number: int
    frame: int | None
    stage: str
    event: str | None
    source: int | None
    line: int | None
    value: ValueId | None
    changes: list[Change]


class Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One execution of one stepped function.

    ``parent`` is the nearest stepped caller in the same thread; ``function`` the qualified name without the
    module; ``line`` the line of its ``def`` (or first decorator).
    """

    number: int
    parent: int | None
    thread: int
    module: str
    function: str
    source: int
    line: int
    depth: int


class Source(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A source file as it was when its code ran; ``path`` is relative to a named root."""

    number: int
    path: str
    text: str


def encode_source(number: int, path: str, text: bytes) -> bytes:
    """Encode a source for the journal: a line of JSON with number and path, then the UTF-8 text unchanged."""
    return b"%b\n%b" % (msgspec.json.encode((number, path)), text)


def decode_source(payload: bytes) -> Source:
    """Decode what :func:`encode_source` returned.

    Raises:
        msgspec.DecodeError, UnicodeError: the payload is not a source.
    """
    head, _, text = payload.partition(b"\n")
    number, path = msgspec.json.decode(head, type=tuple[int, str])
    return Source(number, path, text.decode())


def texts(value: Any) -> list[str]:
    """Return the texts in a list; none if it is not a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def entries(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; none if it is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
