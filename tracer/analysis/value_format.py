"""Recorded values as a person reads them: one short line, or plain JSON."""

from __future__ import annotations

from typing import Any, Final

from tracer.trace import values as v
from tracer.trace.reading import Trace
from tracer.trace.redaction import MASK

_DEPTH: Final = 12
_NODES: Final = (
    10_000  # in one value; a recorded one is far smaller, but a value in a file made by hand can contain itself
)
_BRACKETS: Final = {"list": ("[", "]"), "tuple": ("(", ")"), "set": ("{", "}")}


def format_value(trace: Trace, number: v.ValueId, limit: int = 60) -> str:
    """Return a value in about ``limit`` characters."""
    return format_summary(trace, trace.value(number), limit)


def format_summary(trace: Trace, value: v.Value, limit: int = 60) -> str:
    """Return a summary, looked up or put together, in about ``limit`` characters."""
    text = _short(trace, value, limit, 2)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def to_json(trace: Trace, number: v.ValueId) -> Any:
    """Return a value as JSON: what JSON can express is itself, all else an object with its kind under ``is``."""
    return summary_to_json(trace, trace.value(number))


def summary_to_json(trace: Trace, value: v.Value) -> Any:
    """Return a summary, looked up or put together, as JSON; see :func:`to_json`."""
    return _plain(trace, value, _DEPTH, [_NODES])


def _plain(trace: Trace, value: v.Value, depth: int, left: list[int]) -> Any:
    if isinstance(value, (v.Mapping, v.Config, v.Sequence)):
        left[0] -= len(value.items)
        if depth == 0 or left[0] < 0:
            return {"is": "deeper", "type": value.type, "length": value.length}
    if isinstance(value, v.Plain):
        return value.value
    if isinstance(value, v.Text) and not value.length:
        return value.value
    if isinstance(value, v.Mapping) and value.type == "dict" and len(value.items) == value.length:
        return {key: _plain(trace, trace.value(item), depth - 1, left) for key, item in value.items}
    if isinstance(value, v.Sequence) and value.type == "list" and len(value.items) == value.length:
        return [_plain(trace, trace.value(item), depth - 1, left) for item in value.items]
    if isinstance(value, (v.Mapping, v.Config)):
        items: Any = {key: _plain(trace, trace.value(item), depth - 1, left) for key, item in value.items}
    elif isinstance(value, v.Sequence):
        items = [_plain(trace, trace.value(item), depth - 1, left) for item in value.items]
    else:
        return v.to_json(value)
    return {"is": v.kind_of(value), "type": value.type, "length": value.length, "items": items}


def format_json(value: Any) -> str:
    """Return what :func:`to_json` made as text: a secret, class or tensor in one word, containers as in Python."""
    if isinstance(value, list):
        return f"[{', '.join(map(format_json, value))}]"
    if not isinstance(value, dict):
        return repr(value)
    kind = value.get("is")
    if kind is None:
        return f"{{{', '.join(f'{key!r}: {format_json(item)}' for key, item in value.items())}}}"
    if kind == "secret":
        return MASK
    if kind == "text":
        return f"{value.get('value')!r}…"
    if kind in ("named", "class", "function"):
        return str(value.get("text") or value.get("name"))
    if kind == "exception":
        return f"{value.get('type')}({value.get('message')!r})"
    items, name = value.get("items"), _last(str(value.get("type", kind)))
    if isinstance(items, list) and kind == "sequence":
        opening, closing = _BRACKETS.get(name, (f"{name}(", ")"))
        return f"{opening}{', '.join(map(format_json, items))}{closing}"
    if isinstance(items, dict):
        return f"{name}({', '.join(f'{key}={format_json(item)}' for key, item in items.items())})"
    if isinstance(shape := value.get("shape"), list):
        return f"{name}({'×'.join(map(str, shape)) or 'scalar'}, {value.get('dtype')})"
    return f"{name}({value['length']})" if "length" in value else f"‹{name}›"


def _short(trace: Trace, value: v.Value, limit: int, depth: int) -> str:
    if isinstance(value, v.Plain):
        return repr(value.value)
    if isinstance(value, v.Text):
        return repr(value.value if len(value.value) <= limit else f"{value.value[: limit - 1]}…")
    if isinstance(value, (v.Mapping, v.Config, v.Sequence)):
        return _container(trace, value, limit, depth)
    if isinstance(value, v.Tensor):
        return f"{value.type}({'×'.join(map(str, value.shape)) or 'scalar'}, {value.dtype}, {value.device})"
    if isinstance(value, v.Module):
        return f"{_last(value.type)}({value.parameters:,} parameters)"
    if isinstance(value, v.Named):
        return value.text
    if isinstance(value, (v.Class, v.Function)):
        return value.name
    if isinstance(value, v.Exception_):
        return f"{value.type}({value.message!r})" if value.message is not None else value.type
    if isinstance(value, v.Bytes):
        return f"bytes({value.length})"
    if isinstance(value, v.Secret):
        return MASK
    if isinstance(value, v.Deeper):
        return f"{_last(value.type)}({value.length})"
    return f"‹{_last(value.type)}›"


def _container(trace: Trace, value: v.Mapping | v.Config | v.Sequence, limit: int, depth: int) -> str:
    name = _last(value.type)
    if depth == 0 or value.length > 12 or len(value.items) > 12:
        return f"{name}({value.length})"
    if isinstance(value, v.Sequence):
        inside = ", ".join(_short(trace, trace.value(item), limit // 2, depth - 1) for item in value.items)
        opening, closing = _BRACKETS.get(name, (f"{name}(", ")"))
        return f"{opening}{inside}{closing}"
    inside = ", ".join(f"{key}={_short(trace, trace.value(item), limit // 2, depth - 1)}" for key, item in value.items)
    return f"{{{inside}}}" if name == "dict" else f"{name}({inside})"


def _last(type_name: str) -> str:
    return type_name.rpartition(".")[2]
