"""The records a trace is made of: steps, frames, sources."""

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
        frame: number of the frame it belongs to, or None outside every stepped function.
        stage: one of :data:`tracer.trace.vocabulary.STAGES`.
        kind: one of :data:`tracer.trace.vocabulary.KINDS`.
        event: the frame event behind it, or None for a step that a probe made by itself.
        source: number of the source file it stands in, or None.
        line: line in that file, from 1, or None.
        changes: what changed in the frame's local variables since the frame's last step.
        value: the value returned or the exception raised, if the event has one.
        data: what the probe that gave it its kind adds; plain JSON.
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
    """What a :class:`Step` tells of its frame, and no more: quicker to read."""

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
    """A source as the journal holds it: number and path as JSON on a line, then the text, in UTF-8, as it is."""
    return b"%b\n%b" % (msgspec.json.encode((number, path)), text)


def decode_source(payload: bytes) -> Source:
    """The inverse of :func:`encode_source`.

    Raises:
        msgspec.DecodeError, UnicodeError: it is none.
    """
    head, _, text = payload.partition(b"\n")
    number, path = msgspec.json.decode(head, type=tuple[int, str])
    return Source(number, path, text.decode())
